import COpenSSL

/// A PEM file of certificates: one, or one and those that vouch for it.
public struct CertificateFile: Hashable, Sendable {
    /// Where it was read, or what the text was said to be.
    public let path: String
    /// The certificate that the file is about: its first.
    public let certificate: CertificateSummary
    /// Those after it.
    public let others: [CertificateSummary]

    /// Larger files are none of ours.
    private static let largest = 1 << 20

    /// Reads the certificates of a file, in their order; whatever else is in it is passed over.
    ///
    /// - Throws: ``CertificateError``.
    public static func read(_ path: String) throws(CertificateError) -> CertificateFile {
        try CertificateFile(pem: bytes(of: path), path: path)
    }

    /// Reads the certificates of PEM text; `path` is for messages.
    ///
    /// - Throws: ``CertificateError``.
    public init(pem: [UInt8], path: String) throws(CertificateError) {
        let all: [CertificateSummary]
        do { all = try Self.certificates(in: pem) } catch { throw .damaged(path: path, problem: error.detail) }
        guard let first = all.first else { throw .noCertificate(path: path) }
        self.path = path
        certificate = first
        others = Array(all.dropFirst())
    }

    /// Makes sure that a key file holds the private key of the first certificate.
    ///
    /// - Throws: ``CertificateError``, among them ``CertificateError/encryptedKey(path:)`` and ``CertificateError/keyMismatch(key:certificate:)``.
    public func checkKey(at keyPath: String) throws(CertificateError) {
        let key = try KeyObject(pem: Self.bytes(of: keyPath), path: keyPath)
        let der = certificate.der
        let certificate = try CertificateError.wrapping(path) { try CertificateObject(der: der) }
        guard key.belongs(to: certificate) else { throw .keyMismatch(key: keyPath, certificate: path) }
    }

    /// Whether a key file asks for a passphrase.
    ///
    /// - Throws: ``CertificateError`` when there is no private key in it.
    public static func isKeyEncrypted(at keyPath: String) throws(CertificateError) -> Bool {
        do {
            _ = try KeyObject(pem: bytes(of: keyPath), path: keyPath)
            return false
        } catch {
            guard case .encryptedKey = error else { throw error }
            return true
        }
    }

    /// What a PEM file holds.
    static func bytes(of path: String) throws(CertificateError) -> [UInt8] {
        try CertificateError.wrapping(path) {
            var bytes: [UInt8] = []
            try FileBytes.read(path, inPiecesOf: 1 << 16) { piece in
                bytes += piece
                guard bytes.count <= largest else {
                    throw CertificateError.file(path: path, problem: "it is too large for a certificate or key")
                }
            }
            return bytes
        }
    }

    private static func certificates(in pem: [UInt8]) throws(CryptoError) -> [CertificateSummary] {
        let text = try TextBuffer(pem)
        var all: [CertificateSummary] = []
        // Nothing in a certificate is encrypted; a function of our own keeps OpenSSL from the terminal all the same.
        let refuse: @convention(c) (UnsafeMutablePointer<CChar>?, CInt, CInt, UnsafeMutableRawPointer?) -> CInt = {
            _, _, _, _ in -1
        }
        while let pointer = PEM_read_bio_X509(text.pointer, nil, refuse, nil) {
            all.append(try CertificateSummary(CertificateObject(owning: pointer)))
        }
        // The end is an error to OpenSSL, and the only one that is none.
        let code = ERR_peek_last_error()
        guard code == 0 || ERR_GET_REASON(code) == PEM_R_NO_START_LINE else {
            throw CryptoError(operation: "a certificate from PEM")
        }
        ERR_clear_error()
        return all
    }
}
