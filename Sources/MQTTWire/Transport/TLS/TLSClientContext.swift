import COpenSSL

/// Whom a client trusts, and what it shows of itself, for any number of connections on any loops.
public final class TLSClientContext: Sendable, CustomStringConvertible {
    /// Whom a client believes that a server is who it says.
    public enum Trust: Sendable, Hashable {
        /// The certificates of a PEM file: authorities, or the server's own.
        case authority(file: String)
        /// The authorities that the system's administrator trusts.
        case system
        /// Anybody: the connection is encrypted, but with whom is unknown, and the name is not checked either.
        case nothing
    }

    let handle: TLSContextHandle

    /// Whom the client trusts.
    public let trust: Trust

    /// Reads PEM files and checks what is in them.
    ///
    /// - Parameters:
    ///   - trust: who may vouch for the server.
    ///   - certificateFile: the client's certificate, for a server that asks for it, with intermediate ones; nil shows none.
    ///   - keyFile: the key of that certificate; nil where it is in the same file.
    ///   - allowsLegacy: admits RSA keys under 2048 bits and SHA-1 signatures, here and from the server.
    /// - Throws: `TLSError` as a server's context does.
    public init(
        trust: Trust, certificateFile: String? = nil, keyFile: String? = nil, allowsLegacy: Bool = false
    ) throws(TLSError) {
        handle = try TLSContextHandle(TLS_client_method(), allowsLegacy: allowsLegacy)
        self.trust = trust
        switch trust {
        case .authority(let file):
            try handle.trust(authorityFile: file)
            handle.verifyPeers()
        case .system:
            try handle.trustSystem()
            handle.verifyPeers()
        case .nothing: break
        }
        if let certificateFile {
            _ = try handle.present(
                certificateFile: certificateFile, keyFile: keyFile ?? certificateFile, allowsLegacy: allowsLegacy)
        }
        copenssl_ctx_hand_out_sessions(handle.pointer)
        SSL_CTX_sess_set_new_cb(handle.pointer) { connection, session in
            TLSVerification.sessionBegan(connection, session)
        }
    }

    /// Says whom it trusts.
    public var description: String { "TLS client context that trusts \(trust)" }
}
