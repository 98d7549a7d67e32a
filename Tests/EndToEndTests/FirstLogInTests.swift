import Foundation
import ProgramSupport
import Testing

/// The first person to log in changes the password that everybody knows, before anything else.
@Suite("The first log-in", .timeLimit(.minutes(5)))
struct FirstLogInTests {
    private static let username = "super@gushenxing.com"
    private static let beyondLoopback = ["--http-host", "0.0.0.0", "--https"]

    /// The same folder may now be served beyond loopback, and the new password opens it.
    private func expectSafe(_ data: String, in folder: String, password: String) async throws {
        let daemon = try await Daemon.start(on: data, Self.beyondLoopback, mode: .tls)
        let visitor = Visitor(of: daemon, in: folder)
        #expect(try await visitor.get("/login").dangers.isEmpty)
        func logIn(_ password: String) async throws -> Visitor.Answer {
            try await visitor.send(
                "POST", "/api/v1/session", json: #"{"username":"\#(Self.username)","password":"\#(password)"}"#)
        }
        #expect(try await logIn("gushenxing123").status == 401)
        let entered = try await logIn(password)
        #expect(entered.status == 200)
        #expect(entered.json["user"]["mustChangePassword"].text == "0")
        #expect(try await visitor.get("/api/v1/gateways").status == 200)
        #expect(try await daemon.stop() == 0)
    }

    private func expectUnsafe(_ data: String) async throws {
        let refused = try await Program.run(
            "umd", ["--data", data, "--http-port", "0", "--mqtts-port", "0"] + Self.beyondLoopback)
        #expect(refused.status == 78)
        #expect(refused.errorLine.contains("bootstrap password"), "\(refused.errors)")
    }

    @Test("By the API")
    func api() async throws {
        try await TemporaryFolder.with { folder in
            let daemon = try await Daemon.start(on: folder + "/data", mode: .tls)
            let visitor = Visitor(of: daemon, in: folder)
            let session = try await visitor.send(
                "POST", "/api/v1/session", json: #"{"username":"\#(Self.username)","password":"gushenxing123"}"#)
            #expect(session.status == 200)
            #expect(session.json["user"]["mustChangePassword"].text == "1")
            let token = session.json["csrfToken"].text
            for path in ["gateways", "users", "releases", "deployments", "events", "companies"] {
                let refused = try await visitor.get("/api/v1/" + path)
                #expect(refused.status == 403, "\(path)")
                #expect(refused.json["type"].text == "urn:upgrade-manager:password-change-required")
            }
            let company = #"{"id":"7","name":"Seven"}"#
            #expect(try await visitor.send("POST", "/api/v1/companies", json: company, csrfToken: token).status == 403)
            func change(to new: String) async throws -> Visitor.Answer {
                try await visitor.send(
                    "PATCH", "/api/v1/me", json: #"{"currentPassword":"gushenxing123","password":"\#(new)"}"#,
                    csrfToken: token)
            }
            let same = try await change(to: "gushenxing123")
            #expect(same.status == 422 || same.json["mustChangePassword"].text == "1", "the same again is no change")
            let changed = try await change(to: "a better one")
            #expect(changed.status == 200)
            #expect(changed.json["mustChangePassword"].text == "0")
            #expect(try await visitor.get("/api/v1/gateways").status == 200)
            #expect(try await visitor.send("POST", "/api/v1/companies", json: company, csrfToken: token).status == 201)
            #expect(try await daemon.stop() == 0)
            try await expectSafe(folder + "/data", in: folder, password: "a better one")
        }
    }

    @Test("By the pages")
    func pages() async throws {
        try await TemporaryFolder.with { folder in
            let data = folder + "/data"
            let daemon = try await Daemon.start(on: data, mode: .tls)
            let visitor = Visitor(of: daemon, in: folder)
            #expect(try await visitor.get("/").location == "/login")
            let fields: KeyValuePairs = ["username": Self.username, "password": "gushenxing123", "next": "/"]
            #expect(try await visitor.submit("/login", fields).location == "/")
            #expect(try await visitor.get("/").location == "/profile")
            let profile = try await visitor.get("/profile")
            #expect(profile.body.contains("Change the password before anything else"))
            let token = try #require(profile.csrfToken)
            func change(to new: String, repeated: String) async throws -> Visitor.Answer {
                try await visitor.submit(
                    "/profile",
                    [
                        "csrfToken": token, "currentPassword": "gushenxing123", "password": new,
                        "repeatedPassword": repeated,
                    ])
            }
            #expect(try await change(to: "a better one", repeated: "another one").status == 422)
            #expect(try await visitor.get("/").location == "/profile")
            #expect(try await daemon.stop() == 0)
            try await expectUnsafe(data)

            let again = try await daemon.restarted()
            let returning = Visitor(of: again, in: folder)
            #expect(try await returning.submit("/login", fields).status == 303)
            let form = try #require(try await returning.get("/profile").csrfToken)
            let changed = try await returning.submit(
                "/profile",
                [
                    "csrfToken": form, "currentPassword": "gushenxing123", "password": "ein längeres & besseres",
                    "repeatedPassword": "ein längeres & besseres",
                ])
            #expect(changed.location == "/")
            #expect(try await returning.get("/").body.contains("No gateway has reported yet."))
            #expect(try await !returning.get("/profile").body.contains("before anything else"))
            #expect(try await again.stop() == 0)
            try await expectSafe(data, in: folder, password: "ein längeres & besseres")
        }
    }
}
