import Foundation
import MQTTWire
import Testing

@Suite("TLS contexts", .serialized, .timeLimit(.minutes(2)))
struct TLSContextTests {
    private let files: CertificateFolder

    init() throws {
        files = try CertificateFolder()
    }

    /// What is wrong with a pair of files, in words.
    private func objection(_ certificate: String, _ key: String, allowsLegacy: Bool = false) -> TLSError? {
        do {
            _ = try TLSServerContext(certificateFile: certificate, keyFile: key, allowsLegacy: allowsLegacy)
            return nil
        } catch {
            return error
        }
    }

    @Test("A good pair loads, and says what is in it")
    func good() async throws {
        let pair = try await files.selfSigned(
            "own", subject: "/O=Beispiel & Söhne/CN=umd", names: ["DNS:umd.example", "IP:127.0.0.1", "IP:::1"], days: 3)
        let certificate = try TLSServerContext(certificateFile: pair.certificate, keyFile: pair.key).certificate
        #expect(certificate.subject.hasSuffix("CN=umd"))
        #expect(certificate.alternativeNames == ["umd.example", "127.0.0.1", "::1"])
        #expect(certificate.notAfter - certificate.notBefore == 3 * 86_400)
        #expect(abs(Double(certificate.notBefore) - Date().timeIntervalSince1970) < 600)
        let fingerprint = try await files.openssl([
            "x509", "-in", pair.certificate, "-noout", "-fingerprint", "-sha256",
        ])
        let digits = fingerprint.split(separator: "=").last?.lowercased().filter(\.isHexDigit)
        #expect(certificate.fingerprint == digits)
    }

    @Test("Keys of every form that openssl writes load")
    func keyForms() async throws {
        let rsa = try await files.selfSigned("rsa", subject: "/CN=umd", key: .rsa)
        try await files.openssl(["rsa", "-in", rsa.key, "-traditional", "-out", files.path("old-rsa.key")])
        #expect(objection(rsa.certificate, files.path("old-rsa.key")) == nil)
        try await files.openssl(["ecparam", "-genkey", "-name", "prime256v1", "-out", files.path("ec.key")])
        try await files.openssl(
            ["req", "-x509", "-key", files.path("ec.key"), "-subj", "/CN=umd", "-out", files.path("ec.pem")])
        #expect(try String(contentsOfFile: files.path("ec.key"), encoding: .utf8).contains("EC PARAMETERS"))
        #expect(objection(files.path("ec.pem"), files.path("ec.key")) == nil)
        let both = try files.join([rsa.key, rsa.certificate], as: "both.pem")
        #expect(objection(both, both) == nil)
    }

    @Test("An expired certificate loads: whether to serve it is not decided here")
    func expired() async throws {
        let authority = try await files.selfSigned("ca", subject: "/CN=Test CA")
        let pair = try await files.issue("expired", subject: "/CN=umd", by: authority, days: -1)
        let context = try TLSServerContext(certificateFile: pair.certificate, keyFile: pair.key)
        #expect(Double(context.certificate.notAfter) < Date().timeIntervalSince1970)
    }

    @Test("Files that are missing, empty or damaged are named")
    func unreadable() async throws {
        let pair = try await files.selfSigned("own", subject: "/CN=umd")
        let missing = files.path("missing.pem")
        #expect(objection(missing, pair.key) == .cannotRead(file: missing, reason: "No such file or directory"))
        #expect(objection(pair.certificate, missing) == .cannotRead(file: missing, reason: "No such file or directory"))
        let empty = try files.write("", as: "empty.pem")
        #expect(objection(empty, pair.key) == .noCertificate(file: empty))
        #expect(objection(pair.certificate, empty) == .noPrivateKey(file: empty))
        #expect(objection(pair.key, pair.key) == .noCertificate(file: pair.key))
        #expect(objection(pair.certificate, pair.certificate) == .noPrivateKey(file: pair.certificate))
        let lines = try String(contentsOfFile: pair.certificate, encoding: .utf8).split(separator: "\n")
        for (name, text) in [("cut", lines[..<3]), ("swapped", lines[..<2] + lines[3...])] {
            let damaged = try files.write(text.joined(separator: "\n") + "\n", as: "\(name).pem")
            guard case .cannotRead(damaged, _)? = objection(damaged, pair.key) else {
                Issue.record("\(name): \(String(describing: objection(damaged, pair.key)))")
                continue
            }
        }
        #expect(throws: TLSError.noCertificate(file: empty)) { try TLSClientContext(trust: .authority(file: empty)) }
    }

