import Testing

@Suite struct UsageTests {
    @Test(arguments: ["1.0.1", "Infinity", "../x", "01", "1e3", "", "1.1234567"])
    func `what is no version is refused before anything is connected to`(version: String) async {
        for arguments in [
            ["push", "--all", "--version=\(version)"], ["release", "show", version], ["release", "remove", version],
        ] {
            let run = await umctl(arguments)
            #expect(run.status == 64, "\(arguments)")
            #expect(run.output.isEmpty)
            #expect(run.errors.split(separator: "\n").count == 1)
            #expect(run.errors.contains("version"))
        }
    }

    @Test(arguments: [
        ["push", "--version", "1.2"], ["push", "--version", "1.2", "--all", "--gateway", "gw1"],
        ["push", "--version", "1.2", "--company", "2", "--all"], ["push", "--all"],
        ["push", "--version", "1.2", "--all", "--timeout", "soon"], ["push", "--version", "1.2", "--gateway", "a/b"],
        ["gateway", "show"], ["gateway", "show", "a+b"], ["gateway", "list", "--state", "happy"],
        ["gateway", "approve"], ["gateway", "enroll"], ["gateway", "enroll", "gw1", "--all"],
        ["gateway", "revoke", "a/b"],
        ["mqtt-account", "add", "m"], ["mqtt-account", "add", "--subscribe", "a"],
        ["mqtt-account", "add", "m", "--subscribe", "a#"], ["mqtt-account", "add", "m", "--publish", "+x"],
        ["mqtt-account", "remove"],
        ["company", "add", "2"], ["user", "add", "ada", "--role", "boss", "--company", "2"], ["user", "set", "ada"],
        ["deployment", "show", "last"], ["deployment", "cancel", "0"], ["events", "--limit", "0"], ["nonsense"],
        ["gateway", "nonsense"], ["company", "list", "--server", "localhost"],
        ["backup", "file", "--server", "http://h"], ["tls", "nonsense"], ["tls", "server", "--host"],
        ["tls", "server", "--host", "a_b"], ["tls", "self-signed", "--host", "a", "https://b"],
        ["tls", "server", "--host", "a", "b:8883"], ["tls", "ca", "more"],
        ["tls", "ca", "--server", "http://h"], ["tls", "server", "--server", "http://h"],
        ["tls", "--server", "http://h", "self-signed", "--host", "a"],
    ])
    func `a wrong line is one line on standard error and exit code 64`(arguments: [String]) async {
        let run = await umctl(arguments)
        #expect(run.status == 64)
        #expect(run.output.isEmpty)
        #expect(run.errors.hasPrefix("umctl: "))
        #expect(run.errors.split(separator: "\n").count == 1)
    }

    @Test(arguments: [["--version"], ["company", "list", "--version"], ["init", "--version"]])
    func `the program's version is one line`(arguments: [String]) async {
        let run = await umctl(arguments)
        #expect(run.status == 0)
        #expect(run.lines.count == 1)
        #expect(run.output.hasPrefix("umctl "))
    }

    @Test(arguments: [
        "push", "gateway", "release", "deployment", "company", "user", "mqtt-account", "events", "init", "backup",
        "restore", "import", "doctor", "tls", "login", "logout", "whoami",
    ])
    func `every verb explains itself`(verb: String) async {
        let run = await umctl(verb, "--help")
        #expect(run.status == 0)
        #expect(run.output.contains("USAGE: umctl \(verb)"))
    }

    @Test func `shells get their completions`() async {
        let run = await umctl("--generate-completion-script", "bash")
        #expect(run.status == 0)
        #expect(run.output.contains("umctl"))
    }

    @Test func `where no daemon answers the exit code is 69 and the line says where`() async throws {
        try await withTemporaryFolder { folder in
            let local = await umctl("company", "list", data: folder)
            #expect(local.status == 69)
            #expect(local.errors.contains(folder + "/umd.sock"))
            let remote = await umctl("company", "list", "--server", "http://127.0.0.1:1")
            #expect(remote.status == 69)
            #expect(remote.errors.contains("http://127.0.0.1:1"))
            let named = await umctl("company", "list", environment: ["UM_SERVER": "http://127.0.0.1:1"])
            #expect(named.status == 69)
        }
    }
}
