/// The numbers of the TLS layer.
enum TLSLimits {
    /// The most plaintext that a record holds (RFC 8446, 5.1).
    static let recordSize = 16 * 1024
    /// How many steps of handshakes a loop takes in a turn, some 0.4 ms each at most: a storm of them must not stop the data of the rest.
    static let handshakeStepsPerTurn = 8
    /// How much ciphertext is kept for a peer that does not read. One record, and what the protocol itself answers; a peer that makes it answer more and
    /// more without reading is cut off.
    static let unsentLimit = 64 * 1024
    /// How many bytes a peer may send without any application data among them: certificates and the like. More is an attempt to keep a loop busy.
    static let overheadLimit = 256 * 1024
    /// Session tickets that a server gives after a handshake of TLS 1.3. Each costs the client memory, and a reconnecting client needs one.
    static let ticketsPerHandshake = 1
    /// The shortest acceptable RSA and DSA keys, in bits.
    static let minimumKeyBits = 2048
    /// The shortest acceptable elliptic-curve keys, in bits.
    static let minimumCurveBits = 224
}
