/// Why a certificate or key could not be made, read or used.
public enum CertificateError: Error, Equatable, Sendable {
    /// A text that no certificate can name a host by.
    case badName(String, problem: String)
    /// A file or folder cannot be read or written.
    case file(path: String, problem: String)
    /// The file holds no certificate in PEM.
    case noCertificate(path: String)
    /// A certificate in the file cannot be understood, in OpenSSL's words.
    case damaged(path: String, problem: String)
    /// The file holds no private key in PEM.
    case noKey(path: String)
    /// The private key asks for a passphrase.
    case encryptedKey(path: String)
    /// Key and certificate do not belong together.
    case keyMismatch(key: String, certificate: String)
    /// There is the server's key, and neither its certificate nor an authority to make one.
    case certificateMissing(certificate: String, key: String)
    /// There is an authority already, which clients may trust.
    case authorityExists(certificate: String, subject: String)
    /// There is no authority to sign with.
    case noAuthority(certificate: String)
    /// There is an authority's certificate without its key.
    case authorityKeyMissing(key: String)
    /// The certificate may not sign others.
    case notAnAuthority(certificate: String, subject: String)
    /// The authority's validity is over.
    case authorityExpired(certificate: String, subject: String)
    /// OpenSSL refused.
    case crypto(CryptoError)
}

extension CertificateError: CustomStringConvertible {
    /// One line: what is wrong with which file, and what to do.
    public var description: String {
        switch self {
        case .badName(let text, let problem):
            "\(quoted(text)) is no host name or address: \(problem)"
        case .file(let path, let problem):
            "cannot use \(path): \(problem)"
        case .noCertificate(let path):
            "\(path) holds no certificate in PEM (-----BEGIN CERTIFICATE-----)"
        case .damaged(let path, let problem):
            "a certificate in \(path) is damaged: \(problem)"
        case .noKey(let path):
            "\(path) holds no private key in PEM (-----BEGIN PRIVATE KEY-----)"
        case .encryptedKey(let path):
            "the private key \(path) is encrypted, and a daemon has nobody to ask for the passphrase; "
                + "write it without one: \(Remedy.decryption(of: path).joined(separator: " && "))"
        case .keyMismatch(let key, let certificate):
            "the private key \(key) does not belong to the certificate \(certificate)"
        case .certificateMissing(let certificate, let key):
            "the certificate \(certificate) is missing, and \(key) is there, which a new one would replace; put the certificate back, "
                + "or move the key away to have both made anew"
        case .authorityExists(let certificate, let subject):
            "there is an authority already (\(certificate), \(subject)): a new one is trusted by no client that was "
                + "given the old one, until each has the new ca.crt; replace it with --replace (the old one is kept as .old)"
        case .noAuthority(let certificate):
            "there is no authority to sign with (\(certificate) is missing); make one with 'umctl tls ca' first"
        case .authorityKeyMissing(let key):
            "the authority's key \(key) is missing, so that nothing can be signed here; put it back, sign where it is kept, "
                + "or make a new authority with 'umctl tls ca --replace'"
        case .notAnAuthority(let certificate, let subject):
            "\(certificate) (\(subject)) is no authority and cannot sign; make one with 'umctl tls ca --replace'"
        case .authorityExpired(let certificate, let subject):
            "the authority \(certificate) (\(subject)) has expired; make a new one with 'umctl tls ca --replace', "
                + "and give its ca.crt to the clients"
        case .crypto(let error):
            "\(error)"
        }
    }
}

extension CertificateError {
    /// Runs what only a file operation or OpenSSL can fail at.
    static func wrapping<Value: ~Copyable>(_ path: String, _ body: () throws -> Value) throws(CertificateError) -> Value
    {
        do {
            return try body()
        } catch let error as CertificateError {
            throw error
        } catch let error as CryptoError {
            throw .crypto(error)
        } catch let error as FileError {
            throw .file(path: error.path, problem: error.problem)
        } catch let error as InstallationError {
            if case .unusable(let path, let problem) = error { throw .file(path: path, problem: problem) }
            throw .file(path: path, problem: "\(error)")
        } catch {
            throw .file(path: path, problem: oneLine("\(error)"))
        }
    }
}
