import Testing
import UpgradeProtocol

@testable import UpgradeCore

@Suite("API tokens")
struct APITokenServiceTests {
    private static let day: Int64 = 86_400_000

    private func withTokens(
        _ body: (_ tokens: APITokenService, Store, TestClock) async throws -> Void
    ) async throws {
        let clock = TestClock()
        try await withStore(at: clock) { store in
            try await store.addCompanies()
            for (name, role) in [("user2", Role.user), ("admin2", .admin)] {
                try await store.add(
                    User(username: name, name: name, role: role, companyID: "2", mustChangePassword: false),
                    password: "the old one")
            }
            try await store.add(
                User(username: "boss", name: "boss", role: .super, companyID: "1", mustChangePassword: false))
            try await body(APITokenService(store: store), store, clock)
        }
    }

    @Test("a token is made with a random secret, listed without it, found by its digest, and revoked")
    func life() async throws {
        try await withTokens { tokens, store, clock in
            let made = try await tokens.make(name: " build ", as: .userOf2)
            #expect(made.secret.count == 32)
            #expect(made.digest == (try SHA256.digest(of: Array(made.secret.utf8))))
            #expect(!"\(made)\(String(reflecting: made))".contains(made.secret))
            #expect(made.token.name == "build" && made.token.owner == "user2")
            #expect(made.token.createdAt == clock.now)
            #expect(made.token.expiresAt.milliseconds == clock.now.milliseconds + 90 * Self.day)
            let other = try await tokens.make(name: "build", as: .userOf2)
            #expect(other.secret != made.secret)
            _ = try await tokens.make(name: "x", as: .adminOf2)

            let first = try await tokens.list(page: PageRequest(limit: 1), as: .userOf2)
            #expect(first.items == [made.token] && first.total == 2)
            let second = try await tokens.list(page: PageRequest(limit: 1, cursor: first.nextCursor), as: .userOf2)
            #expect(second.items == [other.token] && second.nextCursor == nil)
            #expect(try await tokens.all().map(\.digest).contains(made.digest))
            #expect(try await tokens.account(of: made.token.id)?.user.username == "user2")

            #expect(
                await domainError { try await tokens.revoke(made.token.id, as: .adminOf2) }
                    == .notFound(.token, "\(made.token.id)"))
            try await tokens.revoke(made.token.id, as: .userOf2)
            #expect(try await tokens.account(of: made.token.id) == nil)
            #expect(await domainError { try await tokens.revoke(made.token.id, as: .userOf2) }?.isNotFound == true)
            let events = try await EventService(store: store).list(page: .first, as: .adminOf2).items
            #expect(events.map(\.kind) == [.tokenRevoked, .tokenCreated, .tokenCreated, .tokenCreated])
            #expect(events.allSatisfy { $0.companyID == "2" && !$0.kind.showsOnDashboard })
            #expect(!events.contains { $0.detail.contains(made.secret) })
        }
    }

    @Test("a token ends with its time, and what is over goes when another one is made")
    func expiry() async throws {
        try await withTokens { tokens, _, clock in
            let now = clock.now.milliseconds
            let made = try await tokens.make(
                name: "short", expiresAt: Timestamp(milliseconds: now + 1_000), as: .userOf2)
            clock.advance(byMilliseconds: 999)
            #expect(try await tokens.account(of: made.token.id) != nil)
            #expect(try await tokens.all().count == 1)
            clock.advance(byMilliseconds: 1)
            #expect(try await tokens.account(of: made.token.id) == nil)
            #expect(try await tokens.all().isEmpty)
            #expect(try await tokens.list(page: .first, as: .userOf2).total == 1)
            let next = try await tokens.make(name: "next", as: .userOf2)
            #expect(try await tokens.list(page: .first, as: .userOf2).items == [next.token])
        }
    }

    @Test("a token does not end in the past, nor in more than a year, and needs a name")
    func refusals() async throws {
        try await withTokens { tokens, store, clock in
            let now = clock.now.milliseconds
            for time in [0, now - 1, now, now + 367 * Self.day, .max] {
                let error = await domainError {
                    try await tokens.make(name: "x", expiresAt: Timestamp(milliseconds: time), as: .userOf2)
                }
                #expect(error?.field == "expiresAt", "\(time)")
            }
            _ = try await tokens.make(
                name: "x", expiresAt: Timestamp(milliseconds: now + 366 * Self.day), as: .userOf2)
            for name in ["", "  ", "a\nb", String(repeating: "x", count: 257)] {
                #expect(await domainError { try await tokens.make(name: name, as: .userOf2) }?.field == "name")
            }
            #expect(await domainError { try await tokens.make(name: "x", as: .operator) }?.isNotFound == true)
            for _ in 1..<APITokenRules.tokensPerUser { _ = try await tokens.make(name: "x", as: .userOf2) }
            #expect(await domainError { try await tokens.make(name: "x", as: .userOf2) }?.isConflict == true)
            _ = try await tokens.make(name: "x", as: .adminOf2)
        }
    }

    @Test("a new password and removal end a user's tokens, another role does not")
    func owners() async throws {
        try await withTokens { tokens, store, _ in
            let users = UserService(store: store, hasher: .cheap)
            func make() async throws -> APIToken.ID { try await tokens.make(name: "x", as: .userOf2).token.id }
            let bystander = try await tokens.make(name: "x", as: .adminOf2).token.id
            let first = try await make()
            _ = try await users.update("user2", UserChanges(role: .admin), as: .boss)
            #expect(try await tokens.account(of: first)?.user.role == .admin)
            _ = try await users.update("USER2", UserChanges(password: "another one"), as: .boss)
            #expect(try await tokens.account(of: first) == nil)
            let second = try await make()
            _ = try await ProfileService(store: store, hasher: .cheap).update(
                password: PasswordChange(current: "another one", new: "one more yet"), as: .userOf2)
            #expect(try await tokens.account(of: second) == nil)
            let third = try await make()
            try await users.remove("user2", as: .boss)
            try await store.add(
                User(username: "user2", name: "U", role: .user, companyID: "2", mustChangePassword: false))
            #expect(try await tokens.account(of: third) == nil)
            #expect(try await tokens.all().map(\.token.id) == [bystander])
        }
    }
}
