import Testing
import UpgradeProtocol

@testable import UpgradeCore

@Suite("MQTT accounts")
struct MQTTAccountServiceTests {
    private func withAccounts(_ body: (MQTTAccountService, Store) async throws -> Void) async throws {
        try await withStore { store in
            try await store.addCompanies()
            try await store.add(["gw1"], company: "2")
            try await body(MQTTAccountService(store: store, fleetUsername: "user"), store)
        }
    }

    @Test("an account is added with a random password, listed without it, and removed")
    func life() async throws {
        try await withAccounts { accounts, store in
            let added = try await accounts.add(
                name: "monitor", publish: ["monitor/alive"], subscribe: ["TOCLOUD/#", "$SYS/#"], as: .boss)
            #expect(added.account.name == "monitor")
            #expect(added.password.count == 32)
            #expect(added.digest == (try SHA256.digest(of: Array(added.password.utf8))))
            #expect(!"\(added)\(String(reflecting: added))".contains(added.password))
            let other = try await accounts.add(name: "a", publish: [], subscribe: ["x/\"/💡"], as: .operator)
            #expect(try await accounts.list(page: .first, as: .boss).items == [other.account, added.account])
            let first = try await accounts.list(page: PageRequest(limit: 1), as: .boss)
            #expect(first.items.map(\.name) == ["a"] && first.total == 2)
            let second = try await accounts.list(page: PageRequest(limit: 1, cursor: first.nextCursor), as: .boss)
            #expect(second.items.map(\.name) == ["monitor"] && second.nextCursor == nil)
            let all = try await accounts.all()
            #expect(all.map(\.digest) == [other.digest, added.digest])
            #expect(all.map(\.account) == [other.account, added.account])

            try await accounts.remove("monitor", as: .boss)
            #expect(try await accounts.all().map(\.account.name) == ["a"])
            let error = await domainError { try await accounts.remove("monitor", as: .boss) }
            #expect(error == .notFound(.mqttAccount, "monitor"))
            #expect(error?.description == "no MQTT account \"monitor\"")
            let events = try await EventService(store: store).list(page: .first, as: .boss).items
            #expect(events.map(\.kind) == [.mqttAccountRemoved, .mqttAccountAdded, .mqttAccountAdded])
            #expect(events.allSatisfy { $0.companyID == nil && !$0.kind.showsOnDashboard })
            #expect(!events.contains { $0.detail.contains(added.password) })
        }
    }

    @Test("a name is one that a gateway could have, and that nobody has")
    func names() async throws {
        try await withAccounts { accounts, store in
            for name in ["", "a/b", "#", "$x", " x", "a\nb", String(repeating: "x", count: 129)] {
                let error = await domainError {
                    try await accounts.add(name: name, publish: [], subscribe: ["a"], as: .boss)
                }
                #expect(error?.field == "name", "\(name)")
            }
            _ = try await accounts.add(name: "monitor", publish: [], subscribe: ["a"], as: .boss)
            for taken in ["gw1", "monitor", "user"] {
                let error = await domainError {
                    try await accounts.add(name: taken, publish: [], subscribe: ["a"], as: .boss)
                }
                #expect(error?.isConflict == true, "\(taken)")
            }
            // A gateway that comes later cannot have a secret under a user name that is an account's.
            try await store.add(["monitor"], company: "2")
            let credentials = GatewayCredentials(store: store)
            #expect(await domainError { try await credentials.enroll("monitor", as: .boss) }?.isConflict == true)
            try await accounts.remove("monitor", as: .boss)
            #expect(try await credentials.enroll("monitor", as: .boss).username == "monitor")
        }
    }

    @Test(
        "what only gateways and the service say no account says, and what is no filter is named",
        arguments: [
            (["#"], [], "publish[0]", "TOCLOUD/"), (["+/x"], [], "publish[0]", "TOCLOUD/"),
            (["ok", "TOCLOUD/STATUS/gw1"], [], "publish[1]", "TOCLOUD/"), (["TOCLOUD/#"], [], "publish[0]", "TOCLOUD/"),
            (["TOGATEWAY/UPGRADE"], [], "publish[0]", "TOGATEWAY/"), (["+/UPGRADE/+"], [], "publish[0]", "TOCLOUD/"),
            (["+/#"], [], "publish[0]", "TOCLOUD/"), (["$SYS/x"], [], "publish[0]", "'$'"),
            (["$share/g/a"], [], "publish[0]", "'$'"), (["a#"], [], "publish[0]", "'#'"),
            ([], ["a", ""], "subscribe[1]", "empty"), ([], ["$share/g/a"], "subscribe[0]", "shared"),
            ([], ["a\u{0}"], "subscribe[0]", "U+0000"), ([], [], "subscribe", "neither"),
            (Array(repeating: "a", count: 101), [], "publish", "100"),
        ] as [([String], [String], String, String)])
    func filters(publish: [String], subscribe: [String], field: String, word: String) async throws {
        try await withAccounts { accounts, _ in
            let error = await domainError {
                try await accounts.add(name: "x", publish: publish, subscribe: subscribe, as: .boss)
            }
            #expect(error?.field == field)
            #expect(error?.description.contains(word) == true, "\(String(describing: error))")
            let all = try await accounts.all()
            #expect(all.isEmpty)
        }
    }

    @Test("what no gateway says an account may say, and it may listen to everything")
    func allowed() async throws {
        try await withAccounts { accounts, _ in
            _ = try await accounts.add(
                name: "x", publish: ["+", "TOCLOUD", "tocloud/x", "/TOCLOUD/x", "plant/#", "TOCLOUDS/+"],
                subscribe: ["#", "$SYS/#", "TOGATEWAY/#", "$shared/x"], as: .boss)
        }
    }

    @Test("none but super users manage accounts")
    func permission() async throws {
        try await withAccounts { accounts, _ in
            for principal in [Principal.adminOf2, .userOf2] {
                let attempts: [() async throws -> Void] = [
                    { _ = try await accounts.list(page: .first, as: principal) },
                    { _ = try await accounts.add(name: "x", publish: [], subscribe: ["a"], as: principal) },
                    { try await accounts.remove("x", as: principal) },
                ]
                for attempt in attempts { #expect(await domainError(attempt)?.isForbidden == true) }
            }
        }
    }
}
