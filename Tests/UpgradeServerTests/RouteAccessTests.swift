import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import Testing
import UpgradeCore
import UpgradeServer

/// Who may use which route, written down a second time and tried in full.
@Suite("Routes and roles", .serialized)
struct RouteAccessTests {
    /// The roles, from the least, that a route lets through; `nobody` needs no log-in.
    enum Least: Int {
        case nobody, user, admin, `super`
    }

    static let table: [String: Least] = [
        "POST /session": .nobody,
        "DELETE /session": .user,
        "GET /me": .user, "PATCH /me": .user,
        "GET /tokens": .user, "POST /tokens": .user, "DELETE /tokens/{id}": .user,
        "GET /openapi.json": .user, "GET /stream": .user,
        "GET /companies": .user, "POST /companies": .super, "PATCH /companies/{id}": .super,
        "GET /users": .admin, "POST /users": .admin,
        "GET /users/{username}": .admin, "PATCH /users/{username}": .admin, "DELETE /users/{username}": .admin,
        "GET /gateways": .user, "GET /gateways/{id}": .user, "GET /gateways/{id}/events": .admin,
        "PATCH /gateways/{id}": .admin, "DELETE /gateways/{id}": .admin,
        "POST /gateways/{id}/approve": .admin, "POST /gateways/{id}/enable": .admin,
        "POST /gateways/{id}/disable": .admin, "POST /gateways/{id}/enroll": .admin,
        "POST /gateways/{id}/revoke": .admin,
        "GET /releases": .user, "GET /releases/{version}": .user,
        "PUT /releases/{version}": .super, "DELETE /releases/{version}": .super,
        "GET /deployments": .admin, "POST /deployments": .admin,
        "GET /deployments/{id}": .admin, "GET /deployments/{id}/gateways": .admin,
        "POST /deployments/{id}/cancel": .admin,
        "GET /events": .admin,
        "GET /mqtt-accounts": .super, "POST /mqtt-accounts": .super, "DELETE /mqtt-accounts/{name}": .super,
    ]

    @Test("Every route that the server describes, for nobody and for each role", .timeLimit(.minutes(2)))
    func table() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let visitors = [
                (Least.user, try await server.logIn(.user2)), (.admin, try await server.logIn(.admin2)),
                (.super, try await server.logIn(.root)),
            ]
            let description = try await server.send("GET", "/api/v1/openapi.json", over: .controlSocket)
            let routes = try JSONDecoder().decode(Description.self, from: Data(description.body.utf8)).routes
            #expect(Set(routes) == Set(Self.table.keys), "each route has its row, and each row its route")
            for route in routes {
                let least = try #require(Self.table[route], "\(route) has no row")
                let stranger = try await server.status(route)
                #expect((stranger == 401) == (least != .nobody), "\(route), nobody: \(stranger)")
                // It would end the session that the next row needs; that it works is tested elsewhere.
                if route == "DELETE /session" { continue }
                for (role, visitor) in visitors {
                    let status = try await server.status(route, headers: visitor.headers)
                    #expect(status != 401, "\(route), \(role)")
                    #expect((status == 403) == (role.rawValue < least.rawValue), "\(route), \(role): \(status)")
                }
            }
        }
    }

    @Test("Another company's objects are not there")
    func otherCompanies() async throws {
        try await withTemporaryFolder { folder in
            var configuration = ServerConfiguration.onFreePorts(in: folder)
            configuration.plaintext = true
            try await withServer(on: configuration) { server in
                try await server.addPeople()
                for (gateway, company) in [("gw2", "2"), ("gw3", "3")] {
                    try await withClient(gateway, of: server) {
                        try await $0.reportStatus(gateway, company: company)
                    }
                }
                let release = try await server.send("PUT", "/api/v1/releases/1.2", bytes: [1])
                #expect(release.status == 201)
            }
            configuration.plaintext = false
            try await withServer(on: configuration) { server in
                let admin = try await server.logIn(.admin2)
                func send(_ method: String, _ path: String, json: String? = nil) async throws -> Answer {
                    try await server.send(method, "/api/v1" + path, json: json, headers: admin.headers)
                }
                #expect(try await send("GET", "/gateways/gw2").status == 200)
                let list = try await send("GET", "/gateways").body
                #expect(list.contains("gw2") && !list.contains("gw3"))
                for (method, path, json) in [
                    ("GET", "/gateways/gw3", nil), ("PATCH", "/gateways/gw3", #"{"name":"x"}"#),
                    ("DELETE", "/gateways/gw3", nil), ("GET", "/gateways/gw3/events", nil),
                    ("POST", "/gateways/gw3/approve", nil), ("POST", "/gateways/gw3/disable", nil),
                    ("GET", "/users/\(Person.admin3.rawValue)", nil),
                    ("PATCH", "/users/\(Person.admin3.rawValue)", #"{"name":"x"}"#),
                    ("DELETE", "/users/\(Person.admin3.rawValue)", nil),
                    ("POST", "/deployments", #"{"version":1.2,"target":{"gateways":["gw2","gw3"]}}"#),
                ] as [(String, String, String?)] {
                    #expect(try await send(method, path, json: json).status == 404, "\(method) \(path)")
                }
                let page = try await server.send("GET", "/", headers: admin.headers).body
                #expect(page.contains(">gw2<") && !page.contains("gw3"))
                #expect(!page.contains("nobody logs in"))
            }
        }
    }
}

/// What the test reads of `openapi.json`.
private struct Description: Decodable {
    private let paths: [String: [String: Operation]]

    private struct Operation: Decodable {}

    /// Such as `GET /me`.
    var routes: [String] {
        paths.flatMap { path, operations in operations.keys.map { "\($0.uppercased()) \(path)" } }.sorted()
    }
}

extension Server.Endpoints {
    /// What a route answers about objects that do not exist.
    fileprivate func status(_ route: String, headers: [(String, String)] = []) async throws -> UInt {
        let parts = route.split(separator: " ")
        let path = parts[1].replacing("/deployments/{id}", with: "/deployments/99").replacing("{id}", with: "99")
            .replacing("{version}", with: "99.5").replacing("{username}", with: "nobody")
            .replacing("{name}", with: "nobody")
        var request = HTTPClientRequest(url: "http://\(http.authority)/api/v1\(path)")
        request.method = .init(rawValue: String(parts[0]))
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if request.method == .POST || request.method == .PATCH {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: "{}"))
        }
        // The head alone: the stream's body has no end.
        return try await HTTPClient.shared.execute(request, timeout: .seconds(20)).status.code
    }
}
