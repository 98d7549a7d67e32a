import Testing
import UpgradeServer

@Suite("The page of releases", .serialized)
struct ReleasePageTests {
    @Test("Everyone looks at releases; a super user alone adds and removes them")
    func roles() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let root = try await server.logIn(.root)
            let uploaded = try await server.send(
                "PUT", "/api/v1/releases/1.2", bytes: Array(repeating: 7, count: 2_000), headers: root.headers)
            #expect(uploaded.status == 201)
            let digest = try #require(try uploaded.member("sha256"))
            #expect(try await server.send("GET", "/releases").headers["location"] == "/login?next=/releases")
            for person in [Person.user2, .admin2, .root] {
                let visitor = try await server.logIn(person)
                let page = try await server.send("GET", "/releases", headers: visitor.browser)
                #expect(page.status == 200)
                #expect(page.body.contains(#"<th scope="row">1.2</th>"#) && page.body.contains("2.0 KiB"))
                #expect(page.body.contains(digest) && page.body.contains(">available<"))
                let isSuper = person == .root
                #expect(page.body.contains("/releases/remove?version=1.2") == isSuper)
                #expect(page.body.contains(#"<form id="upload""#) == isSuper)
                #expect(page.body.contains(#"enctype="multipart/form-data""#) == isSuper)
                #expect(page.body.contains("umctl release add") == isSuper)
                let path = "/releases/remove?version=1.2"
                let question = try await server.send("GET", path, headers: visitor.browser)
                #expect(question.status == (isSuper ? 200 : 403))
                if !isSuper {
                    #expect(try await server.submit("/releases/remove", ["version": "1.2"], by: visitor).status == 403)
                }
            }
            let unsigned = try await server.sendForm(
                "/releases/remove", ["version": "1.2"], headers: [("Cookie", root.cookie)])
            #expect(unsigned.status == 403)
            #expect(try await server.sendForm("/releases/remove", ["version": "1.2"]).status == 303)
            #expect(try await server.send("GET", "/api/v1/releases/1.2", headers: root.headers).status == 200)
            let removed = try await server.submit("/releases/remove", ["version": "1.2"], by: root)
            #expect(removed.headers["location"] == "/releases?done=removed")
            let after = try await server.send("GET", "/releases?done=removed", headers: root.browser).body
            #expect(after.contains("The release is removed.") && after.contains("No release yet."))
            for version in ["1.2", "", "x", "../1"] {
                let gone = try await server.submit("/releases/remove", ["version": version], by: root)
                #expect(gone.status == 404, "\(version)")
            }
        }
    }

    @Test("The script is served as one, to everybody; there is no other")
    func script() async throws {
        try await withLogInServer { server in
            #expect(try await server.send("GET", "/upload.js").status == 404)
            let script = try await server.send("GET", "/script.js")
            #expect(script.status == 200)
            #expect(script.body.contains("/api/v1/releases/"))
            #expect(script.headers["content-type"] == "text/javascript; charset=utf-8")
            #expect(script.headers["content-security-policy"]?.contains("script-src 'self'") == true)
        }
    }

    @Test("Whoever removes a release is told first how many gateways run it, and which upgrades fail")
    func removal() async throws {
        try await withServer { server in
            for version in ["1.2", "1.3"] {
                #expect(try await server.send("PUT", "/api/v1/releases/\(version)", bytes: [1]).status == 201)
            }
            let unused = try await server.send("GET", "/releases/remove?version=1.2").body
            #expect(unused.contains("No gateway runs it.") && unused.contains("No upgrade to it is pending."))
            for gateway in ["gw2", "gw3"] {
                try await withClient(gateway, of: server) {
                    try await $0.reportStatus(gateway, company: "2", version: "1.2")
                }
            }
            try await eventually("both are known") {
                try await server.send("GET", "/api/v1/gateways").member("total") == "2"
            }
            let order = #"{"version":1.3,"target":{"gateways":["gw3"]}}"#
            #expect(try await server.send("POST", "/api/v1/deployments", json: order).status == 201)
            let run = try await server.send("GET", "/releases/remove?version=1.2").body
            #expect(run.contains("2 gateways run it"))
            let awaited = try await server.send("GET", "/releases/remove?version=1.3").body
            #expect(awaited.contains("One pending upgrade fails at once"))
            #expect(awaited.contains("<li>gw3, deployment 1</li>") && !awaited.contains("gw2"))
            #expect(try await server.sendForm("/releases/remove", ["version": "1.3"]).status == 303)
            try await eventually("the upgrade failed") {
                try await server.send("GET", "/api/v1/gateways/gw3").member("state") == "failed"
            }
        }
    }

    @Test("One byte is one byte, wherever it is told of")
    func oneByte() async throws {
        try await withServer { server in
            #expect(try await server.send("PUT", "/api/v1/releases/1.2", bytes: [1]).status == 201)
            #expect(try await server.send("GET", "/releases").body.contains(#"title="1 byte""#))
            let events = try await server.send("GET", "/api/v1/events?kind=releaseAdded").body
            #expect(events.contains("release 1.2, 1 byte, SHA-256"))
        }
    }
}
