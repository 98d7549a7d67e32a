import Testing
import UpgradeProtocol

@testable import UpgradeCore

@Suite("Users")
struct UserServiceTests {
    /// A super user, two administrators, one user; no passwords.
    private func withUsers(_ body: (UserService, Store) async throws -> Void) async throws {
        try await withStore { store in
            try await store.addCompanies()
            let people: [(String, Role, CompanyID)] = [
                ("boss", .super, "1"), ("admin1", .admin, "1"), ("admin2", .admin, "2"), ("admin3", .admin, "3"),
                ("user2", .user, "2"),
            ]
            for (name, role, company) in people {
                try await store.add(
                    User(username: name, name: name, role: role, companyID: company, mustChangePassword: false))
            }
            try await body(UserService(store: store, hasher: .cheap), store)
        }
    }

    private func newUser(_ name: String = "anna", _ role: Role = .user, in company: CompanyID = "2") -> NewUser {
        NewUser(username: name, role: role, companyID: company, password: "long enough")
    }

    @Test("a super user creates any user, who can log in then")
    func creation() async throws {
        try await withUsers { users, store in
            let anna = try await users.create(newUser("Anna@example.com", .admin, in: "3"), as: .boss)
            #expect(anna.name == "Anna@example.com")
            #expect(!anna.mustChangePassword)
            let logIns = LogInService(store: store, hasher: .cheap)
            #expect(try await logIns.logIn(username: "anna@example.com", password: "long enough")?.user == anna)
            #expect(try await logIns.logIn(username: "anna@example.com", password: "wrong") == nil)
            #expect(try await logIns.logIn(username: "nobody", password: "long enough") == nil)
            #expect(try await logIns.logIn(username: "user2", password: "") == nil, "a user without password")
        }
    }

    @Test("an administrator creates administrators and users of the own company, and no others")
    func adminsCreate() async throws {
        try await withUsers { users, _ in
            let user = try await users.create(newUser("a"), as: .adminOf2)
            #expect(user.companyID == "2")
            let admin = try await users.create(newUser("b", .admin), as: .adminOf2)
            #expect(admin.role == .admin)
            for user in [newUser("c", .super, in: "1"), newUser("d", .super), newUser("e", in: "3")] {
                #expect(await domainError { try await users.create(user, as: .adminOf2) }?.isForbidden == true)
            }
            #expect(await domainError { try await users.create(newUser("f"), as: .userOf2) }?.isForbidden == true)
        }
    }

