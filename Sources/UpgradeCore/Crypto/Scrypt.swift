import COpenSSL

/// scrypt (RFC 7914) by OpenSSL: a password hash that costs memory as well as time.
enum Scrypt {
    /// What one hash costs.
    struct Cost: Equatable, Sendable {
        /// Binary logarithm of N.
        var logN: Int
        var r: Int
        var p: Int

        /// 32 MiB and some tenths of a second: as strong as OWASP's recommendation, with less memory.
        static let standard = Cost(logN: 15, r: 8, p: 3)

        /// Bytes that the computation needs at most. OpenSSL refuses to use more than it is told, 32 MiB by default.
        var memory: UInt64 {
            128 * UInt64(r) * ((1 << UInt64(logN)) + UInt64(p) + 2)
        }
    }

    static func derive(
        from password: [UInt8], salt: [UInt8], cost: Cost, byteCount: Int
    ) throws(CryptoError) -> [UInt8] {
        var key = [UInt8](repeating: 0, count: byteCount)
        let done = password.withUnsafeBytes { password in
            EVP_PBE_scrypt(
                password.baseAddress?.assumingMemoryBound(to: CChar.self), password.count, salt, salt.count,
                1 << UInt64(cost.logN), UInt64(cost.r), UInt64(cost.p), cost.memory, &key, key.count)
        }
        guard done == 1 else { throw CryptoError(operation: "scrypt") }
        return key
    }
}

/// Bytes that nobody can guess, from OpenSSL's generator.
package func randomBytes(_ count: Int) throws(CryptoError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    guard RAND_bytes(&bytes, CInt(count)) == 1 else { throw CryptoError(operation: "random bytes") }
    return bytes
}

/// Whether two secrets are the same, in a time that does not tell where they differ; their lengths are not secret.
package func isEqualInConstantTime(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
}
