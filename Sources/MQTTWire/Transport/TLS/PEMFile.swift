import COpenSSL

/// Certificates and keys in PEM files.
enum PEMFile {
    /// All certificates of a file, in order; at least one.
    static func certificates(at path: String) throws(TLSError) -> [X509Certificate] {
        let file = try open(path)
        defer { BIO_free(file) }
        var certificates: [X509Certificate] = []
        while let certificate = PEM_read_bio_X509(file, nil, refusePassphrase, nil) {
            certificates.append(X509Certificate(adopting: certificate))
        }
        let code = ERR_peek_last_error()
        guard ERR_GET_LIB(code) == ERR_LIB_PEM, ERR_GET_REASON(code) == PEM_R_NO_START_LINE else {
            throw .cannotRead(file: path, reason: OpenSSLErrors.text(of: code))
        }
        ERR_clear_error()
        guard !certificates.isEmpty else { throw .noCertificate(file: path) }
        return certificates
    }

    /// The private key of a file; the caller frees it.
    static func privateKey(at path: String) throws(TLSError) -> OpaquePointer {
        let file = try open(path)
        defer { BIO_free(file) }
        var wasAskedForPassphrase = false
        let key = PEM_read_bio_PrivateKey(file, nil, refusePassphrase, &wasAskedForPassphrase)
        let code = ERR_peek_last_error()
        ERR_clear_error()
        if let key { return key }
        if wasAskedForPassphrase { throw .encryptedKey(file: path) }
        if ERR_GET_LIB(code) == ERR_LIB_SYS { throw .cannotRead(file: path, reason: OpenSSLErrors.text(of: code)) }
        throw .noPrivateKey(file: path)
    }

    private static func open(_ path: String) throws(TLSError) -> OpaquePointer {
        ERR_clear_error()
        guard let file = BIO_new_file(path, "r") else {
            let code = ERR_peek_error()
            ERR_clear_error()
            throw .cannotRead(file: path, reason: OpenSSLErrors.text(of: code))
        }
        return file
    }

    /// OpenSSL's own callback would ask on the terminal, and hold a daemon up for ever.
    private static let refusePassphrase:
        @convention(c) (
            UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?
        ) -> Int32 = { _, _, _, wasAsked in
            wasAsked?.assumingMemoryBound(to: Bool.self).pointee = true
            return -1
        }
}

/// What OpenSSL's error codes mean.
enum OpenSSLErrors {
    static func text(of code: UInt) -> String {
        if ERR_GET_LIB(code) == ERR_LIB_SYS { return SystemErrno(code: ERR_GET_REASON(code)).description }
        guard let reason = ERR_reason_error_string(code) else { return code == 0 ? "unknown reason" : "error \(code)" }
        return String(cString: reason)
    }

    /// The alert with which the peer ended the connection, if that is what the code says.
    static func alert(in code: UInt) -> String? {
        let number = ERR_GET_REASON(code) - SSL_AD_REASON_OFFSET
        guard ERR_GET_LIB(code) == ERR_LIB_SSL, 1...255 ~= number else { return nil }
        let words = SSL_alert_desc_string_long(number).map { String(cString: $0) } ?? "unknown"
        guard words == "unknown" else { return words }
        // The younger alerts have words in the list of errors alone: "tlsv13 alert certificate required".
        let error = text(of: code)
        return error.firstRange(of: " alert ").map { String(error[$0.upperBound...]) } ?? error
    }
}
