/// What a verified certificate of the peer says of its holder.
public struct PeerCertificate: Sendable, Hashable {
    /// The distinguished name on one line, such as "O=Example, CN=gw-1".
    public let subject: String
    /// The common name; nil if the subject has none, or several.
    public let commonName: String?
    /// The alternative names: host names, numeric addresses, e-mail addresses and URIs.
    public let alternativeNames: [String]

    /// A certificate's content.
    public init(subject: String, commonName: String?, alternativeNames: [String]) {
        self.subject = subject
        self.commonName = commonName
        self.alternativeNames = alternativeNames
    }
}

/// The certificate that a server shows.
public struct TLSCertificate: Sendable, Hashable {
    /// The distinguished name on one line, such as "O=Example, CN=umd".
    public let subject: String
    /// The alternative names: host names, numeric addresses, e-mail addresses and URIs.
    public let alternativeNames: [String]
    /// From when on it is valid, in Unix seconds.
    public let notBefore: Int64
    /// Until when it is valid, in Unix seconds.
    public let notAfter: Int64
    /// The SHA-256 digest of its DER form, 64 lower-case hex digits.
    public let fingerprint: String
}
