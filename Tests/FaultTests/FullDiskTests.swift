import Foundation
import ProgramSupport
import Testing

extension Faults {
    /// The disk is full for a while, under load: nothing is acknowledged that is not stored, the rest goes on, and all is well when there is room again.
    @Suite("A full disk", .timeLimit(.minutes(60)), .enabled(if: Volume.isPossible, Volume.need))
    struct FullDiskTests {
        private static let insufficientStorage = 507

        @Test("The data folder is full: HTTP answers 507, MQTT goes on, and whatever anybody was told is true")
        func dataFolder() async throws {
            let rounds = FaultRun.isAskedFor ? FaultRun.rounds : 1
            try await Volume.with { volume in
                try await FaultRun(fault: "disk full under load", rounds: rounds, volume: volume)
                    .underLoad { daemon, folder in
                        try await breakDown(daemon, volume, folder)
                        return daemon
                    }
            }
        }

        private func breakDown(_ daemon: Daemon, _ volume: Volume, _ folder: String) async throws {
            let visitor = Visitor(of: daemon, in: folder)
            let bystander = try await Self.bystander(of: daemon)
            let loggedBefore = daemon.logSoFar.count { $0 == "\n" }
            try await volume.whileFull {
                let log = try Self.size(daemon.data + "/umd.sqlite3-wal")
                let isRefused = try await poll(within: .seconds(5)) {
                    try await Self.write(visitor) == Self.insufficientStorage
                }
                // A log that was longer once has room of its own, for a while.
                #expect(try isRefused || Self.size(daemon.data + "/umd.sqlite3-wal") == log, "writing is not refused")
                let file = folder + "/refused"
                try Data(count: 1_000_000).write(to: URL(filePath: file))
                let upload = try await daemon.umctl("release", "add", "99", file)
                #expect(upload.status == 1)
                #expect(upload.errors.contains("the disk is full"), "\(upload.errors)")
                #expect(try await visitor.get("/").status == 200)
                #expect(try await visitor.get("/healthz").status == 200)
                try await bystander.ping()
                try await bystander.publishBytes("monitor/full", Data("still here".utf8))
                #expect(try await bystander.next("monitor/full").payload == Data("still here".utf8))
            }
            let heals = try await poll { try await Self.write(visitor) == 200 }
            #expect(heals, "writing is refused although there is room")
            try await bystander.ping()
            try await bystander.disconnect()
            let logged = daemon.logSoFar.count { $0 == "\n" } - loggedBefore
            #expect(logged <= 10, "the log says too much: \(daemon.logSoFar)")
        }

        private static func size(_ file: String) throws -> UInt64? {
            try FileManager.default.attributesOfItem(atPath: file)[.size] as? UInt64
        }

