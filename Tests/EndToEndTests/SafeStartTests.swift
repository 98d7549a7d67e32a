import Foundation
import ProgramSupport
import Testing

/// The guards against an unsafe start, each by the real daemon. Some of these listen beyond loopback for a moment, on free ports.
@Suite("Guards of a safe start", .serialized, .timeLimit(.minutes(5)))
struct SafeStartTests {
    /// One row of the table: what trips it while every other is satisfied.
    enum Row: CaseIterable {
        case plaintext
        case bootstrapPassword
        case defaultSecret
        case plainHTTP

        /// Both listeners beyond loopback, and everything safe but one thing.
        func arguments(_ folder: Prepared) -> [String] {
            let all = ["--http-host", "0.0.0.0", "--mqtt-host", "0.0.0.0"]
            return switch self {
            case .plaintext: all + ["--nossl", "--https"] + folder.ownSecret
            case .bootstrapPassword: all + ["--https"] + folder.ownSecret
            case .defaultSecret: all + ["--https"]
            case .plainHTTP: all + folder.ownSecret
            }
        }

        /// The flags that the refusal names.
        var remedies: [String] {
            switch self {
            case .plaintext: ["--insecure-listen"]
            case .bootstrapPassword: ["umctl user passwd", "umctl init", "--insecure-listen"]
            case .defaultSecret: ["--mqtt-password-file", "--accept-default-mqtt-secret", "--insecure-listen"]
            case .plainHTTP: ["--https", "--behind-proxy", "--insecure-listen"]
            }
        }

        /// What the refusal and the warning say is unsafe.
        var danger: String {
            switch self {
            case .plaintext: "--nossl listens beyond loopback"
            case .bootstrapPassword: "the super user still has the bootstrap password"
            case .defaultSecret: "gateways log in with the default user name and password"
            case .plainHTTP: "HTTP listens beyond loopback without TLS"
            }
        }
    }

    /// A data folder whose super user has a password of their own, and a secret for gateways.
    struct Prepared {
        let folder: String
        let data: String
        let ownSecret: [String]

        static func with(_ body: (Prepared) async throws -> Void) async throws {
            try await TemporaryFolder.with { folder in
                let secret = folder + "/secret"
                try Data("a secret of our own\n".utf8).write(to: URL(filePath: secret))
                let data = folder + "/data"
                let initialised = try await Program.run(
                    "umctl", ["--data", data, "init", "--username", "root@example.com", "--password-stdin"],
                    input: "a password of our own\n")
                try #require(initialised.status == 0, "\(initialised.errors)")
                try await body(
                    Prepared(folder: folder, data: data, ownSecret: ["--mqtt-password-file", secret]))
            }
        }

        /// The data folder for a row: of the bootstrap password only a fresh one speaks.
        func data(for row: Row) -> String { row == .bootstrapPassword ? folder + "/fresh" : data }

        /// Everything in the folder.
        var contents: Set<String> {
            Set(FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? [])
        }
    }

