import UpgradeAPI
import UpgradeCore

/// What a verb of `umctl tls` prints: the API has no body for this.
struct MadeCertificate: Encodable {
    /// How a daemon takes new files over.
    static let restart = "a running umd takes it over on SIGHUP (kill -HUP) or when it is started again"

    private let certificate: String
    private let key: String
    private let subject: String
    private let issuer: String
    private let names: [String]
    private let keyType: String
    private let notBefore: RFC3339Time
    private let notAfter: RFC3339Time
    private let fingerprint: String
    private let authorityFingerprint: String?
    private let kept: [String]

    init(_ made: TLSFiles.Made) {
        certificate = made.files.certificate
        key = made.files.key
        subject = made.certificate.subject
        issuer = made.certificate.issuer
        names = made.certificate.alternativeNames
        keyType = made.certificate.keyDescription
        notBefore = RFC3339Time(unixMilliseconds: made.certificate.notBefore.milliseconds)
        notAfter = RFC3339Time(unixMilliseconds: made.certificate.notAfter.milliseconds)
        fingerprint = made.certificate.fingerprint
        authorityFingerprint = made.authority?.fingerprint
        kept = made.kept
    }

    /// Prints the object, or its members and the next step; also those of a server certificate that was made along with an authority.
    func show(_ options: ConnectionOptions, with server: MadeCertificate? = nil, nextStep: String) throws {
        let printer = Printer(options)
        guard !options.json else { return try printer.json(Body(certificate: self, server: server)) }
        for line in lines + (server.map { [""] + $0.lines } ?? []) + ["next: \(nextStep)"] { printer.note(line) }
    }

    private var lines: [String] {
        var lines = [
            "certificate  \(certificate)", "key          \(key) (keep it secret)", "subject      \(subject)",
        ]
        if issuer != subject { lines.append("signed by    \(issuer)") }
        if !names.isEmpty { lines.append("names        \(names.joined(separator: ", "))") }
        lines.append("key type     \(keyType)")
        lines.append("valid        from \(notBefore.short) until \(notAfter.short)")
        lines.append("SHA-256      \(fingerprint)")
        lines += kept.map { "kept         \($0)" }
        return lines.map(\.printable)
    }

    /// The members of a certificate, and among them the server's where two were made.
    private struct Body: Encodable {
        let certificate: MadeCertificate
        let server: MadeCertificate?

        private enum Key: CodingKey {
            case server
        }

        func encode(to encoder: any Encoder) throws {
            try certificate.encode(to: encoder)
            var container = encoder.container(keyedBy: Key.self)
            try container.encodeIfPresent(server, forKey: .server)
        }
    }
}
