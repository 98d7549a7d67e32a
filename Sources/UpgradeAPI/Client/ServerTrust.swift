import NIOSSL

/// Whom a client believes to be the server that it meant, over `https`.
public enum ServerTrust: Sendable, Hashable {
    /// Whoever has a certificate for the name from an authority that this system trusts.
    case system
    /// Whoever has a certificate for the name from an authority in this PEM file, or the self-signed one there.
    case authority(file: String)
    /// Whoever answers.
    case nothing
}

extension ServerTrust {
    /// - Throws: ``APIError/unreadableFile(path:reason:)`` when the authority's file is not there or has no certificate.
    func configuration() throws(APIError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        switch self {
        case .system: break
        case .nothing: configuration.certificateVerification = .none
        case .authority(let file): configuration.trustRoots = .certificates(try Self.certificates(in: file))
        }
        return configuration
    }

    private static func certificates(in file: String) throws(APIError) -> [NIOSSLCertificate] {
        // Only a file that can be opened is worth parsing: the parser does not say why it cannot.
        _ = try FileUpload(path: file)
        guard let certificates = try? NIOSSLCertificate.fromPEMFile(file), !certificates.isEmpty else {
            throw .unreadableFile(path: file, reason: "it has no PEM certificate")
        }
        return certificates
    }
}

extension APIError {
    /// A server that did not prove who it is; nil when `error` is something else.
    static func untrusted(_ error: any Error, address: String) -> APIError? {
        if let error = error as? NIOSSLExtraError,
            error == .failedToValidateHostname || error == .serverHostnameImpossibleToMatch
        {
            return .untrusted(address: address, reason: "its certificate is made out to other names")
        }
        guard case .handshakeFailed(let failure)? = error as? NIOSSLError else { return nil }
        let words = String(describing: failure)
        if words.contains("CERTIFICATE_VERIFY_FAILED") {
            return .untrusted(
                address: address,
                reason: "its certificate is not from an authority that is trusted here, or is out of date")
        }
        if words.contains("WRONG_VERSION_NUMBER") || words.contains("HTTP_REQUEST") {
            return .unreachable(address: address, reason: "it does not speak TLS")
        }
        return .unreachable(address: address, reason: "the TLS handshake failed (\(oneLine(words)))")
    }
}

private func oneLine(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).joined(separator: " ")
}
