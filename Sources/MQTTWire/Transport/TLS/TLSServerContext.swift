import COpenSSL

/// A server's certificate, key and rules, for any number of connections on any loops. It never changes: another certificate is another context.
public final class TLSServerContext: Sendable, CustomStringConvertible {
    let handle: TLSContextHandle

    /// The certificate that clients see. It may have expired; then clients refuse it.
    public let certificate: TLSCertificate

    /// Reads PEM files and checks what is in them.
    ///
    /// - Parameters:
    ///   - certificateFile: the server's certificate, followed by the intermediate ones up to an authority that clients trust.
    ///   - keyFile: the key of the first certificate.
    ///   - clientAuthorityFile: who vouches for clients; then clients are asked for a certificate. One without a certificate is let in all the same, one
    ///     whose certificate nobody here vouches for is not.
    ///   - allowsLegacy: admits RSA keys under 2048 bits and SHA-1 signatures, here and from clients.
    /// - Throws: `TLSError` when a file cannot be read, when the key is encrypted or another certificate's, and, unless `allowsLegacy`, when a key or a
    ///   signature is so weak that it can be forged.
    public convenience init(
        certificateFile: String, keyFile: String, clientAuthorityFile: String? = nil, allowsLegacy: Bool = false
    ) throws(TLSError) {
        try self.init(
            certificateFile: certificateFile, keyFile: keyFile, clientAuthorityFile: clientAuthorityFile,
            allowsLegacy: allowsLegacy, newestVersion: TLS1_3_VERSION)
    }

    /// The same with another newest version of TLS, one of OpenSSL's numbers.
    init(
        certificateFile: String, keyFile: String, clientAuthorityFile: String?, allowsLegacy: Bool, newestVersion: Int32
    ) throws(TLSError) {
        handle = try TLSContextHandle(TLS_server_method(), allowsLegacy: allowsLegacy)
        copenssl_ctx_set_maximum(handle.pointer, newestVersion)
        certificate = try handle.present(
            certificateFile: certificateFile, keyFile: keyFile, allowsLegacy: allowsLegacy
        ).summary
        // Tickets hold all there is to a session: nothing is kept here, and a new context, with new keys for them, ends all of them.
        copenssl_ctx_keep_no_sessions(handle.pointer)
        SSL_CTX_set_num_tickets(handle.pointer, TLSLimits.ticketsPerHandshake)
        // Without a name for its sessions a server that asks for certificates fails each resumption.
        let name = Array("mqtt".utf8)
        SSL_CTX_set_session_id_context(handle.pointer, name, UInt32(name.count))
        if let clientAuthorityFile {
            for authority in try handle.trust(authorityFile: clientAuthorityFile) {
                SSL_CTX_add_client_CA(handle.pointer, authority.pointer)
            }
            handle.verifyPeers()
        }
    }

    /// Names the certificate's holder.
    public var description: String { "TLS server context of \(certificate.subject)" }
}