    /// Starts it, and expects it not to start, with one line that says why and what to do.
    private func expectRefusal(
        _ data: String, _ arguments: [String], _ row: Row, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let ports =
            ["--http-port", "0"] + (arguments.contains("--nossl") ? ["--mqtt-port", "0"] : ["--mqtts-port", "0"])
        let outcome = try await Program.run("umd", ["--data", data] + ports + arguments)
        #expect(outcome.status == 78, sourceLocation: sourceLocation)
        #expect(outcome.output.isEmpty, sourceLocation: sourceLocation)
        #expect(outcome.errors.hasPrefix("umd: ") && outcome.errors.hasSuffix("\n"), sourceLocation: sourceLocation)
        #expect(
            outcome.errors.filter { $0 == "\n" }.count == 1, "\(outcome.errors)", sourceLocation: sourceLocation)
        for text in [row.danger] + row.remedies {
            #expect(outcome.errors.contains(text), "\(text): \(outcome.errors)", sourceLocation: sourceLocation)
        }
    }

    /// Starts it, and expects these warnings and no others, in the log and red on the first page.
    private func expectStart(
        _ data: String, _ arguments: [String], dangers: [String] = [], allowedBy flag: String = "--insecure-listen",
        sourceLocation: SourceLocation = #_sourceLocation, _ body: (Daemon) async throws -> Void = { _ in }
    ) async throws {
        let isPlain = arguments.contains("--nossl")
        let daemon = try await Daemon.start(
            on: data, arguments.filter { $0 != "--nossl" }, mode: isPlain ? .plain : .tls)
        let visitor = Visitor(of: daemon, in: data)
        for path in isPlain ? ["/", "/profile"] : ["/login"] {
            let page = try await visitor.get(path)
            #expect(page.status == 200, sourceLocation: sourceLocation)
            #expect(page.dangers.count == dangers.count, "\(page.dangers)", sourceLocation: sourceLocation)
            for danger in dangers {
                let shown = page.dangers.first { $0.localizedCaseInsensitiveContains(danger) }
                #expect(
                    shown?.contains("<code>\(flag)</code>") == true, "\(page.dangers)", sourceLocation: sourceLocation)
            }
        }
        let log = daemon.logSoFar
        #expect(dangers.allSatisfy { log.contains($0) }, "\(log)", sourceLocation: sourceLocation)
        #expect(dangers.isEmpty == log.isEmpty, "\(log)", sourceLocation: sourceLocation)
        try await body(daemon)
        #expect(try await daemon.stop() == 0, sourceLocation: sourceLocation)
    }

    @Test("Each row is refused alone, and nothing is made", arguments: Row.allCases)
    func refused(row: Row) async throws {
        try await Prepared.with { folder in
            let before = folder.contents
            try await expectRefusal(folder.data(for: row), row.arguments(folder), row)
            #expect(folder.contents == before)
        }
    }

    @Test(
        "Each row is overridden by --insecure-listen, which shows red, and no other row with it",
        arguments: Row.allCases)
    func overridden(row: Row) async throws {
        try await Prepared.with { folder in
            try await expectStart(
                folder.data(for: row), row.arguments(folder) + ["--insecure-listen"],
                dangers: [row.danger]
            ) { daemon in
                guard row == .bootstrapPassword else { return }
                let changed = try await daemon.umctl(
                    "user", "passwd", "super@gushenxing.com", "--password-stdin", input: "a better one\n")
                #expect(changed.status == 0, "\(changed.errors)")
                #expect(try await Visitor(of: daemon, in: folder.folder).get("/login").dangers.isEmpty)
            }
        }
    }

    @Test("What satisfies all rows starts without a warning, and keeps metrics to super users")
    func satisfied() async throws {
        try await Prepared.with { folder in
            let all = ["--http-host", "0.0.0.0", "--mqtt-host", "0.0.0.0"] + folder.ownSecret
            try await expectStart(folder.data, all + ["--https"]) { daemon in
                #expect(daemon.readyLine.contains(" http=https://0.0.0.0:"))
                #expect(daemon.readyLine.contains(" mqtt=mqtts://0.0.0.0:"))
                let visitor = Visitor(of: daemon, in: folder.folder)
                #expect(try await visitor.get("/metrics").status == 401)
                let logIn = #"{"username":"root@example.com","password":"a password of our own"}"#
                #expect(try await visitor.send("POST", "/api/v1/session", json: logIn).status == 200)
                #expect(try await visitor.get("/metrics").body.contains("upgrade_manager_gateways 0"))
                let operators = try await Program.run(
                    "/usr/bin/curl", ["-s", "--unix-socket", "\(daemon.data)/umd.sock", "http://localhost/metrics"])
                #expect(operators.output.contains("upgrade_manager_gateways 0"))
            }
            try await expectStart(folder.data, all + ["--behind-proxy"])
        }
    }

    @Test("One listener beyond loopback trips the rows that concern it, and no other")
    func oneListener() async throws {
        try await Prepared.with { folder in
            let fresh = folder.folder + "/fresh"
            try await expectStart(folder.data, ["--mqtt-host", "0.0.0.0"] + folder.ownSecret)
            try await expectStart(folder.data, ["--http-host", "0.0.0.0", "--https"])
            try await expectRefusal(fresh, ["--mqtt-host", "0.0.0.0"] + folder.ownSecret, .bootstrapPassword)
            try await expectRefusal(fresh, ["--http-host", "0.0.0.0", "--https"], .bootstrapPassword)
            try await expectRefusal(
                folder.data, ["--nossl", "--mqtt-host", "0.0.0.0"] + folder.ownSecret, .plaintext)
            try await expectRefusal(
                folder.data, ["--nossl", "--http-host", "0.0.0.0", "--behind-proxy"], .plaintext)
            #expect(!FileManager.default.fileExists(atPath: fresh))
        }
    }

    @Test("The default secret may be accepted in TLS mode: a warning shows, and new gateways are quarantined")
    func acceptedSecret() async throws {
        try await Prepared.with { folder in
            let accepted = ["--mqtt-host", "0.0.0.0", "--accept-default-mqtt-secret"]
            try await expectStart(
                folder.data, accepted, dangers: ["\(Row.defaultSecret.danger); unknown ones are quarantined"],
                allowedBy: "--accept-default-mqtt-secret"
            ) { daemon in
                _ = try await FieldGateway.known("gw2", to: daemon)
                #expect(try await daemon.gateway("gw2")["approved"].text == "0")
            }
            try await expectRefusal(folder.data, accepted + ["--new-gateways", "open"], .defaultSecret)
            try await expectStart(
                folder.data, ["--nossl", "--insecure-listen"] + accepted,
                dangers: [Row.plaintext.danger, Row.defaultSecret.danger])
        }
    }

    @Test("A folder that was initialised with the well-known password is refused as it is")
    func knownPassword() async throws {
        try await Prepared.with { folder in
            let data = folder.folder + "/known"
            #expect(try await Program.run("umctl", ["--data", data, "init"]).status == 0)
            let before = folder.contents
            try await expectRefusal(data, Row.bootstrapPassword.arguments(folder), .bootstrapPassword)
            #expect(folder.contents == before)
        }
    }

    @Test(
        "On loopback everything works with the defaults, and nothing is warned of",
        arguments: [Daemon.Mode.plain, .tls])
    func defaults(mode: Daemon.Mode) async throws {
        try await TemporaryFolder.with { folder in
            try await expectStart(folder + "/data", mode == .plain ? ["--nossl"] : []) { daemon in
                let gateway = try await FieldGateway.known("gw2", to: daemon)
                try await daemon.drop("1.2", Data("1.2".utf8))
                #expect(try await daemon.umctl("push", "--version", "1.2", "--gateway", "gw2").status == 0)
                #expect(try await gateway.next("UPGRADE/gw2").text == "1.2")
                #expect(try await Visitor(of: daemon, in: folder).get("/metrics").status == 200)
            }
        }
    }
}
