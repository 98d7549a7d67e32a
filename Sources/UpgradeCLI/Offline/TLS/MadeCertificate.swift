import UpgradeAPI
import UpgradeCore

/// What a verb of `umctl tls` prints: the API has no body for this.
struct MadeCertificate: Encodable {
    /// How a daemon takes new files over.
    static let restart = "a running umd takes it over on SIGHUP (kill -HUP, or systemctl reload)"

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

    /// Prints the object, or its members and the next step.
    func show(_ options: ConnectionOptions, nextStep: String) throws {
        let printer = Printer(options)
        guard !options.json else { return try printer.json(self) }
        printer.note("certificate  \(certificate)")
        printer.note("key          \(key) (keep it secret)")
        printer.note("subject      \(subject)")
        if issuer != subject { printer.note("signed by    \(issuer)") }
        if !names.isEmpty { printer.note("names        \(names.joined(separator: ", "))") }
        printer.note("key type     \(keyType)")
        printer.note("valid        from \(notBefore.short) until \(notAfter.short)")
        printer.note("SHA-256      \(fingerprint)")
        for file in kept { printer.note("kept         \(file)") }
        printer.note("next: \(nextStep)")
    }
}
