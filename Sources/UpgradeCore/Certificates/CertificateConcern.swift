import FoundationEssentials

/// Something about a certificate or key that somebody should know, with the commands that mend it.
public struct CertificateConcern: Hashable, Sendable {
    /// What is wrong.
    public enum Kind: Hashable, Sendable {
        /// The file is missing, cannot be read, or holds no certificate or key.
        case unusable
        /// The key is too short to be safe. `umd` takes it with `--tls-legacy`.
        case weakKey
        /// The digest of the signature can be forged. `umd` takes it with `--tls-legacy`.
        case weakSignature
        /// Its validity is over.
        case expired
        /// Its validity ends within ``CertificateConcern/renewalTime``.
        case expiresSoon
        /// Its validity has not begun.
        case notYetValid
        /// The private key asks for a passphrase.
        case encryptedKey
        /// Key and certificate do not belong together.
        case keyMismatch
        /// Others than the owner may read the private key.
        case exposedKey
        /// The data folder's server certificate is not signed by the data folder's authority.
        case otherAuthority
    }

    /// How bad it is.
    public enum Severity: Hashable, Sendable {
        /// It works, and somebody should know.
        case warning
        /// It does not work, or is not safe.
        case broken
    }

    /// What is wrong.
    public let kind: Kind
    /// How bad it is.
    public let severity: Severity
    /// The file in question.
    public let path: String
    /// What is wrong, with file and subject; one line.
    public let problem: String
    /// What to type, in this order; empty where commands do not help.
    public let commands: [String]

    /// Before the end of its validity a certificate is to be renewed: 30 days.
    public static let renewalTime = Duration.seconds(30 * 86_400)

    init(_ kind: Kind, _ severity: Severity, path: String, _ problem: String, commands: [String] = []) {
        self.kind = kind
        self.severity = severity
        self.path = path
        self.problem = oneLine(problem)
        self.commands = commands
    }
}

extension CertificateConcern: CustomStringConvertible {
    /// One line: what is wrong, and the commands that mend it.
    public var description: String {
        commands.isEmpty ? problem : "\(problem); mend it with: \(commands.joined(separator: " && "))"
    }
}

extension CertificateConcern {
    /// What stands against trusting the authorities of a PEM file that was made elsewhere, such as that of `--tls-ca`.
    public static func concerns(ofAuthoritiesAt path: String, now: Timestamp = .now()) -> [CertificateConcern] {
        do {
            let file = try CertificateFile.read(path)
            return ([file.certificate] + file.others).flatMap { certificate in
                concerns(of: certificate, as: .authority, at: path, now: now) { keepsKey in
                    Remedy.authority(certificate, at: path, keepsKey: keepsKey)
                }
            }
        } catch {
            return [
                CertificateConcern(
                    .unusable, .broken, path: path, "\(error); name a file of authorities' certificates with --tls-ca")
            ]
        }
    }

    /// What a certificate is for.
    enum Role {
        case server
        /// To vouch for others.
        case authority
    }

    /// Weaknesses and validity of one certificate; `remedy` is asked for the commands that make it anew, with its key or without.
    static func concerns(
        of certificate: CertificateSummary, as role: Role, at path: String, now: Timestamp,
        remedy: (_ keepsKey: Bool) -> [String]
    ) -> [CertificateConcern] {
        let named = "\(path) (\(certificate.subject))"
        var concerns: [CertificateConcern] = []
        let least = certificate.leastKeyBits
        let hasWeakKey = certificate.keyBits < least
        func add(_ kind: Kind, _ severity: Severity, _ problem: String) {
            concerns.append(
                CertificateConcern(kind, severity, path: path, "\(named): \(problem)", commands: remedy(!hasWeakKey)))
        }
        let severity: Severity = role == .server ? .broken : .warning
        let consequence = role == .server ? "umd refuses it without --tls-legacy" : "others may refuse it"
        if hasWeakKey {
            add(
                .weakKey, severity,
                "its \(certificate.keyKind) key has \(certificate.keyBits) bits, fewer than \(least); \(consequence)"
            )
        }
        if !certificate.hasKnownSignature, role == .server || !certificate.isSelfSigned {
            add(.unusable, severity, "it is signed in a way that nobody knows; the file may be damaged")
        }
        // An authority is trusted for being in a file; nobody looks at the signature that it gave itself.
        if let digest = certificate.signatureDigest, certificate.hasWeakSignature,
            role == .server || !certificate.isSelfSigned
        {
            add(.weakSignature, severity, "it is signed with \(digest), which can be forged; \(consequence)")
        }
        if now < certificate.notBefore {
            add(.notYetValid, .broken, "it is valid from \(certificate.notBefore.day) on; is the clock right?")
        } else if certificate.notAfter < now {
            add(.expired, .broken, "it expired on \(certificate.notAfter.day)")
        } else if let days = certificate.daysToRenewal(at: now) {
            add(
                .expiresSoon, .warning,
                "it expires on \(certificate.notAfter.day), \(days == 0 ? "today" : days == 1 ? "tomorrow" : "in \(days) days")"
            )
        }
        return concerns
    }
}

extension CertificateSummary {
    /// A key with fewer bits is within reach of those who can afford it. Other kinds of keys come in safe sizes alone.
    fileprivate var leastKeyBits: Int {
        switch keyType {
        case .rsa, .dsa: 2048
        case .ec: 224
        case .other: 0
        }
    }

    /// The kind of key without its size.
    fileprivate var keyKind: String {
        switch keyType {
        case .rsa: "RSA"
        case .dsa: "DSA"
        case .ec, .other: keyDescription
        }
    }

    /// Whether somebody could make another certificate with the same signature.
    fileprivate var hasWeakSignature: Bool {
        ["MD2", "MD4", "MD5", "MD5-SHA1", "MDC2", "RIPEMD160", "SHA1"].contains(signatureDigest?.uppercased())
    }

    /// The whole days that are left, when it is time to renew.
    fileprivate func daysToRenewal(at now: Timestamp) -> Int64? {
        let left = notAfter.milliseconds - now.milliseconds
        return left <= CertificateConcern.renewalTime.components.seconds * 1000 ? left / 86_400_000 : nil
    }
}

extension Timestamp {
    /// The day in UTC, such as `2026-11-22`.
    var day: String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1000).formatted(.iso8601.year().month().day())
    }
}
