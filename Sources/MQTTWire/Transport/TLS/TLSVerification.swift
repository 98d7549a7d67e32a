import COpenSSL

/// What OpenSSL asks and tells while it verifies a peer.
enum TLSVerification {
    /// Whoever reads for the `SSL`; its extra data could tell, too, and would take a hundred bytes of each connection.
    private static func owner(of ssl: OpaquePointer) -> TLSConnection? {
        SSL_get_rbio(ssl).flatMap { SocketBIO.owner(of: $0) }
    }

    /// Asks for a server of that name, and unless anybody will do, checks that it answers. False if no server can have that name.
    static func expect(_ host: String, of ssl: OpaquePointer, isChecked: Bool) -> Bool {
        // The resolver takes a zone ("fe80::1%eth0") and an absolute name ("host."); certificates have neither.
        let address = String(host.prefix { $0 != "%" })
        let isNumeric = NumericAddress.bytes(of: address) != nil
        let name = isNumeric ? address : host.hasSuffix(".") ? String(host.dropLast()) : host
        guard !name.isEmpty, !name.utf8.contains(0) else { return false }
        // Server name indication is for names alone (RFC 6066, 3).
        if !isNumeric, copenssl_set_server_name(ssl, name) != 1 { return false }
        guard isChecked else { return true }
        let parameters = SSL_get0_param(ssl)
        guard !isNumeric else { return X509_VERIFY_PARAM_set1_ip_asc(parameters, name) == 1 }
        X509_VERIFY_PARAM_set_hostflags(parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        return X509_VERIFY_PARAM_set1_host(parameters, name, 0) == 1
    }

    /// OpenSSL's verify callback: one certificate of the chain, or the chain as a whole, was found good or bad.
    static func verified(_ isAccepted: Int32, _ store: OpaquePointer?) -> Int32 {
        guard isAccepted != 1, let store,
            let ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()),
            let connection = owner(of: OpaquePointer(ssl))
        else { return isAccepted }
        let error = X509_STORE_CTX_get_error(store)
        let leaf = X509_STORE_CTX_get0_cert(store).map { X509Certificate(retaining: $0) }
        let current = X509_STORE_CTX_get_current_cert(store).map { X509Certificate(retaining: $0) } ?? leaf
        guard let leaf, let current else { return 0 }
        if error == X509_V_ERR_IP_ADDRESS_MISMATCH, names(leaf, connection.serverName) {
            X509_STORE_CTX_set_error(store, X509_V_OK)
            return 1
        }
        connection.refuse(reason(error, leaf: leaf, current: current, expected: connection.serverName))
        return 0
    }

    /// OpenSSL looks for host names in the common name of a certificate without alternative names, not for addresses; the field's certificates have them there.
    private static func names(_ certificate: X509Certificate, _ address: String?) -> Bool {
        guard !certificate.hasAlternativeNames, let address, let commonName = certificate.commonName,
            let expected = NumericAddress.bytes(of: String(address.prefix { $0 != "%" }))
        else { return false }
        return NumericAddress.bytes(of: commonName) == expected
    }

    private static func reason(
        _ error: Int32, leaf: X509Certificate, current: X509Certificate, expected: String?
    ) -> TLSError {
        let words = String(cString: X509_verify_cert_error_string(Int(error)))
        switch error {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return .certificateExpired(subject: current.holder, at: current.notAfter)
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return .certificateNotYetValid(subject: current.holder, from: current.notBefore)
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return .selfSigned(subject: leaf.holder)
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
            return .unknownAuthority(subject: leaf.holder, issuer: current.issuer)
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            let names = leaf.hasAlternativeNames ? leaf.alternativeNames : []
            return .wrongName(expected: expected ?? "", subject: leaf.holder, names: names)
        case X509_V_ERR_EE_KEY_TOO_SMALL, X509_V_ERR_CA_KEY_TOO_SMALL:
            return current.weakKey(file: nil) ?? .notAccepted(subject: current.holder, reason: words)
        case X509_V_ERR_CA_MD_TOO_WEAK:
            return .weakSignature(subject: current.holder, algorithm: current.signatureAlgorithm, file: nil)
        default: return .notAccepted(subject: current.holder, reason: words)
        }
    }

    /// OpenSSL has a session with which a later connection may go on; 1 takes the reference over.
    static func sessionBegan(_ ssl: OpaquePointer?, _ session: OpaquePointer?) -> Int32 {
        guard let ssl, let session, let connection = owner(of: ssl), SSL_SESSION_is_resumable(session) == 1 else {
            return 0
        }
        return connection.keep(session: session, verifiedUntil: endOfValidity(ssl)) ? 1 : 0
    }

    /// When the first of the certificates expires that were verified; never, where none was.
    private static func endOfValidity(_ ssl: OpaquePointer) -> Int64 {
        guard SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER != 0, let chain = SSL_get0_verified_chain(ssl) else {
            return .max
        }
        var earliest = Int64.max
        for index in 0..<max(0, OPENSSL_sk_num(chain)) {
            guard let certificate = OPENSSL_sk_value(chain, index) else { continue }
            earliest = min(earliest, X509Certificate(retaining: OpaquePointer(certificate)).notAfter)
        }
        return earliest
    }
}
