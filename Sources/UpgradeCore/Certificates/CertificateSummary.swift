import COpenSSL

/// What a certificate says, as far as people and checks want to know it.
public struct CertificateSummary: Hashable, Sendable {
    /// Whom it speaks of, such as `CN=gw.example.com`.
    public let subject: String
    /// Who signed it.
    public let issuer: String
    /// The common name of the subject, if there is one.
    public let commonName: String?
    /// Host names, addresses, e-mail addresses and URIs of the subject alternative name, in their order.
    public let alternativeNames: [String]
    /// From when it is valid.
    public let notBefore: Timestamp
    /// Until when it is valid.
    public let notAfter: Timestamp
    /// The kind of its public key.
    public let keyType: KeyType
    /// The size of its public key.
    public let keyBits: Int
    /// The digest of its signature as OpenSSL names it, such as `SHA256`; nil where the signature has none of its own, as Ed25519, or one unknown.
    public let signatureDigest: String?
    /// SHA-256 of the whole certificate, as `openssl x509 -fingerprint -sha256` prints it.
    public let fingerprint: String
    /// Whether it may sign others.
    public let isAuthority: Bool
    /// Whether its own key signed it.
    public let isSelfSigned: Bool

    /// Whether OpenSSL knows the algorithm of its signature.
    let hasKnownSignature: Bool
    /// The certificate itself.
    let der: [UInt8]

    /// A kind of public key.
    public enum KeyType: Hashable, Sendable {
        case rsa, dsa
        /// On an elliptic curve, by its common name, such as `P-256`.
        case ec(curve: String)
        /// By OpenSSL's name.
        case other(String)
    }

    /// Reads a certificate's DER.
    init(der: [UInt8]) throws(CryptoError) {
        try self.init(CertificateObject(der: der))
    }

    init(_ certificate: borrowing CertificateObject) throws(CryptoError) {
        let pointer = certificate.pointer
        der = try certificate.der()
        subject = try Self.text(of: X509_get_subject_name(pointer))
        issuer = try Self.text(of: X509_get_issuer_name(pointer))
        commonName = Self.commonName(of: X509_get_subject_name(pointer))
        alternativeNames = Self.alternativeNames(of: pointer)
        notBefore = try Timestamp(X509_get0_notBefore(pointer))
        notAfter = try Timestamp(X509_get0_notAfter(pointer))
        let key = X509_get0_pubkey(pointer)
        keyType = KeyType(key)
        keyBits = key.map { Int(EVP_PKEY_get_bits($0)) } ?? 0
        signatureDigest = Self.signatureDigest(of: pointer)
        hasKnownSignature = X509_get_signature_info(pointer, nil, nil, nil, nil) == 1
        fingerprint = try Self.fingerprint(of: pointer)
        isAuthority = X509_check_ca(pointer) > 0
        isSelfSigned = X509_self_signed(pointer, 1) == 1
        ERR_clear_error()
    }
}

extension CertificateSummary {
    /// The names that a client may dial: those of the alternative name, or the common name where there is none.
    public var hosts: [CertificateName] {
        let texts = alternativeNames.isEmpty ? commonName.map { [$0] } ?? [] : alternativeNames
        return texts.compactMap { try? CertificateName($0) }
    }

    /// The key for people, such as `EC P-256` or `RSA 2048 bits`.
    public var keyDescription: String {
        switch keyType {
        case .rsa: "RSA \(keyBits) bits"
        case .dsa: "DSA \(keyBits) bits"
        case .ec(let curve): "EC \(curve)"
        case .other(let name): name
        }
    }

    /// Whether `authority` signed this certificate, whatever the time is.
    public func isSigned(by authority: CertificateSummary) -> Bool {
        guard let certificate = try? CertificateObject(der: der),
            let authority = try? CertificateObject(der: authority.der)
        else { return false }
        defer { ERR_clear_error() }
        return X509_check_issued(authority.pointer, certificate.pointer) == X509_V_OK
            && X509_verify(certificate.pointer, X509_get0_pubkey(authority.pointer)) == 1
    }

