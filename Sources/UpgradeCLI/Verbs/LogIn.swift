import ArgumentParser
import Glibc
import UpgradeAPI

/// `umctl login`: from now on, verbs with the same `--server` act as this user.
struct LogIn: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login", abstract: "Log in to the daemon at --server, and keep a token for it.",
        discussion: """
            The password is used once: what is kept, for you alone to read, is an API token that ends in 90 days, with 'umctl logout', and when your password \
            is changed.
            """)

    @Option(help: "The user.")
    var username: String

    @OptionGroup var password: PasswordOptions
    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let server = try options.connection.namedServer(for: "login")
        let drawer = try TokenDrawer.current()
        let before = try? drawer.find(server.endpoint.key)
        let password = try password.present(of: username)
        if !server.endpoint.isEncrypted, !server.endpoint.isOfThisMachine {
            Console.current.errorLine("umctl: the password goes to \(server.endpoint) unencrypted")
        }
        let (me, token) = try await server.withClient(token: nil) { client in
            try await client.loggedIn(username: username, password: password) { client, me in
                if me.mustChangePassword { try await changePassword(password, client) }
                return (me, try await client.makeToken(TokenCreation(name: "umctl on \(Self.hostName())")))
            }
        }
        guard let secret = token.token else {
            throw Failure("\(server.endpoint) made a token and did not show it", status: ExitStatus.unreachable)
        }
        try drawer.keep(
            KeptToken(
                server: server.endpoint.key, username: me.username, id: token.id, token: secret,
                expiresAt: token.expiresAt))
        if let before { await end(before, at: server) }
        try Printer(options.connection).done(
            "logged in at \(server.endpoint) as \(me.username), \(me.role.rawValue) of company \(me.companyId), until \(token.expiresAt.short)",
            TokenBody(id: token.id, name: token.name, expiresAt: token.expiresAt))
    }

    /// Asks for a password that not everybody knows.
    private func changePassword(_ present: String, _ client: APIClient) async throws {
        let console = Console.current
        let isAskable = !password.passwordStdin
        if isAskable {
            console.errorLine("umctl: this is the password that every installation starts with; choose another")
        }
        guard isAskable, let new = console.askSecretly("New password for \(username): ") else {
            throw Failure(
                """
                the password of \(username) is the one that every installation starts with, and must be changed first: run 'umctl login' at a terminal, \
                which asks for a new one, or log in at \(client.endpoint)/profile
                """, status: ExitStatus.notAllowed)
        }
        guard console.askSecretly("Again: ") == new else {
            throw Failure("the two passwords differ; nothing was changed")
        }
        _ = try await client.updateMe(MePatch(password: new, currentPassword: present))
    }

    /// The token from an earlier log-in is of no use any more; if it cannot be revoked, it ends by itself.
    private func end(_ token: KeptToken, at server: Destination) async {
        try? await APIClient.connected(to: server.endpoint, trust: server.trust, token: token.token) {
            try await $0.revokeToken(token.id)
        }
    }

    private static func hostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "a machine" }
        let text = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return text.isEmpty ? "a machine" : text
    }
}