        /// Writes what no checker looks at, and gives back what HTTP answered.
        private static func write(_ visitor: Visitor) async throws -> Int {
            let answer = try await visitor.send("PATCH", "/api/v1/me", json: #"{"name": "The Operator"}"#)
            if answer.status != 200 { #expect(answer.json["status"].integer == answer.status) }
            return answer.status
        }

        /// Somebody who exchanges messages that nobody stores.
        private static func bystander(of daemon: Daemon) async throws -> FieldGateway {
            let name = "monitor-\(UUID().uuidString)"
            let account = try await daemon.json(
                "mqtt-account", "add", name, "--publish", "monitor/#", "--subscribe", "monitor/#")
            let bystander = try await FieldGateway.connect(
                name, company: "", to: daemon.mqttPort, password: account["password"].text, user: name)
            try await bystander.subscribe("monitor/#")
            return bystander
        }

        @Test("The release store is full: a file of the watched folder is taken up once there is room")
        func watchedFolder() async throws {
            try await Volume.with { volume in
                try await TemporaryFolder.with { folder in
                    let resources = folder + "/resources"
                    try FileManager.default.createDirectory(atPath: resources, withIntermediateDirectories: true)
                    let daemon = try await Daemon.start(on: volume.folder + "/data", ["--resources", resources])
                    try await volume.whileFull {
                        try Data(count: 3_000_000).write(to: URL(filePath: resources + "/1.5"), options: .atomic)
                        #expect(try await daemon.logs("could not be taken"))
                        #expect(try await daemon.umctl("release", "show", "1.5").status == 1)
                    }
                    let taken = try await poll { try await daemon.umctl("release", "show", "1.5").status == 0 }
                    #expect(taken, "the file was not looked at again")
                    #expect(daemon.logSoFar.matches(of: /could not be taken/).count == 1)
                    #expect(try await daemon.json("release", "show", "1.5")["size"].integer == 3_000_000)
                    #expect(try await daemon.stop() == 0)
                    let left = try FileManager.default.contentsOfDirectory(atPath: daemon.data + "/releases")
                    #expect(left.count == 1, "\(left)")
                }
            }
        }

        @Test(
            "The broker's sessions are full: what cannot be kept is not acknowledged, and what was acknowledged is delivered"
        )
        func sessions() async throws {
            let number = FaultRun.isAskedFor ? 5 * FaultRun.rounds : 5
            try await Volume.with { volume in
                var daemon = try await Daemon.start(on: volume.folder + "/data")
                let publications = try await NumberedPublications(at: daemon)
                for _ in 0..<number { #expect(try await publications.publish()) }
                let withheld = try await volume.whileFull {
                    let withheld = Task { [daemon] in
                        var isAcknowledged = true
                        while isAcknowledged, !daemon.logSoFar.contains("sessions cannot be kept") {
                            isAcknowledged = try await publications.publish()
                        }
                        return isAcknowledged
                    }
                    #expect(try await daemon.logs("sessions cannot be kept"))
                    for _ in 0..<3 {
                        let isAcknowledged = try await publications.publish()
                        #expect(!isAcknowledged, "more is acknowledged than there is room for")
                    }
                    return withheld
                }
                #expect(try await withheld.value, "what was withheld is not acknowledged although there is room")
                for _ in 0..<number { #expect(try await publications.publish()) }
                #expect(daemon.logSoFar.matches(of: /sessions cannot be kept/).count == 1)
                try await daemon.kill()
                daemon = try await daemon.restarted()
                publications.moveOn(to: daemon)
                let seen = try await publications.read()
                let lost = publications.acknowledged.subtracting(seen)
                #expect(lost.isEmpty)
                #expect(seen == seen.sorted())
                FaultTable.add(
                    "disk full for the broker's sessions", tried: 1,
                    checked: publications.acknowledged.count, of: "publications", lost: lost.count,
                    note: "of \(publications.last) that were sent")
                #expect(try await daemon.stop() == 0)
            }
        }

        @Test("The log's disk is full: the daemon goes on, and so does the log when there is room again")
        func log() async throws {
            try await TemporaryFolder.with { folder in
                try await Volume.with(megabytes: 8) { volume in
                    let log = volume.folder + "/log"
                    let daemon = try await Daemon.start(
                        on: folder + "/data", ["--log-level", "trace"], loggingTo: log)
                    try await volume.whileFull {
                        for number in 1...20 { _ = try await daemon.json("company", "add", "\(100 + number)", "A") }
                        let gateway = try await FieldGateway.known("gw1", to: daemon)
                        try await gateway.reportStatus("0.7", qos: 1)
                        try await gateway.disconnect()
                    }
                    let before = try Self.size(log) ?? 0
                    let file = folder + "/1.5"
                    try Data("1.5".utf8).write(to: URL(filePath: file))
                    _ = try await daemon.json("release", "add", "1.5", file)
                    #expect(try await poll { try Self.size(log) ?? 0 > before }, "the log ended")
                    try await daemon.expect("gw1", "version", is: "0.7")
                    #expect(try await daemon.stop() == 0)
                }
            }
        }
    }
}
