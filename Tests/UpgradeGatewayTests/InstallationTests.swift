import MQTTWire
import Synchronization
import Testing
import UpgradeGateway
import UpgradeProtocol

@Suite("UPGRADE")
struct InstallationTests {
    @Test(
        "Bytes of every value and size arrive as they are, and the new version is reported",
        arguments: [0, 1, 256, 64 << 20])
    func installs(count: Int) async throws {
        try await Cloud.run { cloud in
            let executable = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
                for index in 0..<count { buffer[index] = UInt8(truncatingIfNeeded: index &* 31 &+ index >> 8) }
                initialized = count
            }
            let received = Recorder<UInt32>()
            var configuration = GatewayConfiguration(
                gatewayID: try GatewayID("gw1"), companyID: try CompanyID("2"), version: try Version("0.5"),
                port: cloud.port, tls: nil)
            configuration.pollInterval = .zero
            let agent = GatewayAgent(configuration) { executable in
                #expect(executable.count == count)
                received.record(executable.withSpan { CRC32.checksum(of: $0) })
                return try Version("1.2")
            }
            let running = Task { try await agent.run() }
            let gateway = configuration.gatewayID
            let before = try await cloud.awaitStatus(of: gateway, "0.5")
            #expect(before.timestamp == nil)
            try await cloud.send(.upgrade, to: gateway, executable)
            let status = try await cloud.awaitStatus(of: gateway, "1.2")
            #expect(received.all == [CRC32.checksum(of: executable)])
            #expect(status.failed == nil)
            #expect((status.timestamp ?? 0) > 1_700_000_000_000)
            running.cancel()
            try await running.value
        }
    }

    @Test("An upgrade for all gateways is installed as well")
    func upgradeForAll() async throws {
        try await Cloud.run { cloud in
            let gateway = try GatewayUnderTest("gw1", cloud: cloud) { $0.mqttVersion = .v3_1 }
            try await gateway.whileRunning {
                try await cloud.awaitStatus(of: gateway.id, "0.5")
                try await cloud.send(.upgrade, to: nil, "1.2")
                try await cloud.awaitStatus(of: gateway.id, "1.2")
            }
        }
    }

    @Test("A failed installation is reported once, with the version that failed")
    func fails() async throws {
        try await Cloud.run { cloud in
            let gateway = try GatewayUnderTest("gw1", cloud: cloud) { _ in
            } install: { _ in
                throw InstallationFailure(version: try Version("1.2"), reason: "no space\nleft")
            }
            try await gateway.whileRunning {
                try await cloud.awaitStatus(of: gateway.id, "0.5")
                try await cloud.send(.upgrade, to: gateway.id, "1.2")
                let status = try await awaited("the failure is reported") {
                    cloud.statuses(of: gateway.id).first { $0.failed != nil }
                }
                #expect(status.failed == "no space left")
                #expect(status.failedVersion == (try Version("1.2")))
                #expect(status.version == (try Version("0.5")))
                #expect(status.timestamp == nil)
                try await eventually("the failure was acknowledged") {
                    gateway.events.all.contains {
                        if case .reported(let status) = $0 { status.failed != nil } else { false }
                    }
                }
                let count = cloud.statuses(of: gateway.id).count
                try await cloud.cutOff(gateway.id)
                let next = try await awaited("it reports again") {
                    cloud.statuses(of: gateway.id).dropFirst(count).first
                }
                #expect(next.failed == nil)
            }
        }
    }

    @Test("Frames that break the rules are counted and change nothing")
    func badFrames() async throws {
        try await Cloud.run { cloud in
            let gateway = try GatewayUnderTest("gw1", cloud: cloud)
            let good = Frame(timestamp: 0, payload: Array("1.2".utf8)).encoded()
            var wrongCRC = good
            wrongCRC[12] ^= 1
            try await gateway.whileRunning {
                try await cloud.awaitStatus(of: gateway.id, "0.5")
                for raw in [wrongCRC, Array(good.dropLast()), good + [0], Array(good.prefix(11)), []] {
                    try await cloud.send(.upgrade, to: gateway.id, raw: raw)
                }
                try await cloud.send(.latestVersion, to: gateway.id, "no JSON")
                try await cloud.send(.upgrade, to: gateway.id, raw: good)
                try await cloud.awaitStatus(of: gateway.id, "1.2")
            }
            let rejections = gateway.events.all.compactMap { event -> (FrameError, Int)? in
                if case .frameRejected(_, let error, let count) = event { (error, count) } else { nil }
            }
            #expect(rejections.map(\.1) == [1, 2, 3, 4, 5])
            #expect(
                rejections.dropFirst().map(\.0) == [
                    .lengthMismatch(declared: 3, actual: 2), .lengthMismatch(declared: 3, actual: 4),
                    .headerTooShort(byteCount: 11), .headerTooShort(byteCount: 0),
                ])
            let refusesMessage = gateway.events.all.contains { if case .messageRejected = $0 { true } else { false } }
            #expect(refusesMessage)
            #expect(gateway.installed.all == [Array("1.2".utf8)])
        }
    }

    @Test("One at a time: a repetition is ignored, and of what waits the newest is installed")
    func oneAtATime() async throws {
        try await Cloud.run { cloud in
            let gate = Gate()
            let gateway = try GatewayUnderTest("gw1", cloud: cloud) { _ in
            } install: { executable in
                await gate.pass()
                return try Version(String(decoding: executable, as: UTF8.self))
            }
            try await gateway.whileRunning {
                try await cloud.awaitStatus(of: gateway.id, "0.5")
                for version in ["1.1", "1.1", "1.2", "1.3"] { try await cloud.send(.upgrade, to: gateway.id, version) }
                try await eventually("all have arrived") {
                    gateway.events.all.count { if case .installationQueued = $0 { true } else { false } } == 2
                }
                gate.open()
                try await cloud.awaitStatus(of: gateway.id, "1.3")
            }
            #expect(gateway.installed.all.map { String(decoding: $0, as: UTF8.self) } == ["1.1", "1.3"])
            #expect(gateway.events.all.contains(.repeatedUpgradeIgnored(byteCount: 3)))
            #expect(cloud.statuses(of: gateway.id).map(\.version.description) == ["0.5", "1.1", "1.3"])
        }
    }

    @Test("An installation goes on while the connection is lost, and is reported on the next one")
    func connectionLostMeanwhile() async throws {
        try await Cloud.run { cloud in
            let gate = Gate()
            let gateway = try GatewayUnderTest("gw1", cloud: cloud) { _ in
            } install: { executable in
                await gate.pass()
                return try Version(String(decoding: executable, as: UTF8.self))
            }
            try await gateway.whileRunning {
                try await cloud.awaitStatus(of: gateway.id, "0.5")
                try await cloud.send(.upgrade, to: gateway.id, "1.2")
                try await eventually("it installs") { gateway.installed.all.count == 1 }
                try await cloud.cutOff(gateway.id)
                try await eventually("it says the old version again") { cloud.statuses(of: gateway.id).count == 2 }
                #expect(cloud.statuses(of: gateway.id).last?.version == (try Version("0.5")))
                gate.open()
                try await cloud.awaitStatus(of: gateway.id, "1.2")
            }
            #expect(gateway.installed.all.count == 1)
        }
    }

    @Test("A retained executable is not installed")
    func retained() async throws {
        try await Cloud.run { cloud in
            let gateway = try GatewayUnderTest("gw1", cloud: cloud)
            try await cloud.send(.upgrade, to: nil, Array("1.2".utf8), retain: true)
            try await gateway.whileRunning {
                try await eventually("it was ignored") {
                    gateway.events.all.contains(.retainedExecutableIgnored(.toGateway(.upgrade, nil)))
                }
            }
            #expect(gateway.installed.all.isEmpty)
        }
    }
}
