/// Why TLS could not be set up, or a handshake failed.
///
/// Times are Unix seconds. A subject is a distinguished name on one line, such as "O=Example, CN=umd".
public indirect enum TLSError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A file could not be read, or holds what is neither certificate nor key.
    case cannotRead(file: String, reason: String)
    /// OpenSSL does not take a file's certificate; its words.
    case cannotUse(file: String, subject: String, reason: String)
    /// A file has no certificate in it.
    case noCertificate(file: String)
    /// A file has no private key in it.
    case noPrivateKey(file: String)
    /// A private key asks for a passphrase, which a server that starts by itself cannot give.
    case encryptedKey(file: String)
    /// The key is another certificate's.
    case keyDoesNotMatch(keyFile: String, certificateFile: String, subject: String)
    /// A key is so short that it can be broken. The file is nil where a peer sent the certificate.
    case weakKey(subject: String, algorithm: String, bits: Int, minimum: Int, file: String?)
    /// A certificate's signature uses a digest that can be forged. The file is nil where a peer sent the certificate.
    case weakSignature(subject: String, algorithm: String, file: String?)
    /// The peer's certificate, or one above it, has expired.
    case certificateExpired(subject: String, at: Int64)
    /// The peer's certificate, or one above it, is of the future.
    case certificateNotYetValid(subject: String, from: Int64)
    /// Nobody who is trusted vouches for the peer's certificate.
    case unknownAuthority(subject: String, issuer: String)
    /// The peer's certificate vouches for itself, and is not one that is trusted.
    case selfSigned(subject: String)
    /// The peer's certificate is that of another host.
    case wrongName(expected: String, subject: String, names: [String])
    /// The peer's certificate is not accepted for another reason, in OpenSSL's words.
    case notAccepted(subject: String, reason: String)
    /// The peer ended TLS with an alert, such as "unknown CA" when it does not accept this side's certificate.
    case refusedByPeer(alert: String)
    /// The peer does not speak TLS, or the two sides have no version or cipher in common; OpenSSL's words.
    case failed(reason: String)
    /// The peer closed the connection before the handshake was done.
    case closedDuringHandshake
    /// OpenSSL could not be set up.
    case unavailable(reason: String)

    /// One line that names the file or the certificate's subject, and what is wrong with it.
    public var description: String {
        switch self {
        case .cannotRead(let file, let reason): "cannot read \(file): \(reason)"
        case .cannotUse(let file, let subject, let reason):
            "\(file): the certificate of \(subject) cannot be used: \(reason)"
        case .noCertificate(let file): "\(file) has no PEM certificate in it"
        case .noPrivateKey(let file): "\(file) has no PEM private key in it"
        case .encryptedKey(let file):
            "the key in \(file) is encrypted; decrypt it with: openssl pkey -in \(file) -out NEWKEY"
        case .keyDoesNotMatch(let keyFile, let certificateFile, let subject):
            "the key in \(keyFile) does not belong to the certificate of \(subject), the first in \(certificateFile)"
        case .weakKey(let subject, let algorithm, let bits, let minimum, let file):
            Self.prefix(file) + "the \(algorithm) key of \(subject) has \(bits) bits; at least \(minimum) are needed"
        case .weakSignature(let subject, let algorithm, let file):
            Self.prefix(file)
                + "the certificate of \(subject) is signed with \(algorithm), which can be forged; SHA-256 is needed"
        case .certificateExpired(let subject, let time):
            "the certificate of \(subject) expired on \(UnixTime.text(time))"
        case .certificateNotYetValid(let subject, let time):
            "the certificate of \(subject) is not valid before \(UnixTime.text(time)); is the clock right?"
        case .unknownAuthority(let subject, let issuer):
            "the certificate of \(subject) was issued by \(issuer), which is not trusted"
        case .selfSigned(let subject): "the certificate of \(subject) is self-signed and not trusted"
        case .wrongName(let expected, let subject, let names):
            "the certificate of \(subject) is not for \(expected)"
                + (names.isEmpty ? "" : " but for \(names.joined(separator: ", "))")
        case .notAccepted(let subject, let reason): "the certificate of \(subject) is not accepted: \(reason)"
        case .refusedByPeer(let alert): "the peer refused TLS: \(alert)"
        case .failed(let reason): "TLS failed: \(reason)"
        case .closedDuringHandshake: "the peer closed the connection during the TLS handshake"
        case .unavailable(let reason): "TLS is not available: \(reason)"
        }
    }

    /// Whether the peer showed a certificate that this side does not accept: trying again changes nothing until one of the two is given another.
    public var isAboutPeerCertificate: Bool {
        switch self {
        case .weakKey(_, _, _, _, let file), .weakSignature(_, _, let file): file == nil
        case .certificateExpired, .certificateNotYetValid, .unknownAuthority, .selfSigned, .wrongName, .notAccepted:
            true
        default: false
        }
    }

    private static func prefix(_ file: String?) -> String {
        file.map { "\($0): " } ?? ""
    }
}

/// Unix seconds as text.
enum UnixTime {
    /// Such as "2026-03-01 12:00:00 UTC".
    static func text(_ seconds: Int64) -> String {
        let day = Int64((Double(seconds) / 86_400).rounded(.down))
        let second = seconds - day * 86_400
        // Days since 0000-03-01, so that the leap day ends a year (the proleptic Gregorian calendar repeats every 400 years).
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return "\(year)-\(two(month))-\(two(dayOfMonth)) "
            + "\(two(second / 3_600)):\(two(second / 60 % 60)):\(two(second % 60)) UTC"
    }

    private static func two(_ number: Int64) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