    @Test(
        "An encrypted key is refused with the command that decrypts it", arguments: ["-aes256", "-traditional -aes128"])
    func encrypted(options: String) async throws {
        let pair = try await files.selfSigned("own", subject: "/CN=umd", key: .rsa)
        let encrypted = files.path("encrypted.key")
        try await files.openssl(
            [options.contains("traditional") ? "rsa" : "pkey", "-in", pair.key, "-out", encrypted]
                + options.split(separator: " ").map { String($0) } + ["-passout", "pass:secret"])
        let error = objection(pair.certificate, encrypted)
        #expect(error == .encryptedKey(file: encrypted))
        #expect(error?.description.contains("openssl pkey -in \(encrypted) -out NEWKEY") == true)
        try await files.openssl(["pkey", "-in", encrypted, "-passin", "pass:secret", "-out", files.path("plain.key")])
        #expect(objection(pair.certificate, files.path("plain.key")) == nil)
    }

    @Test("A key of another certificate is refused")
    func mismatch() async throws {
        let (one, two) = try await (
            files.selfSigned("one", subject: "/CN=one"), files.selfSigned("two", subject: "/CN=two")
        )
        #expect(
            objection(one.certificate, two.key)
                == .keyDoesNotMatch(keyFile: two.key, certificateFile: one.certificate, subject: "CN=one"))
        let authority = try await files.selfSigned("ca", subject: "/CN=Test CA")
        let upsideDown = try files.join([authority.certificate, one.certificate], as: "upside-down.pem")
        #expect(
            objection(upsideDown, one.key)
                == .keyDoesNotMatch(keyFile: one.key, certificateFile: upsideDown, subject: "CN=Test CA"))
    }

    @Test("Weak keys and signatures are refused by name, in the whole chain, unless they are allowed")
    func weak() async throws {
        let weak = try await files.selfSigned("weak", subject: "/CN=umd", key: .weak)
        #expect(
            objection(weak.certificate, weak.key)
                == .weakKey(subject: "CN=umd", algorithm: "RSA", bits: 1024, minimum: 2048, file: weak.certificate))
        #expect(objection(weak.certificate, weak.key, allowsLegacy: true) == nil)
        for digest in ["sha1", "md5"] {
            let old = try await files.selfSigned("old", subject: "/CN=umd", key: .rsa, digest: digest)
            let error = objection(old.certificate, old.key)
            #expect(
                error
                    == .weakSignature(
                        subject: "CN=umd", algorithm: "\(digest)WithRSAEncryption", file: old.certificate))
            #expect(error?.description.contains("CN=umd") == true)
            #expect(objection(old.certificate, old.key, allowsLegacy: true) == nil)
        }
    }

    @Test("A root's weak signature of itself does not matter, an intermediate's does")
    func weakChain() async throws {
        let root = try await files.selfSigned("root", subject: "/CN=Root", key: .rsa, digest: "sha1")
        let middle = try await files.issue("middle", subject: "/CN=Middle", by: root, isAuthority: true)
        let leaf = try await files.issue("leaf", subject: "/CN=umd", by: middle)
        let chain = try files.join([leaf.certificate, middle.certificate, root.certificate], as: "chain.pem")
        #expect(objection(chain, leaf.key) == nil)
        let old = try await files.issue("old", subject: "/CN=Old Middle", by: root, digest: "sha1", isAuthority: true)
        let second = try await files.issue("second", subject: "/CN=umd", by: old)
        let oldChain = try files.join([second.certificate, old.certificate], as: "old-chain.pem")
        #expect(
            objection(oldChain, second.key)
                == .weakSignature(subject: "CN=Old Middle", algorithm: "sha1WithRSAEncryption", file: oldChain))
    }

    @Test(
        "Times are told in words",
        arguments: [
            (0, "1970-01-01 00:00:00 UTC"), (951_782_400, "2000-02-29 00:00:00 UTC"),
            (1_772_366_399, "2026-03-01 11:59:59 UTC"), (4_107_542_400, "2100-03-01 00:00:00 UTC"),
            (-1, "1969-12-31 23:59:59 UTC"),
        ] as [(Int64, String)])
    func times(seconds: Int64, text: String) {
        #expect(TLSError.certificateExpired(subject: "s", at: seconds).description.hasSuffix(" on \(text)"))
    }
}
