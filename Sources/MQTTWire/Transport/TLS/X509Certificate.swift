import COpenSSL
import CPosix

/// One certificate of OpenSSL's, whose fields are read as Swift values.
///
/// `@unchecked Sendable`: nothing writes to a certificate once it is parsed, and OpenSSL counts its references atomically.
final class X509Certificate: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Takes over a reference.
    init(adopting pointer: OpaquePointer) {
        self.pointer = pointer
    }

    /// Adds a reference to a certificate that has another owner.
    init(retaining pointer: OpaquePointer) {
        X509_up_ref(pointer)
        self.pointer = pointer
    }

    deinit {
        X509_free(pointer)
    }

    /// The distinguished name on one line; may be empty.
    var subject: String { Self.text(of: X509_get_subject_name(pointer)) }

    /// What messages call it: the subject, or a name that stands for an empty one.
    var holder: String {
        let subject = subject
        return subject.isEmpty ? alternativeNames.first ?? "nobody" : subject
    }

    var issuer: String { Self.text(of: X509_get_issuer_name(pointer)) }

    var commonName: String? {
        let name = X509_get_subject_name(pointer)
        let index = X509_NAME_get_index_by_NID(name, NID_commonName, -1)
        guard index >= 0, X509_NAME_get_index_by_NID(name, NID_commonName, index) < 0,
            let entry = X509_NAME_get_entry(name, index)
        else { return nil }
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = ASN1_STRING_to_UTF8(&bytes, X509_NAME_ENTRY_get_data(entry))
        guard count >= 0, let bytes else { return nil }
        defer { CRYPTO_free(bytes, nil, 0) }
        return String(decoding: UnsafeBufferPointer(start: bytes, count: Int(count)), as: UTF8.self)
    }

    var hasAlternativeNames: Bool { X509_get_ext_by_NID(pointer, NID_subject_alt_name, -1) >= 0 }

    var alternativeNames: [String] {
        guard let list = X509_get_ext_d2i(pointer, NID_subject_alt_name, nil, nil) else { return [] }
        let names = OpaquePointer(list)
        defer { GENERAL_NAMES_free(names) }
        return (0..<max(0, OPENSSL_sk_num(names))).compactMap { index in
            guard let item = OPENSSL_sk_value(names, index) else { return nil }
            var kind: Int32 = 0
            let value = GENERAL_NAME_get0_value(item.assumingMemoryBound(to: GENERAL_NAME.self), &kind)
            guard let value, [GEN_DNS, GEN_EMAIL, GEN_URI, GEN_IPADD].contains(kind) else { return nil }
            let string = UnsafePointer(value.assumingMemoryBound(to: ASN1_STRING.self))
            let bytes = UnsafeBufferPointer(
                start: ASN1_STRING_get0_data(string), count: Int(max(0, ASN1_STRING_length(string))))
            return kind == GEN_IPADD ? NumericAddress.text(of: bytes) : String(decoding: bytes, as: UTF8.self)
        }
    }

    var notBefore: Int64 { Self.seconds(X509_get0_notBefore(pointer)) }
    var notAfter: Int64 { Self.seconds(X509_get0_notAfter(pointer)) }

    var isSelfSigned: Bool { X509_self_signed(pointer, 0) == 1 }

    /// What forbids to use it at this moment, if anything does.
    var untimely: TLSError? {
        if X509_cmp_current_time(X509_get0_notAfter(pointer)) <= 0 {
            return .certificateExpired(subject: holder, at: notAfter)
        }
        if X509_cmp_current_time(X509_get0_notBefore(pointer)) > 0 {
            return .certificateNotYetValid(subject: holder, from: notBefore)
        }
        return nil
    }

    var summary: TLSCertificate {
        TLSCertificate(
            subject: subject, alternativeNames: alternativeNames, notBefore: notBefore, notAfter: notAfter,
            fingerprint: fingerprint)
    }

    var peerCertificate: PeerCertificate {
        PeerCertificate(subject: subject, commonName: commonName, alternativeNames: alternativeNames)
    }

    private var fingerprint: String {
        var digest = [UInt8](repeating: 0, count: 32)
        var count = UInt32(digest.count)
        guard X509_digest(pointer, EVP_sha256(), &digest, &count) == 1 else { return "" }
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private static func text(of name: OpaquePointer?) -> String {
        guard let name, let memory = BIO_new(BIO_s_mem()) else { return "" }
        defer { BIO_free(memory) }
        guard X509_NAME_print_ex(memory, name, 0, copenssl_name_on_one_line()) >= 0 else { return "" }
        var bytes: UnsafeMutablePointer<CChar>?
        let count = copenssl_bio_memory(memory, &bytes)
        guard let bytes, count > 0 else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
        guard let time, let epoch = ASN1_TIME_set(nil, 0) else { return 0 }
        defer { ASN1_TIME_free(epoch) }
        var days: Int32 = 0
        var seconds: Int32 = 0
        guard ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return 0 }
        return Int64(days) * 86_400 + Int64(seconds)
    }
}

// MARK: Weakness

extension X509Certificate {
    /// What is too weak about its key, if anything.
    func weakKey(file: String?) -> TLSError? {
        guard let key = X509_get0_pubkey(pointer) else { return nil }
        let bits = Int(EVP_PKEY_get_bits(key))
        let (algorithm, minimum) =
            switch EVP_PKEY_get_base_id(key) {
            case EVP_PKEY_RSA, EVP_PKEY_RSA_PSS: ("RSA", TLSLimits.minimumKeyBits)
            case EVP_PKEY_DSA: ("DSA", TLSLimits.minimumKeyBits)
            case EVP_PKEY_EC: ("EC", TLSLimits.minimumCurveBits)
            default: ("", 0)
            }
        guard bits < minimum else { return nil }
        return .weakKey(subject: holder, algorithm: algorithm, bits: bits, minimum: minimum, file: file)
    }

    /// What is too weak about its signature, if anything.
    func weakSignature(file: String?) -> TLSError? {
        var digest: Int32 = 0
        guard X509_get_signature_info(pointer, &digest, nil, nil, nil) == 1 else { return nil }
        guard [NID_sha1, NID_md5, NID_md4, NID_md2, NID_md5_sha1].contains(digest) else { return nil }
        return .weakSignature(subject: holder, algorithm: signatureAlgorithm, file: file)
    }

    var signatureAlgorithm: String {
        OBJ_nid2ln(X509_get_signature_nid(pointer)).map { String(cString: $0) } ?? "an unknown algorithm"
    }
}

/// Numeric addresses in certificates.
enum NumericAddress {
    /// The text of 4 or 16 bytes; nil for any other number of them.
    static func text(of bytes: UnsafeBufferPointer<UInt8>) -> String? {
        guard let base = bytes.baseAddress, bytes.count == 4 || bytes.count == 16 else { return nil }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        guard inet_ntop(family, base, &text, socklen_t(text.count)) != nil else { return nil }
        return text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } }
    }

    /// The bytes that the text of an address stands for; nil for a name.
    static func bytes(of text: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 { return Array(bytes[..<4]) }
        return inet_pton(AF_INET6, text, &bytes) == 1 ? bytes : nil
    }
}
