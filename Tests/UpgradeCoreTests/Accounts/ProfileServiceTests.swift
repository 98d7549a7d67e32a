import Testing
import UpgradeProtocol

@testable import UpgradeCore

@Suite("The own profile")
struct ProfileServiceTests {
    private func withProfile(_ body: (ProfileService, Store) async throws -> Void) async throws {
        try await withStore { store in
            try await store.addCompanies()
            let user = User(username: "user2", name: "U", role: .user, companyID: "2", mustChangePassword: false)
            try await store.add(user, password: "the old one")
            try await body(ProfileService(store: store, hasher: .cheap), store)
        }
    }

    @Test("name and password change for whoever knows the present password")
    func change() async throws {
        try await withProfile { profile, store in
            let change = PasswordChange(current: "the old one", new: "the new one")
            let account = try await profile.update(name: "Ute", password: change, as: .userOf2)
            #expect(account.user.name == "Ute")
            #expect(try await profile.find(.userOf2) == account.user)
            let logIns = LogInService(store: store, hasher: .cheap)
            #expect(try await logIns.logIn(username: "user2", password: "the new one") == account)
            #expect(try await logIns.logIn(username: "user2", password: "the old one") == nil)
        }
    }

    @Test("a wrong present password and a bad new one change nothing, not even the name")
    func refusals() async throws {
        try await withProfile { profile, _ in
            let wrong = PasswordChange(current: "no idea", new: "the new one")
            #expect(
                await domainError { try await profile.update(name: "X", password: wrong, as: .userOf2) }?.field
                    == "currentPassword")
            let short = PasswordChange(current: "the old one", new: "short")
            #expect(
                await domainError { try await profile.update(name: "X", password: short, as: .userOf2) }?.field
                    == "password")
            let user = try await profile.find(.userOf2)
            #expect(user.name == "U")
        }
    }

    @Test("somebody who was removed meanwhile, and the operator, have no profile")
    func nobody() async throws {
        try await withProfile { profile, _ in
            #expect(await domainError { try await profile.find(.operator) }?.isNotFound == true)
            #expect(await domainError { try await profile.update(name: "x", as: .adminOf3) }?.isNotFound == true)
        }
    }
}

@Suite("A fresh database")
struct BootstrapTests {
    @Test("it gets the super company and a super user who has to change the well-known password")
    func wellKnown() async throws {
        try await withStore { store in
            let users = UserService(store: store, hasher: .cheap)
            #expect(try await Bootstrap(store: store, hasher: .cheap).initialise())
            let company = try await CompanyService(store: store).find(.superCompany, as: .operator)
            #expect(company == Company(id: "1", name: "Super", registered: true))
            let profile = ProfileService(store: store, hasher: .cheap)
            let user = try await LogInService(store: store, hasher: .cheap).logIn(
                username: "super@gushenxing.com", password: "gushenxing123")?.user
            #expect(user?.role == .super)
            #expect(user?.mustChangePassword == true)
            #expect(try await users.bootstrapPasswordIsInForce())

            let same = PasswordChange(current: "gushenxing123", new: "gushenxing123")
            _ = try await profile.update(password: same, as: Principal(#require(user)))
            #expect(try await users.bootstrapPasswordIsInForce(), "the same password again is no change")
            let change = PasswordChange(current: "gushenxing123", new: "another secret")
            _ = try await profile.update(password: change, as: Principal(#require(user)))
            #expect(try await !users.bootstrapPasswordIsInForce())
        }
    }

    @Test("a given user need not change a given password")
    func given() async throws {
        try await withStore { store in
            try await Bootstrap(store: store, hasher: .cheap).initialise(username: "me", password: "my own secret")
            let me = try await LogInService(store: store, hasher: .cheap)
                .logIn(username: "me", password: "my own secret")
            #expect(me?.user.mustChangePassword == false)
            #expect(try await !UserService(store: store, hasher: .cheap).bootstrapPasswordIsInForce())
        }
    }

    @Test("a second time it changes nothing, also when both come at once")
    func twice() async throws {
        try await withStore { store in
            let bootstrap = Bootstrap(store: store, hasher: .cheap)
            async let first = bootstrap.initialise(username: "a", password: "password a")
            async let second = bootstrap.initialise(username: "b", password: "password b")
            let outcomes = try await [first, second]
            #expect(outcomes.filter { $0 }.count == 1)
            #expect(try await store.read { try $0.users.superUsers() } == 1)
        }
    }

    @Test("sample companies are made once")
    func samples() async throws {
        try await withStore { store in
            let bootstrap = Bootstrap(store: store, hasher: .cheap)
            try await bootstrap.initialise()
            #expect(try await bootstrap.addSampleCompanies() == ["2", "3"])
            #expect(try await bootstrap.addSampleCompanies().isEmpty)
            let companies = try await CompanyService(store: store).list(page: .first, as: .operator).items
            #expect(companies.map(\.registered) == [true, true, false])
        }
    }
}
