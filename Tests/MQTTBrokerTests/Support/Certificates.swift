import Glibc
import MQTTWire

/// An authority, and what it vouches for, made by the openssl command line for this run of the tests.
final class Certificates: Sendable {
    /// A certificate and its key.
    struct Pair: Sendable {
        let certificate: String
        let key: String
    }

    static let shared = Result { try Certificates() }

    private let folder: String
    let authority: Pair
    /// For localhost, 127.0.0.1 and ::1.
    let server: Pair
    /// The same for another subject.
    let otherServer: Pair
    /// For CN=gw1, with an alternative name.
    let client: Pair
    /// For CN=gw1 too, but nobody knows who vouches for it.
    let impostor: Pair

    private init() throws {
        var template = Array("/tmp/mqtt-broker-tests.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Peer.Trouble(description: "no folder for certificates") }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        self.folder = folder
        func make(_ name: String, _ subject: String, _ names: String?, by authority: Pair?) throws -> Pair {
            let pair = Pair(certificate: "\(folder)/\(name).pem", key: "\(folder)/\(name).key")
            var arguments = [
                "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "30",
                "-subj", subject, "-keyout", pair.key, "-out", pair.certificate,
            ]
            if let names { arguments += ["-addext", "subjectAltName=\(names)"] }
            if let authority {
                arguments += ["-CA", authority.certificate, "-CAkey", authority.key]
                arguments += ["-addext", "basicConstraints=critical,CA:FALSE"]
            }
            guard try Program("openssl", arguments).finish().status == 0 else {
                throw Peer.Trouble(description: "openssl made no certificate for \(name)")
            }
            return pair
        }
        let hosts = "DNS:localhost,IP:127.0.0.1,IP:::1"
        authority = try make("authority", "/CN=Authority", nil, by: nil)
        server = try make("server", "/CN=server", hosts, by: authority)
        otherServer = try make("other-server", "/CN=other server", hosts, by: authority)
        client = try make("client", "/O=Fleet/CN=gw1", "DNS:gw1.example", by: authority)
        impostor = try make("impostor", "/O=Fleet/CN=gw1", nil, by: nil)
        atexit { Certificates.remove() }
    }

    private static func remove() {
        guard let shared = try? shared.get() else { return }
        for pair in [shared.authority, shared.server, shared.otherServer, shared.client, shared.impostor] {
            unlink(pair.certificate)
            unlink(pair.key)
        }
        unlink("\(shared.folder)/connect")
        rmdir(shared.folder)
    }

    /// A file with some bytes in it.
    func file(_ bytes: [UInt8]) throws -> String {
        let path = "\(folder)/connect"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        guard write(descriptor, bytes, bytes.count) == bytes.count else {
            throw Peer.Trouble(description: "cannot write \(path)")
        }
        return path
    }

    func serverContext(
        _ pair: Pair? = nil, asksForCertificates: Bool = false
    ) throws -> TLSServerContext {
        let pair = pair ?? server
        return try TLSServerContext(
            certificateFile: pair.certificate, keyFile: pair.key,
            clientAuthorityFile: asksForCertificates ? authority.certificate : nil)
    }

    func clientContext(_ pair: Pair? = nil) throws -> TLSClientContext {
        try TLSClientContext(
            trust: .authority(file: authority.certificate), certificateFile: pair?.certificate, keyFile: pair?.key)
    }
}

extension SharedBytes {
    var array: [UInt8] { withUnsafeBytes { [UInt8]($0) } }
}
