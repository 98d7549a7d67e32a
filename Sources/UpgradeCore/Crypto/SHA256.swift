import COpenSSL

/// SHA-256 (FIPS 180-4) by OpenSSL, over bytes that come in pieces.
public struct SHA256: ~Copyable {
    private let context: OpaquePointer

    /// - Throws: ``CryptoError`` when OpenSSL has no memory or no SHA-256 (a provider configuration without it).
    public init() throws(CryptoError) {
        guard let context = EVP_MD_CTX_new() else { throw CryptoError(operation: "SHA-256") }
        guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            EVP_MD_CTX_free(context)
            throw CryptoError(operation: "SHA-256")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Goes on with more bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) throws(CryptoError) {
        guard EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 else {
            throw CryptoError(operation: "SHA-256")
        }
    }

    /// The 32 bytes of the digest.
    public consuming func finalize() throws(CryptoError) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        guard EVP_DigestFinal_ex(context, &digest, nil) == 1 else { throw CryptoError(operation: "SHA-256") }
        return digest
    }

    /// The digest of bytes that are all there.
    public static func digest(of bytes: [UInt8]) throws(CryptoError) -> [UInt8] {
        var hash = try SHA256()
        try bytes.span.bytes.withUnsafeBytes { (buffer) throws(CryptoError) in try hash.update(buffer) }
        return try hash.finalize()
    }
}

/// OpenSSL refused an operation that only fails for want of memory or by its configuration.
public struct CryptoError: Error, Equatable, CustomStringConvertible {
    /// What was to be computed.
    public let operation: String
    /// The first error in OpenSSL's queue.
    public let detail: String

    /// Takes the first error from OpenSSL's queue of this thread, and empties the queue.
    init(operation: String) {
        self.operation = operation
        let code = ERR_get_error()
        var text = [CChar](repeating: 0, count: 256)
        ERR_error_string_n(code, &text, text.count)
        ERR_clear_error()
        detail =
            code == 0
            ? "no reason given" : String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// One line that names the operation and the reason.
    public var description: String { "OpenSSL could not compute \(operation): \(detail)" }
}

extension [UInt8] {
    /// Two lower-case hexadecimal digits a byte.
    public var hexadecimal: String {
        let digits = Array<UInt8>("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