    private static func text(of name: OpaquePointer?) throws(CryptoError) -> String {
        let buffer = try TextBuffer()
        // RFC 2253 with its characters as they are, but for control characters.
        let flags = copenssl_name_flags()
        guard X509_NAME_print_ex(buffer.pointer, name, 0, flags) >= 0 else {
            throw CryptoError(operation: "a certificate's name")
        }
        return buffer.text
    }

    private static func commonName(of name: OpaquePointer?) -> String? {
        let index = X509_NAME_get_index_by_NID(name, NID_commonName, -1)
        guard index >= 0 else { return nil }
        return string(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)))
    }

    private static func alternativeNames(of certificate: OpaquePointer) -> [String] {
        guard let names = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return [] }
        let stack = OpaquePointer(names)
        defer { GENERAL_NAMES_free(stack) }
        return (0..<max(0, OPENSSL_sk_num(stack))).compactMap { index in
            var kind: CInt = 0
            let name = OPENSSL_sk_value(stack, index)?.assumingMemoryBound(to: GENERAL_NAME.self)
            let value = GENERAL_NAME_get0_value(name, &kind)?.assumingMemoryBound(to: ASN1_STRING.self)
            switch kind {
            case GEN_DNS, GEN_EMAIL, GEN_URI: return string(value)
            case GEN_IPADD: return address(value)
            default: return nil
            }
        }
    }

    /// A text of a certificate; nil when it holds a zero byte, which would end it early for programs in C.
    private static func string(_ text: UnsafePointer<ASN1_STRING>?) -> String? {
        guard let text else { return nil }
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = ASN1_STRING_to_UTF8(&bytes, text)
        guard count >= 0, let bytes else { return nil }
        defer { CRYPTO_free(bytes, "", 0) }
        let buffer = UnsafeBufferPointer(start: bytes, count: Int(count))
        return buffer.contains(0) ? nil : String(validating: buffer, as: UTF8.self)
    }

    private static func address(_ text: UnsafePointer<ASN1_STRING>?) -> String? {
        guard let text, let start = ASN1_STRING_get0_data(text) else { return nil }
        let bytes = Array(UnsafeBufferPointer(start: start, count: Int(ASN1_STRING_length(text))))
        return CertificateName.addressText(bytes)
    }

    private static func signatureDigest(of certificate: OpaquePointer) -> String? {
        var digest: CInt = 0
        guard X509_get_signature_info(certificate, &digest, nil, nil, nil) == 1, digest != NID_undef,
            let name = OBJ_nid2sn(digest)
        else { return nil }
        return String(cString: name)
    }

    private static func fingerprint(of certificate: OpaquePointer) throws(CryptoError) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        guard X509_digest(certificate, EVP_sha256(), &digest, nil) == 1 else {
            throw CryptoError(operation: "a fingerprint")
        }
        return digest.map { [$0].hexadecimal.uppercased() }.joined(separator: ":")
    }
}

extension CertificateSummary.KeyType {
    fileprivate init(_ key: OpaquePointer?) {
        guard let key else {
            self = .other("unknown")
            return
        }
        switch EVP_PKEY_get_base_id(key) {
        case EVP_PKEY_RSA, EVP_PKEY_RSA_PSS: self = .rsa
        case EVP_PKEY_DSA: self = .dsa
        case EVP_PKEY_EC: self = .ec(curve: Self.curve(of: key))
        default: self = .other(EVP_PKEY_get0_type_name(key).map { String(cString: $0) } ?? "unknown")
        }
    }

    private static func curve(of key: OpaquePointer) -> String {
        var name = [CChar](repeating: 0, count: 80)
        guard EVP_PKEY_get_group_name(key, &name, name.count, nil) == 1 else { return "unnamed curve" }
        let text = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return switch text {
        case "prime256v1": "P-256"
        case "secp224r1": "P-224"
        case "secp384r1": "P-384"
        case "secp521r1": "P-521"
        default: text
        }
    }
}
