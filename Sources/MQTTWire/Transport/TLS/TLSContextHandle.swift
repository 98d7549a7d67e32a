import COpenSSL

/// The owner of one `SSL_CTX`: what servers and clients set up alike.
///
/// `@unchecked Sendable`: it is written to only while its context is being initialised; afterwards connections are made from it, for which OpenSSL locks.
final class TLSContextHandle: @unchecked Sendable {
    let pointer: OpaquePointer

    /// A context for a server's or a client's method; `allowsLegacy` admits keys and signatures that can be broken today.
    init(_ method: OpaquePointer?, allowsLegacy: Bool) throws(TLSError) {
        // OpenSSL's own clean-up at exit would free what the loops' threads still use.
        OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil)
        ERR_clear_error()
        guard let pointer = SSL_CTX_new(method) else {
            throw .unavailable(reason: OpenSSLErrors.text(of: ERR_peek_error()))
        }
        self.pointer = pointer
        guard copenssl_ctx_set_minimum_tls12(pointer) == 1 else {
            throw .unavailable(reason: OpenSSLErrors.text(of: ERR_peek_error()))
        }
        SSL_CTX_set_security_level(pointer, allowsLegacy ? 0 : 2)
        SSL_CTX_set_options(
            pointer,
            copenssl_op_no_compression() | copenssl_op_no_renegotiation()
                // Gateways that lose power say no goodbye; MQTT's own framing tells what was cut off.
                | copenssl_op_ignore_unexpected_eof())
        copenssl_ctx_set_modes(pointer)
        copenssl_ctx_set_read_ahead(pointer)
    }

    deinit {
        SSL_CTX_free(pointer)
    }

    /// Shows a certificate, and whatever else is in its file, to peers; throws what is wrong with them.
    func present(
        certificateFile: String, keyFile: String, allowsLegacy: Bool
    ) throws(TLSError) -> X509Certificate {
        let chain = try PEMFile.certificates(at: certificateFile)
        guard let own = chain.first else { throw .noCertificate(file: certificateFile) }
        if !allowsLegacy {
            for (index, certificate) in chain.enumerated() {
                if let weakness = certificate.weakKey(file: certificateFile) { throw weakness }
                // Nobody relies on a root's signature of itself.
                guard index == 0 || !certificate.isSelfSigned else { continue }
                if let weakness = certificate.weakSignature(file: certificateFile) { throw weakness }
            }
        }
        let key = try PEMFile.privateKey(at: keyFile)
        defer { EVP_PKEY_free(key) }
        ERR_clear_error()
        guard X509_check_private_key(own.pointer, key) == 1 else {
            ERR_clear_error()
            throw .keyDoesNotMatch(keyFile: keyFile, certificateFile: certificateFile, subject: own.holder)
        }
        guard SSL_CTX_use_certificate(pointer, own.pointer) == 1, SSL_CTX_use_PrivateKey(pointer, key) == 1 else {
            throw refused(own, in: certificateFile)
        }
        for certificate in chain.dropFirst() {
            guard copenssl_ctx_add_chain_certificate(pointer, certificate.pointer) == 1 else {
                throw refused(certificate, in: certificateFile)
            }
        }
        return own
    }

    private func refused(_ certificate: X509Certificate, in file: String) -> TLSError {
        let reason = OpenSSLErrors.text(of: ERR_peek_error())
        ERR_clear_error()
        return .cannotUse(file: file, subject: certificate.holder, reason: reason)
    }

    /// Trusts the certificates of a file, each by itself: an intermediate or a server's own self-signed one do as well as a root.
    @discardableResult
    func trust(authorityFile: String) throws(TLSError) -> [X509Certificate] {
        let authorities = try PEMFile.certificates(at: authorityFile)
        let store = SSL_CTX_get_cert_store(pointer)
        for authority in authorities {
            guard X509_STORE_add_cert(store, authority.pointer) == 1 else {
                throw refused(authority, in: authorityFile)
            }
        }
        X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN))
        return authorities
    }

    /// Trusts what the system's administrator trusts.
    func trustSystem() throws(TLSError) {
        guard SSL_CTX_set_default_verify_paths(pointer) == 1 else {
            throw .unavailable(reason: OpenSSLErrors.text(of: ERR_peek_error()))
        }
    }

    /// Has peers' certificates verified, with the reason of a refusal noted in the connection.
    func verifyPeers() {
        SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER) { isAccepted, store in
            TLSVerification.verified(isAccepted, store)
        }
    }
}
