import ArgumentParser
import UpgradeAPI

/// The daemon that a verb talks to, and how.
struct Destination {
    let endpoint: Endpoint
    let trust: ServerTrust
    /// `--insecure`: said each time, since a password or a token may go to whoever answers.
    private let isUnverified: Bool

    /// The daemon of this machine's data folder.
    static func controlSocket(_ path: String) -> Destination {
        Destination(endpoint: .controlSocket(path: path), trust: .system, isUnverified: false)
    }

    /// The daemon at an address.
    static func server(_ url: String, authorityFile: String?, insecure: Bool) throws -> Destination {
        let endpoint: Endpoint
        do {
            endpoint = try Endpoint.server(url)
        } catch {
            throw ValidationError("\(error)")
        }
        if authorityFile != nil, insecure {
            throw ValidationError("--ca has the server's certificate verified, --insecure has it not; choose one")
        }
        if authorityFile != nil || insecure, !endpoint.isEncrypted {
            throw ValidationError("\(url) has no certificate to verify; --ca and --insecure go with https://")
        }
        return Destination(
            endpoint: endpoint, trust: authorityFile.map { .authority(file: $0) } ?? (insecure ? .nothing : .system),
            isUnverified: insecure)
    }

    /// Runs `body` with a client of it.
    func withClient<Result>(token: String?, _ body: (APIClient) async throws -> Result) async throws -> Result {
        if isUnverified {
            Console.current.errorLine(
                "umctl: --insecure: the certificate of \(endpoint) is not verified, anybody could answer in its place")
        }
        do {
            return try await APIClient.connected(to: endpoint, trust: trust, token: token, body)
        } catch APIError.unreachable(let address, let reason) where address == endpoint.description {
            let remedy = address.hasPrefix("/") ? "; is umd running on this data folder?" : ""
            throw Failure("cannot reach the daemon at \(address): \(reason)\(remedy)", status: ExitStatus.unreachable)
        } catch APIError.untrusted(let address, let reason) {
            throw Failure(
                "cannot trust the daemon at \(address): \(reason); name its authority's file with --ca",
                status: ExitStatus.unreachable)
        }
    }
}
