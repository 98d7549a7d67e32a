import Foundation

/// Keys and certificates that the openssl command line makes, in a folder of their own.
final class CertificateFolder: Sendable {
    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    /// A certificate and its key.
    struct Pair: Sendable {
        let certificate: String
        let key: String
    }

    enum Key: String, Sendable, CaseIterable {
        case ec
        case rsa
        /// 1024 bits.
        case weak

        fileprivate var arguments: [String] {
            switch self {
            case .ec: ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
            case .rsa: ["-newkey", "rsa:2048"]
            case .weak: ["-newkey", "rsa:1024"]
            }
        }
    }

    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "certificates-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    /// Puts files together to a new one.
    func join(_ paths: [String], as name: String) throws -> String {
        let text = try paths.map { try String(contentsOfFile: $0, encoding: .utf8) }.joined()
        return try write(text, as: name)
    }

    func write(_ text: String, as name: String) throws -> String {
        try text.write(toFile: path(name), atomically: true, encoding: .utf8)
        return path(name)
    }

    /// Runs `openssl`; returns what it printed.
    @discardableResult
    func openssl(_ arguments: [String]) async throws -> String {
        let tool = try OpenSSLTool(arguments, in: folder)
        guard try await tool.status() == 0 else {
            throw Failed(description: "openssl \(arguments.joined(separator: " ")): \(tool.text)")
        }
        return tool.text
    }

    /// A certificate that vouches for itself: an authority, or a server of the simplest kind.
    func selfSigned(
        _ name: String, subject: String, names: [String] = [], key: Key = .ec, days: Int = 30, digest: String = "sha256"
    ) async throws -> Pair {
        let pair = Pair(certificate: path("\(name).pem"), key: path("\(name).key"))
        let extensions = names.isEmpty ? [] : ["-addext", "subjectAltName=\(names.joined(separator: ","))"]
        try await openssl(
            ["req", "-x509", "-nodes"] + key.arguments + ["-keyout", pair.key, "-out", pair.certificate]
                + ["-subj", subject, "-days", "\(days)", "-\(digest)"] + extensions)
        return pair
    }

    /// A certificate that an authority vouches for. `end`, if given, is when it expires, to the second.
    func issue(
        _ name: String, subject: String, by authority: Pair, names: [String] = [], key: Key = .ec, days: Int = 30,
        end: Date? = nil, digest: String = "sha256", isAuthority: Bool = false
    ) async throws -> Pair {
        let pair = Pair(certificate: path("\(name).pem"), key: path("\(name).key"))
        let request = path("\(name).csr")
        try await openssl(
            ["req", "-new", "-nodes"] + key.arguments + ["-keyout", pair.key, "-out", request, "-subj", subject])
        var lines = ["basicConstraints=CA:\(isAuthority ? "TRUE" : "FALSE")"]
        if !names.isEmpty { lines.append("subjectAltName=\(names.joined(separator: ","))") }
        let extensions = try write(lines.joined(separator: "\n") + "\n", as: "\(name).ext")
        if let end {
            try await issue(request, pair, by: authority, extensions: extensions, end: end)
        } else {
            try await openssl(
                ["x509", "-req", "-in", request, "-CA", authority.certificate, "-CAkey", authority.key]
                    + ["-CAcreateserial", "-out", pair.certificate, "-days", "\(days)", "-\(digest)"]
                    + ["-extfile", extensions])
        }
        return pair
    }

    /// `openssl x509` counts in days.
    private func issue(_ request: String, _ pair: Pair, by authority: Pair, extensions: String, end: Date) async throws
    {
        let configuration = try write(
            """
            [ca]
            default_ca=own
            [own]
            database=\(try write("", as: "index"))
            serial=\(try write("1000\n", as: "serial"))
            new_certs_dir=\(folder.path)
            default_md=sha256
            policy=any
            [any]
            commonName=supplied

            """, as: "ca.conf")
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(secondsFromGMT: 0)
        format.dateFormat = "yyyyMMddHHmmss'Z'"
        try await openssl(
            ["ca", "-batch", "-config", configuration, "-in", request, "-cert", authority.certificate]
                + ["-keyfile", authority.key, "-out", pair.certificate, "-notext", "-extfile", extensions]
                + ["-startdate", "20200101000000Z", "-enddate", format.string(from: end)])
    }
}
