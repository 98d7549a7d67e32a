import Testing

@testable import UpgradeCore

@Suite("Passwords")
struct PasswordHashTests {
    @Test("scrypt is that of RFC 7914")
    func vectors() throws {
        let key = try Scrypt.derive(
            from: Array("pleaseletmein".utf8), salt: Array("SodiumChloride".utf8),
            cost: Scrypt.Cost(logN: 14, r: 8, p: 1), byteCount: 64)
        #expect(
            key.hexadecimal == """
                7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2\
                d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887
                """)
        let empty = try Scrypt.derive(from: [], salt: [], cost: Scrypt.Cost(logN: 4, r: 1, p: 1), byteCount: 16)
        #expect(empty.hexadecimal == "77d6576238657b203b19ca42c18a0497")
    }

    @Test("the parameters are stored with the hash, and those of another time still verify")
    func parameters() async throws {
        let old = try await PasswordHasher(cost: Scrypt.Cost(logN: 5, r: 4, p: 2)).hash("correct horse")
        #expect(old.hasPrefix("$scrypt$ln=5,r=4,p=2$"))
        #expect(try await PasswordHasher.cheap.verify("correct horse", against: old))
        #expect(try await !PasswordHasher.cheap.verify("correct Horse", against: old))
    }

    @Test("the standard cost needs more memory than OpenSSL grants by itself, and works")
    func standard() async throws {
        let hasher = PasswordHasher()
        let hash = try await hasher.hash("gushenxing123")
        #expect(hash.hasPrefix("$scrypt$ln=15,r=8,p=3$"))
        #expect(try await hasher.verify("gushenxing123", against: hash))
    }

    @Test("two hashes of one password have different salts")
    func salts() async throws {
        let hasher = PasswordHasher.cheap
        #expect(try await hasher.hash("same") != hasher.hash("same"))
    }

    @Test(
        "what is no hash matches no password",
        arguments: [
            nil, "", "secret", "$scrypt$ln=4,r=8,p=1$$", "$scrypt$ln=4,r=8,p=1$AAAA$AAAA",
            "$scrypt$ln=63,r=8,p=1$c2FsdA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "$argon2id$ln=4,r=8,p=1$c2FsdA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        ])
    func noHash(text: String?) async throws {
        #expect(try await !PasswordHasher.cheap.verify("", against: text))
        #expect(try await !PasswordHasher.cheap.verify("secret", against: text))
    }
}
