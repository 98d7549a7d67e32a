/// A secret for a program: 128 random bits, so that its digest needs no salt and no work to withstand guessing.
struct RandomSecret: Sendable {
    /// 32 lower-case hexadecimal digits.
    let text: String
    /// SHA-256 of the text's UTF-8: what is stored.
    let digest: [UInt8]

    init() throws(CryptoError) {
        text = try randomBytes(16).hexadecimal
        digest = try SHA256.digest(of: Array(text.utf8))
    }
}