    @Test("bad values are refused by their field")
    func values() async throws {
        try await withUsers { users, _ in
            for name in ["", "a b", "a/b", "a\u{0}", "operator", "Operator", String(repeating: "x", count: 129)] {
                #expect(await domainError { try await users.create(newUser(name), as: .boss) }?.field == "username")
            }
            var short = newUser()
            short.password = "seven77"
            #expect(await domainError { try await users.create(short, as: .boss) }?.field == "password")
            #expect(
                await domainError { try await users.create(newUser("x", in: "9"), as: .boss) }?.field == "companyId")
            #expect(
                await domainError { try await users.create(newUser("x", .super, in: "2"), as: .boss) }?.field == "role")
            #expect(await domainError { try await users.create(newUser("USER2"), as: .boss) }?.isConflict == true)
        }
    }

    @Test("an administrator manages the own company's users, but no super user, nobody's company, not the own role")
    func adminsManage() async throws {
        try await withUsers { users, _ in
            let promoted = try await users.update("user2", UserChanges(role: .admin), as: .adminOf2)
            #expect(promoted.role == .admin)
            let refused: [(String, UserChanges, Principal)] = [
                ("user2", UserChanges(role: .super), .adminOf2),
                ("user2", UserChanges(companyID: "3"), .adminOf2),
                ("user2", UserChanges(role: .super, companyID: "1"), .adminOf2),
                ("admin2", UserChanges(role: .user), .adminOf2),
                ("admin2", UserChanges(password: "another one"), .adminOf2),
                (
                    "boss", UserChanges(password: "another one"),
                    Principal(username: "admin1", role: .admin, companyID: "1")
                ),
                ("boss", UserChanges(role: .user), .boss),
                ("user2", UserChanges(name: "x"), .userOf2),
            ]
            for (name, changes, principal) in refused {
                #expect(
                    await domainError { try await users.update(name, changes, as: principal) }?.isForbidden == true)
            }
            #expect(
                await domainError {
                    try await users.remove("boss", as: Principal(username: "admin1", role: .admin, companyID: "1"))
                }?
                .isForbidden == true)
        }
    }

    @Test("another company's users do not exist for an administrator")
    func scope() async throws {
        try await withUsers { users, _ in
            for name in ["boss", "user2", "nobody"] {
                #expect(await domainError { try await users.find(name, as: .adminOf3) }?.isNotFound == true)
                #expect(
                    await domainError { try await users.update(name, UserChanges(name: "x"), as: .adminOf3) }?
                        .isNotFound
                        == true)
                #expect(await domainError { try await users.remove(name, as: .adminOf3) }?.isNotFound == true)
            }
            let list = try await users.list(page: .first, as: .adminOf3)
            #expect(list.items.map(\.username) == ["admin3"])
            #expect(list.total == 1)
            #expect(await domainError { try await users.list(page: .first, as: .userOf2) }?.isForbidden == true)
            #expect(await domainError { try await users.find("user2", as: .userOf2) }?.isForbidden == true)
        }
    }

    @Test("the last super user can be neither removed nor demoted, nor leave company 1")
    func lastSuperUser() async throws {
        try await withUsers { users, _ in
            #expect(await domainError { try await users.remove("boss", as: .operator) }?.isConflict == true)
            #expect(
                await domainError { try await users.update("boss", UserChanges(role: .admin), as: .operator) }?
                    .isConflict
                    == true)
            #expect(
                await domainError { try await users.update("boss", UserChanges(companyID: "2"), as: .operator) }?.field
                    == "role")
            #expect(try await users.find("boss", as: .boss).role == .super)

            _ = try await users.create(newUser("second", .super, in: "1"), as: .boss)
            try await users.remove("boss", as: .operator)
            #expect(await domainError { try await users.remove("second", as: .operator) }?.isConflict == true)
        }
    }

    @Test("two administrators who demote each other at once leave one super user")
    func race() async throws {
        try await withUsers { users, store in
            _ = try await users.create(newUser("second", .super, in: "1"), as: .boss)
            let second = Principal(username: "second", role: .super, companyID: "1")
            async let first = try? users.update("second", UserChanges(role: .user), as: .boss)
            async let other = try? users.update("boss", UserChanges(role: .user), as: second)
            let done = await [first, other].compactMap { $0 }
            #expect(done.count == 1)
            #expect(try await store.read { try $0.users.superUsers() } == 1)
        }
    }

    @Test("role, company and password change, with events for both companies that never show the password")
    func changes() async throws {
        try await withUsers { users, store in
            let changes = UserChanges(name: "Uwe", role: .admin, companyID: "3", password: "a new secret")
            let user = try await users.update("user2", changes, as: .boss)
            #expect(
                user == User(username: "user2", name: "Uwe", role: .admin, companyID: "3", mustChangePassword: false))
            let logIns = LogInService(store: store, hasher: .cheap)
            #expect(try await logIns.logIn(username: "user2", password: "a new secret")?.user == user)
            let events = EventService(store: store)
            let left = try await events.list(page: .first, as: .adminOf2).items
            #expect(left.map(\.kind) == [.userChanged])
            let joined = try await events.list(page: .first, as: .adminOf3).items
            #expect(Set(joined.map(\.kind)) == [.userChanged, .passwordChanged])
            #expect(!(left + joined).contains { $0.detail.contains("secret") })
        }
    }

    @Test("pages of users, in the order of their names without regard to case")
    func pages() async throws {
        try await withUsers { users, _ in
            _ = try await users.create(newUser("Bert"), as: .boss)
            var names: [String] = []
            var cursor: Cursor?
            repeat {
                let page = try await users.list(page: PageRequest(limit: 2, cursor: cursor), as: .boss)
                #expect(page.total == 6)
                names += page.items.map(\.username)
                cursor = page.nextCursor
            } while cursor != nil
            #expect(names == ["admin1", "admin2", "admin3", "Bert", "boss", "user2"])
        }
    }

    @Test("who becomes a super user of another company is told which company it is by its id")
    func superElsewhere() async throws {
        try await withStore { store in
            _ = try await CompanyService(store: store).create("Super", name: "Super", as: .boss)
            let users = UserService(store: store, hasher: .cheap)
            let error = await domainError {
                try await users.create(
                    NewUser(username: "zoe", name: nil, role: .super, companyID: "Super", password: "a password"),
                    as: .boss)
            }
            #expect(error?.field == "role")
            #expect(
                error?.description
                    == #"role: super users belong to the company with the id "1" alone, and this one has the id "Super""#
            )
        }
    }
}
