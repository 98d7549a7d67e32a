import GRDB
import Testing
import UpgradeProtocol

@testable import UpgradeCore

@Suite("Gateways: credentials")
struct GatewayCredentialsTests {
    private struct Fixture {
        let store: Store
        let credentials: GatewayCredentials
        let gateways: GatewayService

        func events(of id: GatewayID) async throws -> [Event] {
            try await EventService(store: store).list(EventFilter(gateway: id), page: .first, as: .boss).items
        }
    }

    /// A gateway of company 2, one of company 3, one in quarantine that claims company 2.
    private func withFleet(_ body: (Fixture) async throws -> Void) async throws {
        try await withStore { store in
            try await store.addCompanies()
            try await store.add(["a2"], company: "2")
            try await store.add(["c3"], company: "3")
            try await store.add(["q2"], company: "2", quarantined: true)
            try await body(
                Fixture(
                    store: store, credentials: GatewayCredentials(store: store), gateways: GatewayService(store: store))
            )
        }
    }

    @Test("a gateway gets 128 random bits, of which the digest alone is kept")
    func enrolling() async throws {
        try await withFleet { fixture in
            let credential = try await fixture.credentials.enroll("a2", as: .adminOf2)
            #expect(credential.gateway == "a2" && credential.username == "a2")
            #expect(credential.password.count == 32)
            #expect(credential.password.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) })
            #expect(credential.digest == (try SHA256.digest(of: Array(credential.password.utf8))))
            let all = try await fixture.credentials.all()
            #expect(all == ["a2": StoredCredential(digest: credential.digest, byCertificate: false)])
            #expect(try await fixture.gateways.find("a2", as: .boss).enrolled)
            #expect(try await !fixture.gateways.find("c3", as: .boss).enrolled)
            let event = try #require(try await fixture.events(of: "a2").first)
            #expect(event.kind == .gatewayEnrolled && event.actor == "admin2" && event.companyID == "2")
        }
    }

    @Test("enrolling again is rotation: another secret, and the one before is void")
    func rotation() async throws {
        try await withFleet { fixture in
            let first = try await fixture.credentials.enroll("a2", as: .boss)
            let second = try await fixture.credentials.enroll("a2", as: .boss)
            #expect(first.password != second.password)
            #expect(try await fixture.credentials.all()["a2"]?.digest == second.digest)
            #expect(try await fixture.events(of: "a2").map(\.kind) == [.gatewayEnrolled, .gatewayEnrolled])
        }
    }

    @Test("the secret is in no description, no event and no byte of the database")
    func secrecy() async throws {
        try await withFleet { fixture in
            let credential = try await fixture.credentials.enroll("a2", as: .boss)
            for text in ["\(credential)", String(reflecting: credential), "\([credential])"] {
                #expect(!text.contains(credential.password))
            }
            let events = try await fixture.events(of: "a2")
            #expect(!events.contains { $0.detail.contains(credential.password) })
            let row = try await fixture.store.pool.read { database in
                try String.fetchOne(database, sql: "SELECT hex(secret_sha256) FROM gateway_credential")
            }
            #expect(row?.lowercased() == credential.digest.hexadecimal)
        }
    }

    @Test("revoking opens the id to the shared secret again; of a gateway without credential it is a conflict")
    func revoking() async throws {
        try await withFleet { fixture in
            #expect(await domainError { try await fixture.credentials.revoke("a2", as: .boss) }?.isConflict == true)
            _ = try await fixture.credentials.enroll("a2", as: .boss)
            try await fixture.credentials.recordCertificate(of: "a2")
            #expect(try await fixture.credentials.all()["a2"]?.byCertificate == true)
            let gateway = try await fixture.credentials.revoke("a2", as: .adminOf2)
            #expect(!gateway.enrolled)
            #expect(try await fixture.gateways.find("a2", as: .boss) == gateway)
            #expect(try await fixture.credentials.all().isEmpty)
            #expect(try await fixture.events(of: "a2").first?.kind == .gatewayRevoked)
            #expect(await domainError { try await fixture.credentials.revoke("a2", as: .boss) }?.isConflict == true)
        }
    }

    @Test("a certificate is recorded once, also before the gateway is known, and beside a secret")
    func certificates() async throws {
        try await withFleet { fixture in
            for id in ["a2", "new"] as [GatewayID] {
                for _ in 1...3 { try await fixture.credentials.recordCertificate(of: id) }
                #expect(try await fixture.events(of: id).map(\.kind) == [.gatewayEnrolled])
            }
            let expected = StoredCredential(digest: nil, byCertificate: true)
            #expect(try await fixture.credentials.all() == ["a2": expected, "new": expected])
            try await fixture.store.add(["new"], company: "2")
            #expect(try await fixture.gateways.find("new", as: .boss).enrolled)
            let secret = try await fixture.credentials.enroll("a2", as: .boss)
            #expect(
                try await fixture.credentials.all()["a2"]
                    == StoredCredential(digest: secret.digest, byCertificate: true))
        }
    }

    @Test("a gateway that is removed takes its credential along: a new one of its id has none")
    func removal() async throws {
        try await withFleet { fixture in
            _ = try await fixture.credentials.enroll("a2", as: .boss)
            _ = try await fixture.credentials.enroll("c3", as: .boss)
            try await fixture.gateways.remove("a2", as: .boss)
            #expect(try await fixture.credentials.all().keys.sorted() == ["c3"])
            try await fixture.store.add(["a2"], company: "2")
            #expect(try await !fixture.gateways.find("a2", as: .boss).enrolled)
        }
    }

    @Test("who may manage a gateway may enroll it, in quarantine too; nobody else learns that it exists")
    func scope() async throws {
        try await withFleet { fixture in
            _ = try await fixture.credentials.enroll("q2", as: .adminOf2)
            for id in ["a2", "q2", "nowhere"] as [GatewayID] {
                let attempts: [() async throws -> Void] = [
                    { _ = try await fixture.credentials.enroll(id, as: .adminOf3) },
                    { _ = try await fixture.credentials.revoke(id, as: .adminOf3) },
                ]
                for attempt in attempts { #expect(await domainError(attempt) == .notFound(.gateway, id.rawValue)) }
                let byUser: [() async throws -> Void] = [
                    { _ = try await fixture.credentials.enroll(id, as: .userOf2) },
                    { _ = try await fixture.credentials.revoke(id, as: .userOf2) },
                ]
                for attempt in byUser { #expect(await domainError(attempt)?.isForbidden == true) }
            }
            #expect(try await fixture.credentials.all().keys.sorted() == ["q2"])
        }
    }

    @Test("whoever looks at a page learns of it")
    func changes() async throws {
        try await withFleet { fixture in
            var changes = fixture.store.changes.subscribeToEverything().makeAsyncIterator()
            _ = try await fixture.credentials.enroll("a2", as: .boss)
            #expect(await changes.next()?.gateways.map(\.id) == ["a2"])
            _ = try await fixture.credentials.revoke("a2", as: .boss)
            #expect(await changes.next()?.gateways.map(\.id) == ["a2"])
        }
    }
}
