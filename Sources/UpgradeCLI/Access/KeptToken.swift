import FoundationEssentials
import Glibc
import UpgradeAPI
import UpgradeCore

/// A token that `umctl login` keeps for one server.
struct KeptToken: Codable, Equatable {
    /// The server's address, as ``Endpoint/key`` has it.
    var server: String
    var username: String
    var id: Int64
    var token: String
    var expiresAt: RFC3339Time
}

/// Where tokens are kept: one file for each server, which its owner alone can read.
struct TokenDrawer {
    private let folder: String

    /// `upgrade-manager` in `XDG_CONFIG_HOME`, else in `~/.config`; nil when nothing says where that is.
    init?(environment: [String: String]) {
        // The XDG specification has relative paths ignored.
        if let configuration = environment["XDG_CONFIG_HOME"], configuration.hasPrefix("/") {
            folder = configuration + "/upgrade-manager"
        } else if let home = environment["HOME"], home.hasPrefix("/") {
            folder = home + "/.config/upgrade-manager"
        } else {
            return nil
        }
    }

    /// The token for a server; nil when there is none.
    ///
    /// - Throws: ``Failure`` when there is a file that cannot be read.
    func find(_ server: String) throws -> KeptToken? {
        let path = path(server)
        guard access(path, F_OK) == 0 else { return nil }
        do {
            let kept = try JSONDecoder().decode(KeptToken.self, from: try Data(contentsOf: URL(filePath: path)))
            return kept.server == server ? kept : nil
        } catch {
            throw Failure("\(path) cannot be read: log in anew with umctl login")
        }
    }

    /// Keeps a token in the place of the one before.
    func keep(_ token: KeptToken) throws {
        try DataFolder.makeFolder(folder)
        try DurableFiles.replace(path(token.server), with: try JSONEncoder().encode(token))
    }

    func remove(_ server: String) throws {
        let path = path(server)
        guard unlink(path) == 0 || errno == ENOENT else {
            throw Failure("cannot remove \(path): \(String(cString: strerror(errno)))")
        }
    }

    /// No address has a plus sign, so that no two share a file.
    private func path(_ server: String) -> String {
        let name = server.replacing("://", with: "+").replacing(":", with: "+")
        return "\(folder)/\(name).token"
    }
}

extension TokenDrawer {
    /// The one of the user who runs the verb.
    static func current() throws -> TokenDrawer {
        guard let drawer = TokenDrawer(environment: Console.current.environment) else {
            throw Failure("there is no place to keep a token: neither XDG_CONFIG_HOME nor HOME is set")
        }
        return drawer
    }
}
