import Foundation
import ProgramSupport
import RandomSupport
import Synchronization

/// Everybody who uses a daemon, at once: gateways that report and are upgraded, and people who upload, order, watch and keep the books.
///
/// The daemon may die at any moment. Each party writes down what it asks for before it does, and what it was told as soon as it is.
final class FaultLoad: Sendable {
    /// The version that every gateway begins with; releases count up from there.
    private static let firstVersion = 100
    private static let releaseSize = 200_000
    /// Whose gateways they say they are.
    private static let company = "2"

    let gateways: [String]
    let history: History
    let folder: String
    private let seed: UInt64
    private let mode: Daemon.Mode
    private let daemon: Mutex<Daemon>
    /// The network that the gateways go through; nil: none of ours.
    private let network: FaultProxy?
    private let peopleWork = Atomic(true)
    private let gatewaysWork = Atomic(true)
    private let connectionCount = Atomic(0)
    private let newestRelease = Mutex<Int?>(nil)

    init(on daemon: Daemon, gateways: Int, history: History, folder: String, seed: UInt64, network: FaultProxy?) {
        self.gateways = (1...gateways).map { "gw\($0)" }
        self.history = history
        self.folder = folder
        self.seed = seed
        mode = daemon.mode
        self.daemon = Mutex(daemon)
        self.network = network
    }

    /// The daemon that all turn to from now on.
    func moveOn(to next: Daemon) { daemon.withLock { $0 = next } }

    var currentDaemon: Daemon { daemon.withLock { $0 } }
    /// How often gateways were let in.
    var connections: Int { connectionCount.load(ordering: .relaxed) }
    var peopleGoOn: Bool { peopleWork.load(ordering: .relaxed) }

    func stopPeople() { peopleWork.store(false, ordering: .relaxed) }
    func stopGateways() { gatewaysWork.store(false, ordering: .relaxed) }

    func stop() {
        stopPeople()
        stopGateways()
    }

    /// People work until they are stopped; what they had begun they finish.
    func runPeople() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.upload() }
            group.addTask { try await self.order() }
            group.addTask { try await self.watch() }
            group.addTask { try await self.keepBooks() }
            if self.mode == .tls { group.addTask { try await self.visit() } }
            try await group.waitForAll()
        }
    }

    func runGateways() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, gateway) in gateways.enumerated() {
                group.addTask { try await self.live(as: gateway, keepsSession: index.isMultiple(of: 2)) }
            }
            try await group.waitForAll()
        }
    }

    private var data: String { currentDaemon.data }
    /// Without a log-in there are no tokens.
    var promises: [Promise] { Promise.allCases.filter { $0 != .token || mode == .tls } }

    /// What a verb printed; nil if it failed, as it does without a daemon: then nobody knows whether it was done.
    func umctl(_ arguments: String..., input: String? = nil) async throws -> JSON? {
        let outcome = try await Program.run("umctl", ["--data", data, "--json"] + arguments, input: input)
        guard outcome.status == 0 else { return nil }
        return JSON(try? JSONSerialization.jsonObject(with: Data(outcome.output.utf8), options: .fragmentsAllowed))
    }
}

