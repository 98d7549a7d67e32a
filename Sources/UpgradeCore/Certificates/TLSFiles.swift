import CPosix
import FoundationEssentials
import Glibc

/// The certificates of a data folder: the authority's and the server's, with their keys.
public struct TLSFiles: Sendable {
    /// The folder that they are in.
    public let folder: String

    /// The certificates of this data folder. Nothing is touched.
    public init(folder: DataFolder) {
        self.folder = folder.tls
    }

    /// What clients verify against, and the key that signs the server's certificate.
    public var authority: CertificatePair {
        CertificatePair(certificate: folder + "/ca.crt", key: folder + "/ca.key", maker: .project)
    }

    /// What the server shows.
    public var server: CertificatePair {
        CertificatePair(certificate: folder + "/server.crt", key: folder + "/server.key", maker: .project)
    }

    /// What was made.
    public struct Made: Hashable, Sendable {
        /// The new certificate.
        public let certificate: CertificateSummary
        /// What clients that verify are to trust: the authority, which is the new certificate itself where one was made; nil for a self-signed one.
        public let authority: CertificateSummary?
        /// The files that were written.
        public let files: CertificatePair
        /// Where what they replaced was kept.
        public let kept: [String]
    }

    /// The names of the present server certificate; nil where there is none that can be read.
    public func serverNames() -> [CertificateName]? {
        try? CertificateFile.read(server.certificate).certificate.hosts
    }

    /// Makes an authority.
    ///
    /// - Parameters:
    ///   - replacing: Whether one that is there gives way.
    ///   - now: What validity counts from.
    /// - Returns: The authority.
    /// - Throws: ``CertificateError``, among them ``CertificateError/authorityExists(certificate:subject:)``.
    @discardableResult
    public func makeAuthority(
        replacing: Bool = false, now: Timestamp = .now()
    ) throws(CertificateError) -> Made {
        try whileLocked { () throws(CertificateError) in try putAuthority(replacing: replacing, now: now) }
    }

    /// Makes a server certificate signed by the authority; one that is there gives way.
    ///
    /// - Parameters:
    ///   - names: What clients dial.
    ///   - now: What validity counts from.
    /// - Returns: The certificate, and the authority that signed it.
    /// - Throws: ``CertificateError``, among them ``CertificateError/noAuthority(certificate:)``.
    @discardableResult
    public func makeServer(names: CertificateNames, now: Timestamp = .now()) throws(CertificateError) -> Made {
        try whileLocked { () throws(CertificateError) in try putServer(names, now: now) }
    }

    /// Makes a server certificate that vouches for itself; one that is there gives way.
    ///
    /// - Parameters:
    ///   - names: What clients dial.
    ///   - now: What validity counts from.
    /// - Returns: The certificate.
    /// - Throws: ``CertificateError``.
    @discardableResult
    public func makeSelfSigned(names: CertificateNames, now: Timestamp = .now()) throws(CertificateError) -> Made {
        try whileLocked { () throws(CertificateError) in
            let product = try CertificateError.wrapping(folder) { try CertificateMaker(now: now).selfSigned(names) }
            return try put(product, at: server, authority: nil)
        }
    }

    /// Makes what a server needs where there is no server certificate: one signed by the authority, and the authority too where there is none.
    /// A change of files that was cut off is finished first.
    ///
    /// - Parameters:
    ///   - names: What clients dial.
    ///   - now: What validity counts from.
    /// - Returns: The server certificate that was made, and its authority; nil when there was one.
    /// - Throws: ``CertificateError``.
    public func makeIfAbsent(
        names: CertificateNames = CertificateNames(), now: Timestamp = .now()
    ) throws(CertificateError) -> Made? {
        try whileLocked { () throws(CertificateError) in
            if exists(server.certificate) { return nil }
            if !exists(authority.certificate), !exists(authority.key) {
                // An authority of ours is made before the server's key: this one was made elsewhere.
                if exists(server.key) {
                    throw .certificateMissing(certificate: server.certificate, key: server.key)
                }
                _ = try putAuthority(replacing: false, now: now)
            }
            return try putServer(names, now: now)
        }
    }

    private func putAuthority(replacing: Bool, now: Timestamp) throws(CertificateError) -> Made {
        if !replacing, exists(authority.certificate) || exists(authority.key) {
            let subject = try? CertificateFile.read(authority.certificate).certificate.subject
            throw .authorityExists(
                certificate: authority.certificate, subject: subject ?? "which cannot be read")
        }
        let (product, summary) = try CertificateError.wrapping(folder) {
            let product = try CertificateMaker(now: now).authority()
            return (product, try CertificateSummary(der: product.certificate))
        }
        return try put(product, at: authority, authority: summary)
    }

    private func putServer(_ names: CertificateNames, now: Timestamp) throws(CertificateError) -> Made {
        guard exists(authority.certificate) else { throw .noAuthority(certificate: authority.certificate) }
        guard exists(authority.key) else { throw .authorityKeyMissing(key: authority.key) }
        let file = try CertificateFile.read(authority.certificate)
        let subject = file.certificate.subject
        guard file.certificate.isAuthority else {
            throw .notAnAuthority(certificate: authority.certificate, subject: subject)
        }
        guard now < file.certificate.notAfter else {
            throw .authorityExpired(certificate: authority.certificate, subject: subject)
        }
        try file.checkKey(at: authority.key)
        let key = try KeyObject(pem: CertificateFile.bytes(of: authority.key), path: authority.key)
        let certificate = try CertificateError.wrapping(folder) { try CertificateObject(der: file.certificate.der) }
        let issuer = CertificateMaker.Issuer(certificate: certificate, key: key)
        let product: CertificateMaker.Product
        do { product = try CertificateMaker(now: now).server(names, signedBy: issuer) } catch { throw .crypto(error) }
        // Clients know the root alone; what is between it and the server is the server's to show.
        let between = ([file.certificate] + file.others).filter { !$0.isSelfSigned }
        return try put(product, followedBy: between, at: server, authority: file.certificate)
    }
}
