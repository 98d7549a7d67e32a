import Testing
import UpgradeServer

@testable import struct UpgradeServer.LocalTarget

@Suite("Pages that people log in by", .serialized)
struct PageTests {
    @Test("Without a session a page leads to the log-in, and from there back")
    func wayIn() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let answer = try await server.send("GET", "/profile", headers: [])
            #expect(answer.status == 303)
            #expect(answer.headers["location"] == "/login?next=/profile")
            #expect(try await server.send("GET", "/").headers["location"] == "/login")
            let form = try await server.send("GET", "/login?next=/profile")
            #expect(form.status == 200)
            #expect(form.body.contains(#"name="next" value="/profile""#))
            #expect(form.body.contains("<title>Log in"))

            let fields = ["username": Person.user2.rawValue, "password": Person.user2.rawValue, "next": "/profile"]
            let entered = try await server.sendForm("/login", fields)
            #expect(entered.status == 303)
            #expect(entered.headers["location"] == "/profile")
            let cookie = ("Cookie", try #require(entered.cookie))
            let profile = try await server.send("GET", "/profile", headers: [cookie]).body
            #expect(profile.contains("Role user, company 2"))
            #expect(!profile.contains("before anything else"))
            #expect(try await server.send("GET", "/", headers: [cookie]).status == 200)
            #expect(try await server.send("GET", "/login", headers: [cookie]).status == 303)
        }
    }

    @Test("A failed log-in says only that the pair is wrong, and what was typed is inert")
    func wrongPair() async throws {
        try await withLogInServer { server in
            let answer = try await server.sendForm(
                "/login", ["username": "\"><script>x", "password": "a guess", "next": "//evil.example"])
            #expect(answer.status == 401)
            #expect(answer.body.contains("The user name or the password is wrong."))
            #expect(answer.body.contains(#"value="&quot;&gt;&lt;script&gt;x""#))
            #expect(answer.body.contains(#"name="next" value="/""#))
            #expect(answer.headers["set-cookie"] == nil)
            #expect(answer.headers["content-security-policy"]?.contains("default-src 'none'") == true)
            let foreign = try await server.sendForm(
                "/login", ["username": "x", "password": "y"], headers: [("Origin", "http://evil.example")])
            #expect(foreign.status == 403)
        }
    }

    @Test("Forms need the session's token; logging out ends the session")
    func forms() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let visitor = try await server.logIn(.user2)
            let cookie = [("Cookie", visitor.cookie)]
            let page = try await server.send("GET", "/profile", headers: cookie).body
            #expect(page.contains(#"name="csrfToken" value="\#(visitor.csrfToken)""#))
            for path in ["/profile", "/logout"] {
                #expect(try await server.sendForm(path, ["name": "Uwe"], headers: cookie).status == 403)
            }
            let other = try await server.logIn(.user2)
            let stale = try await server.sendForm(
                "/profile", ["csrfToken": other.csrfToken, "name": "Uwe"], headers: cookie)
            #expect(stale.status == 403)
            #expect(stale.headers["content-type"] == "text/html; charset=utf-8")
            #expect(stale.body.contains("This form is out of date"))
            #expect(stale.body.contains(#"href="/profile">Back"#))
            #expect(try await server.send("GET", "/api/v1/me", headers: cookie).member("name") != "Uwe")
            let token = ["csrfToken": visitor.csrfToken]
            let named = try await server.sendForm("/profile", token.merging(["name": "<b>Uwe"]) { $1 }, headers: cookie)
            #expect(named.headers["location"] == "/profile?saved=name")
            let saved = try await server.send("GET", "/profile?saved=name", headers: cookie).body
            #expect(saved.contains("The name is changed.") && saved.contains("&lt;b&gt;Uwe"))
            let out = try await server.sendForm("/logout", token, headers: cookie)
            #expect(out.status == 303)
            #expect(out.headers["location"] == "/login")
            #expect(try await server.send("GET", "/api/v1/me", headers: cookie).status == 401)
        }
    }

    @Test("The password is changed by who knows it and writes the new one twice")
    func password() async throws {
        try await withLogInServer { server in
            let visitor = try await server.logIn("super@gushenxing.com", "gushenxing123")
            func change(_ current: String, _ new: String, _ repeated: String) async throws -> Answer {
                try await server.sendForm(
                    "/profile",
                    [
                        "csrfToken": visitor.csrfToken, "currentPassword": current, "password": new,
                        "repeatedPassword": repeated,
                    ], headers: [("Cookie", visitor.cookie)])
            }
            let differing = try await change("gushenxing123", "a better one", "another one")
            #expect(differing.status == 422)
            #expect(differing.body.contains("The two new passwords differ."))
            #expect(try await change("a guess", "a better one", "a better one").body.contains("current-problem"))
            #expect(try await change("gushenxing123", "short", "short").body.contains("new-problem"))
            let changed = try await change("gushenxing123", "a better one", "a better one")
            #expect(changed.headers["location"] == "/", "what was forced is done")
            _ = try await server.logIn("super@gushenxing.com", "a better one")
        }
    }

    @Test("A person gets a page for what is not there, a program a problem")
    func notFound() async throws {
        try await withLogInServer { server in
            for (path, accept, type) in [
                ("/nowhere", "text/html,*/*;q=0.8", "text/html; charset=utf-8"),
                ("/nowhere", "*/*", "application/problem+json"),
                ("/api/v1/nowhere", "text/html", "application/problem+json"),
            ] {
                let answer = try await server.send("GET", path, headers: [("Accept", accept)])
                #expect(answer.status == 404)
                #expect(answer.headers["content-type"] == type, "\(path) \(accept)")
                #expect(answer.headers["content-security-policy"] != nil)
            }
        }
    }

    @Test("Where nobody logs in, a banner says whose rights one has and why")
    func banner() async throws {
        try await withServer(configuredBy: { $0.plaintext = true }) { server in
            for path in ["/", "/profile"] {
                let page = try await server.send("GET", path)
                #expect(page.status == 200)
                #expect(page.body.contains("acts as the super user super@gushenxing.com"))
                #expect(page.body.contains("--nossl"))
                #expect(!page.body.contains("Log out"))
                #expect(!page.body.contains("before anything else"), "nothing is kept back")
            }
            #expect(try await server.send("GET", "/login").headers["location"] == "/")
        }
    }

    @Test(
        "A log-in leads nowhere but to a page of ours",
        arguments: [
            ("/", "/"), ("/profile", "/profile"), ("/a/b-c_1", "/a/b-c_1"), ("", "/"), ("profile", "/"),
            ("//evil.example", "/"), ("/\\evil.example", "/"), ("https://evil.example", "/"),
            ("/a?b=%2F&c", "/a?b=%2F&c"), ("/a?b=c+d*", "/a?b=c+d*"), ("/a?b#c", "/"), ("/a?b=\"", "/"),
            ("//evil.example?a", "/"), ("/login?next=/a", "/"),
            ("/a\r\nSet-Cookie:x", "/"), ("/%2Fevil", "/"), ("/login", "/"),
            ("///evil.example", "/"), ("\\\\evil.example", "/"), ("/\t/evil.example", "/"), (" //evil.example", "/"),
            ("/\u{0}", "/"), ("/%5Cevil.example", "/"), ("/%0D%0ASet-Cookie:x", "/"), ("/@evil.example", "/"),
            ("/a?b=\r\nSet-Cookie:x", "/"), ("/a?b=\t", "/"), ("/a?b=//evil.example", "/"), ("/a?b\\c", "/"),
            ("/a?b=%0D%0A", "/a?b=%0D%0A"), ("/\u{E4}", "/"), ("/a?\u{E4}", "/"), ("?a", "/"), ("/../a", "/"),
            ("/" + String(repeating: "a", count: 1023), "/" + String(repeating: "a", count: 1023)),
            ("/" + String(repeating: "a", count: 1024), "/"),
        ])
    func target(path: String, expected: String) {
        #expect(LocalTarget(path).path == expected)
    }

    @Test("A link to the log-in, whatever it says, leads to no other server")
    func openRedirects() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let user = try await server.logIn(.user2)
            for (next, expected) in [
                ("%2F%2Fevil.example", "/"), ("/%5Cevil.example", "/"), ("https:%2F%2Fevil.example", "/"),
                ("/%09/evil.example", "/"), ("/%0D%0ASet-Cookie:x%3Dy", "/"), ("/%252F%252Fevil.example", "/"),
                ("/upgrade%3Fsearch%3D%2F%2Fevil.example", "/"), ("/upgrade%3Frunning%3D1.2", "/upgrade?running=1.2"),
                ("/upgrade%3Fsearch%3D%252F%252Fevil.example", "/upgrade?search=%2F%2Fevil.example"),
            ] {
                let known = try await server.send("GET", "/login?next=\(next)", headers: user.browser)
                #expect(known.status == 303 && known.headers["location"] == expected, "\(next)")
                let page = try await server.send("GET", "/login?next=\(next)").body
                #expect(page.contains(#"name="next" value="\#(expected)""#), "\(next)")
                let entered = try await server.send(
                    "POST", "/login",
                    bytes: Array("username=user2@example.com&password=user2@example.com&next=\(next)".utf8),
                    headers: [("Content-Type", "application/x-www-form-urlencoded")])
                #expect(entered.status == 303 && entered.headers["location"] == expected, "\(next)")
                #expect(entered.headers["set-cookie"]?.contains("x=y") == false)
            }
            // After the log-in, a form's sender is on the page of the form.
            for (path, next) in [
                ("/users/password", "/login?next=/users"), ("/upgrade/order", "/login?next=/upgrade"),
                ("/gateway/remove?id=gw2", "/login?next=/gateway%3Fid%3Dgw2"),
                ("/profile/tokens", "/login?next=/profile"), ("/releases/remove", "/login?next=/releases"),
            ] {
                #expect(try await server.sendForm(path, [:]).headers["location"] == next, "\(path)")
            }
        }
    }
}
