import Testing
import UpgradeProtocol

@testable import UpgradeCore

@Suite("Logging in")
struct LogInServiceTests {
    private func withLogIns(_ body: (LogInService, Store) async throws -> Void) async throws {
        try await withStore { store in
            try await store.addCompanies()
            try await store.add(
                User(username: "boss", name: "B", role: .super, companyID: "1", mustChangePassword: false))
            let user = User(username: "Ann@x.org", name: "Ann", role: .admin, companyID: "2", mustChangePassword: false)
            try await store.add(user, password: "her password")
            let imported = User(username: "bob", name: "Bob", role: .user, companyID: "2", mustChangePassword: false)
            try await store.add(imported)
            try await body(LogInService(store: store, hasher: .cheap), store)
        }
    }

    @Test("the name counts without regard to case, the password to the letter")
    func pairs() async throws {
        try await withLogIns { logIns, _ in
            for name in ["Ann@x.org", "ann@X.ORG"] {
                let account = try await logIns.logIn(username: name, password: "her password")
                #expect(account?.user.username == "Ann@x.org")
            }
            for (name, password) in [
                ("Ann@x.org", "Her password"), ("Ann@x.org", ""), ("Ann@x.org", "her password "), ("", ""),
                ("Ann@x.org ", "her password"), ("nobody", "her password"), ("operator", "her password"),
            ] {
                let account = try await logIns.logIn(username: name, password: password)
                #expect(account == nil, "\(name) \(password)")
            }
        }
    }

    @Test("a user whom nobody gave a password matches none", arguments: ["", "bob", "null"])
    func imported(password: String) async throws {
        try await withLogIns { logIns, _ in
            let account = try await logIns.logIn(username: "bob", password: password)
            #expect(account == nil)
        }
    }

    @Test("a name that nobody has costs as much as one that somebody has")
    func sameWork() async throws {
        try await withLogIns { _, store in
            // Expensive enough for a difference to stand out on a busy machine.
            let hasher = PasswordHasher(cost: Scrypt.Cost(logN: 13, r: 8, p: 1))
            let hash = try await hasher.hash("her password")
            try await store.write { try $0.users.setPasswordHash(hash, of: "Ann@x.org") }
            let logIns = LogInService(store: store, hasher: hasher)
            let clock = ContinuousClock()
            var least: [String: Duration] = [:]
            for _ in 0..<5 {
                for name in ["Ann@x.org", "nobody", "bob"] {
                    let begun = clock.now
                    #expect(try await logIns.logIn(username: name, password: "guess") == nil)
                    let time = begun.duration(to: clock.now)
                    least[name] = min(least[name] ?? time, time)
                }
            }
            let known = try #require(least["Ann@x.org"])
            for name in ["nobody", "bob"] { #expect(try #require(least[name]) > known / 4, "\(name)") }
        }
    }

    @Test("a log-in holds until the password, role or company changes, or the user is gone")
    func upholding() async throws {
        try await withLogIns { logIns, store in
            let users = UserService(store: store, hasher: .cheap)
            func fresh() async throws -> Account { try #require(try await logIns.account(of: "ann@x.org")) }
            let first = try #require(try await logIns.logIn(username: "Ann@x.org", password: "her password"))
            #expect(try await fresh().upholds(logInAs: first))
            _ = try await users.update("Ann@x.org", UserChanges(name: "Anne"), as: .boss)
            #expect(try await fresh().upholds(logInAs: first), "another name changes no rights")
            for changes in [
                UserChanges(role: .user), UserChanges(companyID: "3"), UserChanges(password: "her password"),
            ] {
                let before = try await fresh()
                _ = try await users.update("Ann@x.org", changes, as: .boss)
                #expect(try await !fresh().upholds(logInAs: before), "\(changes)")
            }
            try await users.remove("Ann@x.org", as: .boss)
            #expect(try await logIns.account(of: "Ann@x.org") == nil)
        }
    }

    @Test("failures count under one name for every spelling of it, and the name stays short")
    func countedName() {
        #expect(LogInService.countedName(of: "ANN@x.org") == "ann@x.org")
        #expect(LogInService.countedName(of: "\u{C9}va") != LogInService.countedName(of: "\u{E9}va"))
        #expect(LogInService.countedName(of: String(repeating: "x", count: 1 << 20)).utf8.count == 128)
    }
}
