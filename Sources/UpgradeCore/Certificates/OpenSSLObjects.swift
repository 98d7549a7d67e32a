import COpenSSL

/// A certificate that OpenSSL holds.
struct CertificateObject: ~Copyable {
    let pointer: OpaquePointer

    /// Takes over a reference.
    init(owning pointer: OpaquePointer) {
        self.pointer = pointer
    }

    /// An empty certificate, to be filled in.
    init() throws(CryptoError) {
        guard let pointer = X509_new() else { throw CryptoError(operation: "a certificate") }
        self.pointer = pointer
    }

    /// Reads its DER.
    init(der: [UInt8]) throws(CryptoError) {
        let pointer = der.withUnsafeBufferPointer { bytes in
            var position = bytes.baseAddress
            return d2i_X509(nil, &position, bytes.count)
        }
        guard let pointer else { throw CryptoError(operation: "a certificate from its bytes") }
        self.pointer = pointer
    }

    deinit { X509_free(pointer) }

    func der() throws(CryptoError) -> [UInt8] {
        let count = i2d_X509(pointer, nil)
        guard count > 0 else { throw CryptoError(operation: "a certificate's bytes") }
        var bytes = [UInt8](repeating: 0, count: Int(count))
        let written = bytes.withUnsafeMutableBufferPointer { buffer in
            var position = buffer.baseAddress
            return i2d_X509(pointer, &position)
        }
        guard written == count else { throw CryptoError(operation: "a certificate's bytes") }
        return bytes
    }

    func pem() throws(CryptoError) -> [UInt8] {
        let text = try TextBuffer()
        guard PEM_write_bio_X509(text.pointer, pointer) == 1 else { throw CryptoError(operation: "PEM") }
        return text.bytes
    }
}

/// A public and private key that OpenSSL holds.
struct KeyObject: ~Copyable {
    let pointer: OpaquePointer

    /// A new key on the curve P-256.
    init() throws(CryptoError) {
        guard let context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nil) else { throw CryptoError(operation: "a P-256 key") }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_CTX_set_group_name(context, "P-256") == 1,
            EVP_PKEY_generate(context, &key) == 1, let key
        else { throw CryptoError(operation: "a P-256 key") }
        pointer = key
    }

    /// Reads the first private key of a PEM text; `path` is for the message.
    init(pem: [UInt8], path: String) throws(CertificateError) {
        let text: TextBuffer
        do { text = try TextBuffer(pem) } catch { throw .crypto(error) }
        var wasAsked = false
        // Without a function of our own OpenSSL would ask at the terminal.
        let refuse: @convention(c) (UnsafeMutablePointer<CChar>?, CInt, CInt, UnsafeMutableRawPointer?) -> CInt = {
            _, _, _, wasAsked in
            wasAsked?.storeBytes(of: true, as: Bool.self)
            return -1
        }
        let key = PEM_read_bio_PrivateKey(text.pointer, nil, refuse, &wasAsked)
        ERR_clear_error()
        guard let key else { throw wasAsked ? .encryptedKey(path: path) : .noKey(path: path) }
        pointer = key
    }

    deinit { EVP_PKEY_free(pointer) }

    /// The private key, not encrypted.
    func pem() throws(CryptoError) -> [UInt8] {
        let text = try TextBuffer()
        guard PEM_write_bio_PrivateKey(text.pointer, pointer, nil, nil, 0, nil, nil) == 1 else {
            throw CryptoError(operation: "PEM")
        }
        return text.bytes
    }

    /// Whether this is the private key to the certificate's public one.
    func belongs(to certificate: borrowing CertificateObject) -> Bool {
        defer { ERR_clear_error() }
        return X509_check_private_key(certificate.pointer, pointer) == 1
    }

    /// The digest to sign with; nil where the kind of key has its own.
    var signingDigest: OpaquePointer? {
        let kind = EVP_PKEY_get_base_id(pointer)
        return kind == EVP_PKEY_ED25519 || kind == EVP_PKEY_ED448 ? nil : EVP_sha256()
    }
}

/// Text that OpenSSL reads or writes in memory.
struct TextBuffer: ~Copyable {
    let pointer: OpaquePointer

    /// Empty, to be written to.
    init() throws(CryptoError) {
        guard let pointer = BIO_new(BIO_s_mem()) else { throw CryptoError(operation: "a buffer") }
        self.pointer = pointer
    }

    /// A copy of these bytes, to be read.
    init(_ bytes: [UInt8]) throws(CryptoError) {
        guard let pointer = BIO_new(BIO_s_mem()) else { throw CryptoError(operation: "a buffer") }
        let count = CInt(clamping: bytes.count)
        guard bytes.isEmpty || BIO_write(pointer, bytes, count) == count else {
            BIO_free(pointer)
            throw CryptoError(operation: "a buffer")
        }
        self.pointer = pointer
    }

    deinit { BIO_free(pointer) }

    /// What has been written.
    var bytes: [UInt8] {
        var start: UnsafeMutablePointer<CChar>?
        let count = BIO_ctrl(pointer, BIO_CTRL_INFO, 0, &start)
        return Array(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }
}