extension FaultLoad {
    private func live(as id: String, keepsSession: Bool) async throws {
        var version = Self.firstVersion
        // Its first report makes its company, if there is none yet.
        try history.record(id, .companyOffered(id: Self.company))
        while gatewaysWork.load(ordering: .relaxed) {
            do {
                let daemon = currentDaemon
                let gateway = try await FieldGateway.connect(
                    id, company: Self.company, to: network?.port ?? daemon.mqttPort,
                    trusting: mode == .tls ? daemon.authority : nil, cleanSession: !keepsSession)
                connectionCount.add(1, ordering: .relaxed)
                if keepsSession { try history.record(id, .cameAgain(hasSession: gateway.foundItsSession)) }
                try history.record(id, .statusSent(version: version))
                try await gateway.begin(version: String(version))
                if keepsSession { try history.record(id, .sessionBegun) }
                while gatewaysWork.load(ordering: .relaxed) {
                    try history.record(id, .statusSent(version: version))
                    try await gateway.reportStatus(String(version), qos: 1)
                    try history.record(id, .statusAcknowledged(version: version))
                    guard let executable = try await executable(at: gateway) else { continue }
                    try history.record(
                        id, .executableReceived(version: executable.version, digest: executable.digest))
                    version = executable.version
                }
                try await gateway.disconnect()
            } catch is FieldGateway.Failure {
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    private func executable(at gateway: FieldGateway) async throws -> (version: Int, digest: UInt64)? {
        do {
            let message = try await gateway.next("/UPGRADE/\(gateway.id)", within: 0.3)
            let content = message.content ?? Data()
            return (Self.version(of: content), StoredRecord.digest(content))
        } catch FieldGateway.Failure.nothingCame {
            return nil
        }
    }

    /// The version is a release's first line, the rest is noise.
    private static func content(of version: Int) -> Data {
        var random = SeededGenerator(seed: UInt64(version))
        return Data("\(version)\n".utf8) + random.bytes(releaseSize)
    }

    private static func version(of content: Data) -> Int {
        Int(String(decoding: content.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)) ?? 0
    }
}

extension FaultLoad {
    private func upload() async throws {
        let party = "uploader"
        var version = Self.firstVersion
        while peopleGoOn {
            version += 1
            let content = Self.content(of: version)
            let file = "\(folder)/\(version)"
            try content.write(to: URL(filePath: file))
            try history.record(party, .releaseOffered(version: version, digest: StoredRecord.digest(content)))
            if try await umctl("release", "add", String(version), file) != nil {
                try history.record(party, .releaseAdded(version: version))
                newestRelease.withLock { [version] in $0 = version }
            }
            try FileManager.default.removeItem(atPath: file)
            try await Task.sleep(for: .milliseconds(300))
        }
    }

    private func order() async throws {
        var random = SeededGenerator(seed: seed)
        while peopleGoOn {
            guard let version = newestRelease.withLock({ $0 }), let gateway = gateways.randomElement(using: &random)
            else {
                try await Task.sleep(for: .milliseconds(50))
                continue
            }
            try await order(version, for: gateway)
        }
    }

    /// Orders the newest release for every gateway whose upgrade is pending.
    func orderAnew() async throws {
        guard let version = newestRelease.withLock({ $0 }) else { return }
        for gateway in try await umctl("gateway", "list", "--state", "pending")?["items"].items ?? [] {
            try await order(version, for: gateway["id"].text)
        }
    }

    private func order(_ version: Int, for gateway: String) async throws {
        let party = "orderer"
        try history.record(party, .ordering(gateway: gateway, version: version))
        let answer = try await umctl("push", "--version", String(version), "--gateway", gateway)
        if let deployment = answer?["id"].integer {
            try history.record(party, .ordered(deployment: deployment, gateway: gateway, version: version))
        }
    }

    private func watch() async throws {
        let party = "watcher"
        while peopleGoOn {
            for gateway in try await umctl("gateway", "list", "--state", "confirmed")?["items"].items ?? [] {
                guard let version = gateway["targetVersion"].integer else { continue }
                try history.record(party, .confirmationSeen(gateway: gateway["id"].text, version: version))
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func keepBooks() async throws {
        let party = "clerk"
        var number = 1_000
        while peopleGoOn {
            number += 1
            let company = String(number)
            try history.record(party, .companyOffered(id: company))
            guard try await umctl("company", "add", company, "Company \(number)") != nil else { continue }
            try history.record(party, .companyAdded(id: company))
            let user = "clerk\(number)@example.com"
            try history.record(party, .userOffered(name: user))
            let answer = try await umctl(
                "user", "add", user, "--role", "user", "--company", company, "--password-stdin",
                input: "a long enough pass phrase\n")
            if answer != nil { try history.record(party, .userAdded(name: user)) }
        }
    }
}
