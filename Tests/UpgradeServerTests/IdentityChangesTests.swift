import Logging
import Synchronization
import Testing
import UpgradeCore
import UpgradeProtocol

@testable import UpgradeServer

@Suite("Changes of identities")
struct IdentityChangesTests {
    /// What was told, one line a change.
    private final class Told: Sendable {
        private let told = Mutex<[String]>([])

        func append(_ line: String) { told.withLock { $0.append(line) } }

        func take() -> [String] {
            told.withLock { told in
                defer { told = [] }
                return told
            }
        }

        var changes: IdentityChanges {
            var changes = IdentityChanges()
            changes.enrolled = { self.append("enrolled \($0) \($1.hexadecimal)") }
            changes.revoked = { self.append("revoked \($0)") }
            changes.accountAdded = { self.append("added \($0.name) \($1.hexadecimal)") }
            changes.accountRemoved = { self.append("removed \($0)") }
            return changes
        }
    }

    private struct NoLink: GatewayLink {
        func publish(_ publication: Publication) {}
        func cancel(_ transfers: [TransferID]) {}
        func close(_ connection: ConnectionID, reason: String) {}
    }

    @Test("Each change is told when it is durable, and one that is refused is not")
    func telling() async throws {
        try await withTemporaryFolder { folder in
            let store = try Store.open(at: folder + "/umd.sqlite3", ifAbsent: .creates)
            let releases = ReleaseStore(
                store: store, copies: folder, watchedFolder: folder, logger: Logger(label: "test"))
            let engine = UpgradeEngine(store: store, link: NoLink(), releases: releases)
            let told = Told()
            let services = Services(
                store: store, hasher: PasswordHasher(), releaseStore: releases, engine: engine,
                identities: told.changes, fleetUsername: "user")
            let running = Task { await engine.run() }
            let id = try GatewayID("gw1")
            let status = StatusMessage(companyID: try CompanyID("2"), version: try Version("0.5"), timestamp: nil)
            engine.receive([
                .message(
                    InboundMessage(
                        gateway: id, connection: ConnectionID(rawValue: 1), verb: .status,
                        payload: Frame(timestamp: 0, payload: status.encoded()).encoded(), acknowledge: {}))
            ])
            try await engine.settled()
            running.cancel()
            await running.value

            let credential = try await services.enroll(id, as: .operator)
            #expect(told.take() == ["enrolled gw1 \(credential.digest.hexadecimal)"])
            _ = try await services.revoke(id, as: .operator)
            #expect(told.take() == ["revoked gw1"])
            await #expect(throws: DomainError.self) { _ = try await services.revoke(id, as: .operator) }
            let admin = Principal(username: "a", role: .admin, companyID: try CompanyID("3"))
            await #expect(throws: DomainError.self) { _ = try await services.enroll(id, as: admin) }
            #expect(told.take().isEmpty)
            let added = try await services.addMQTTAccount(name: "m", publish: [], subscribe: ["a"], as: .operator)
            #expect(told.take() == ["added m \(added.digest.hexadecimal)"])
            await #expect(throws: DomainError.self) {
                try await services.addMQTTAccount(name: "user", publish: [], subscribe: ["a"], as: .operator)
            }
            try await services.removeMQTTAccount("m", as: .operator)
            await #expect(throws: DomainError.self) { try await services.removeMQTTAccount("m", as: .operator) }
            #expect(told.take() == ["removed m"])
            try await services.removeGateway(id, as: .operator)
            #expect(told.take() == ["revoked gw1"])
            try store.close()
        }
    }

    @Test("Of changes at the same time, the one that was told last is the one that is stored")
    func races() async throws {
        let changes = IdentityChanges()
        let began = Told()
        let ended = Told()
        try await withThrowingTaskGroup { group in
            for number in 0..<50 {
                group.addTask {
                    try await changes.inTurn {
                        began.append("\(number)")
                        await Task.yield()
                        ended.append("\(number)")
                    }
                }
            }
            try await group.waitForAll()
        }
        let order = began.take()
        #expect(order.count == 50)
        #expect(order == ended.take())
    }

    @Test("A change that fails keeps none after it waiting, and one whose caller gives up is finished")
    func failures() async throws {
        let changes = IdentityChanges()
        struct Refusal: Error {}
        await #expect(throws: Refusal.self) { try await changes.inTurn { throw Refusal() } }
        let isDone = Mutex(false)
        let caller = Task {
            try await changes.inTurn {
                await Task.yield()
                #expect(!Task.isCancelled)
                isDone.withLock { $0 = true }
            }
        }
        caller.cancel()
        _ = await caller.result
        try await changes.inTurn {}
        #expect(isDone.withLock { $0 })
    }
}
