import COpenSSL

/// Makes certificates and their keys in memory: P-256, SHA-256, X.509 version 3.
struct CertificateMaker {
    /// A certificate with the private key to it.
    struct Product {
        /// The certificate's DER.
        let certificate: [UInt8]
        /// The key's PEM, not encrypted.
        let key: [UInt8]
    }

    /// What others sign with.
    struct Issuer: ~Copyable {
        let certificate: CertificateObject
        let key: KeyObject
    }

    /// What a validity counts from.
    let now: Timestamp

    private static let day: Int64 = 86_400_000
    /// Ten years.
    static let authorityLifetime = 3650 * day
    /// The most that some clients accept of a server's certificate.
    static let serverLifetime = 825 * day
    /// Clocks of gateways go wrong; a certificate is valid a little before it was made.
    private static let backdating: Int64 = 3_600_000

    /// An authority of its own, told from every other by its name.
    func authority() throws(CryptoError) -> Product {
        let key = try KeyObject()
        let certificate = try CertificateObject()
        try fill(
            certificate, key: key, commonName: "Upgrade Manager CA \(try randomBytes(4).hexadecimal)",
            notAfter: now.milliseconds + Self.authorityLifetime)
        try setIssuer(of: certificate, to: certificate)
        try add(NID_basic_constraints, "critical,CA:TRUE,pathlen:0", to: certificate, issuer: certificate)
        try add(NID_key_usage, "critical,keyCertSign,cRLSign", to: certificate, issuer: certificate)
        try add(NID_subject_key_identifier, "hash", to: certificate, issuer: certificate)
        try sign(certificate, with: key)
        return Product(certificate: try certificate.der(), key: try key.pem())
    }

    /// A server's certificate that vouches for itself.
    func selfSigned(_ names: CertificateNames) throws(CryptoError) -> Product {
        let key = try KeyObject()
        let certificate = try CertificateObject()
        try fill(
            certificate, key: key, commonName: names.commonName, notAfter: now.milliseconds + Self.serverLifetime)
        try setIssuer(of: certificate, to: certificate)
        try addServerExtensions(to: certificate, names: names, issuer: certificate)
        try sign(certificate, with: key)
        return Product(certificate: try certificate.der(), key: try key.pem())
    }

    /// A server's certificate that an authority vouches for, at most as long as the authority itself is valid.
    func server(_ names: CertificateNames, signedBy issuer: borrowing Issuer) throws(CryptoError) -> Product {
        let key = try KeyObject()
        let certificate = try CertificateObject()
        let end = try Timestamp(X509_get0_notAfter(issuer.certificate.pointer))
        try fill(
            certificate, key: key, commonName: names.commonName,
            notAfter: min(end.milliseconds, now.milliseconds + Self.serverLifetime))
        try setIssuer(of: certificate, to: issuer.certificate)
        try addServerExtensions(to: certificate, names: names, issuer: issuer.certificate)
        // Authorities of the field may have no identifier to refer to.
        if X509_get0_subject_key_id(issuer.certificate.pointer) != nil {
            try add(NID_authority_key_identifier, "keyid:always", to: certificate, issuer: issuer.certificate)
        }
        try sign(certificate, with: issuer.key)
        return Product(certificate: try certificate.der(), key: try key.pem())
    }

    private func fill(
        _ certificate: borrowing CertificateObject, key: borrowing KeyObject, commonName: String, notAfter: Int64
    ) throws(CryptoError) {
        try setSerial(of: certificate)
        let name = Array(commonName.utf8)
        let notBefore = now.milliseconds - Self.backdating
        guard X509_set_version(certificate.pointer, Int(X509_VERSION_3)) == 1,
            ASN1_TIME_set(X509_getm_notBefore(certificate.pointer), time_t(notBefore / 1000)) != nil,
            ASN1_TIME_set(X509_getm_notAfter(certificate.pointer), time_t(notAfter / 1000)) != nil,
            X509_set_pubkey(certificate.pointer, key.pointer) == 1,
            X509_NAME_add_entry_by_NID(
                X509_get_subject_name(certificate.pointer), NID_commonName, MBSTRING_UTF8, name, CInt(name.count), -1,
                0) == 1
        else { throw CryptoError(operation: "a certificate") }
    }

    /// 128 random bits, as a positive number.
    private func setSerial(of certificate: borrowing CertificateObject) throws(CryptoError) {
        let bytes = try randomBytes(16)
        let number = BN_bin2bn(bytes, CInt(bytes.count), nil)
        defer { BN_free(number) }
        guard number != nil, BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate.pointer)) != nil else {
            throw CryptoError(operation: "a serial number")
        }
    }

    private func setIssuer(
        of certificate: borrowing CertificateObject, to issuer: borrowing CertificateObject
    ) throws(CryptoError) {
        guard X509_set_issuer_name(certificate.pointer, X509_get_subject_name(issuer.pointer)) == 1 else {
            throw CryptoError(operation: "a certificate")
        }
    }

    private func addServerExtensions(
        to certificate: borrowing CertificateObject, names: CertificateNames, issuer: borrowing CertificateObject
    ) throws(CryptoError) {
        try add(NID_basic_constraints, "critical,CA:FALSE", to: certificate, issuer: issuer)
        try add(NID_key_usage, "critical,digitalSignature", to: certificate, issuer: issuer)
        try add(NID_ext_key_usage, "serverAuth", to: certificate, issuer: issuer)
        try add(NID_subject_alt_name, names.alternativeName, to: certificate, issuer: issuer)
        try add(NID_subject_key_identifier, "hash", to: certificate, issuer: issuer)
    }

    private func add(
        _ kind: CInt, _ value: String, to certificate: borrowing CertificateObject,
        issuer: borrowing CertificateObject
    ) throws(CryptoError) {
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, issuer.pointer, certificate.pointer, nil, nil, 0)
        guard let ext = X509V3_EXT_nconf_nid(nil, &context, kind, value) else {
            throw CryptoError(operation: "a certificate's extension")
        }
        defer { X509_EXTENSION_free(ext) }
        guard X509_add_ext(certificate.pointer, ext, -1) == 1 else {
            throw CryptoError(operation: "a certificate's extension")
        }
    }

    private func sign(_ certificate: borrowing CertificateObject, with key: borrowing KeyObject) throws(CryptoError) {
        guard X509_sign(certificate.pointer, key.pointer, key.signingDigest) > 0 else {
            throw CryptoError(operation: "a certificate's signature")
        }
    }
}

extension Timestamp {
    /// A moment that a certificate names.
    init(_ time: UnsafePointer<ASN1_TIME>?) throws(CryptoError) {
        let epoch = ASN1_TIME_set(nil, 0)
        defer { ASN1_TIME_free(epoch) }
        var days: CInt = 0
        var seconds: CInt = 0
        guard let time, let epoch, ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else {
            throw CryptoError(operation: "a certificate's time")
        }
        self.init(milliseconds: (Int64(days) * 86_400 + Int64(seconds)) * 1000)
    }
}
