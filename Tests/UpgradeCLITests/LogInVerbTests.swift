import Testing

@Suite struct LogInVerbTests {
    @Test(arguments: [
        ["login"], ["login", "--username", "ada"], ["logout"], ["whoami", "--ca", "/x"], ["whoami", "--insecure"],
        ["login", "--username", "ada", "--server", "https://h"],
        ["whoami", "--server", "http://h", "--insecure"], ["whoami", "--server", "http://h", "--ca", "/x"],
        ["whoami", "--server", "https://h", "--ca", "/x", "--insecure"],
        ["gateway", "--insecure", "list"], ["gateway", "--ca", "/x", "list"],
        ["events", "--since", "yesterday"], ["events", "--follow", "--until", "2026-11-22T04:20:46Z"],
    ])
    func `a wrong line is exit code 64`(arguments: [String]) async throws {
        try await withTemporaryFolder { folder in
            let run = await umctl(arguments, environment: ["XDG_CONFIG_HOME": folder])
            #expect(run.status == 64, "\(run.errors)")
            #expect(run.errors.split(separator: "\n").count == 1)
        }
    }

    @Test func `whoami shows user, role and company`() async throws {
        let me = #"""
            {"username":"ada","name":"Ada","role":"admin","companyId":"2","csrfToken":null,"mustChangePassword":false}
            """#
        try await withStub({ _ in .json(me) }) { daemon, folder in
            let run = await umctl("whoami", data: folder)
            #expect(run.status == 0)
            #expect(run.lines == ["user     ada", "name     Ada", "role     admin", "company  2"])
            #expect(daemon.requests.map(\.target) == ["/api/v1/me"])
        }
    }

    @Test func `logging out where nobody is logged in changes nothing`() async throws {
        try await withTemporaryFolder { folder in
            let run = await umctl(
                "logout", "--server", "https://fleet.example", environment: ["XDG_CONFIG_HOME": folder])
            #expect(run.status == 0)
            #expect(run.output.contains("nobody was logged in"))
        }
    }

    @Test func `events are asked for by kind and time`() async throws {
        try await withStub({ _ in .json(#"{"items":[],"total":0,"nextCursor":null}"#) }) { daemon, folder in
            let run = await umctl(
                "events", "--kind", "userCreated", "--kind", "userRemoved", "--since", "2026-11-22T04:20:46Z",
                data: folder)
            #expect(run.status == 0)
            let query = "limit=100&kind=userCreated%2CuserRemoved&since=2026-11-22T04%3A20%3A46.000Z"
            let asked = daemon.requests.first?.target.split(separator: "?").last?.split(separator: "&").sorted()
            #expect(asked == query.split(separator: "&").sorted())
        }
    }
}
