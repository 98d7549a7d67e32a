import Foundation
import Testing

@testable import UpgradeCore

/// What is read was made with the `openssl` command line.
@Suite struct CertificateSummaryTests {
    @Test(arguments: [
        ("rsa:2048", CertificateSummary.KeyType.rsa, 2048, "RSA 2048 bits", "SHA256" as String?),
        ("ec -pkeyopt ec_paramgen_curve:P-256", .ec(curve: "P-256"), 256, "EC P-256", "SHA256"),
        ("ec -pkeyopt ec_paramgen_curve:secp384r1 -sha384", .ec(curve: "P-384"), 384, "EC P-384", "SHA384"),
        ("ed25519", .other("ED25519"), 256, "ED25519", nil),
        ("rsa-pss -pkeyopt rsa_keygen_bits:2048", .rsa, 2048, "RSA 2048 bits", "SHA256"),
    ])
    func `every kind of key is told`(
        key: String, type: CertificateSummary.KeyType, bits: Int, text: String, digest: String?
    ) async throws {
        try await withTemporaryFolder { folder in
            try await sh("openssl req -x509 -newkey \(key) -nodes -keyout k -subj /CN=a -out c", in: folder)
            let file = try CertificateFile.read(folder + "/c")
            #expect(file.certificate.keyType == type)
            #expect(file.certificate.keyBits == bits)
            #expect(file.certificate.keyDescription == text)
            #expect(file.certificate.signatureDigest == digest)
            try file.checkKey(at: folder + "/k")
        }
    }

    @Test func `names, validity and fingerprint are those that openssl prints`() async throws {
        try await withTemporaryFolder { folder in
            try await sh(
                """
                openssl req -x509 -newkey rsa:2048 -nodes -keyout k -utf8 -subj '/O=Grüße, Inc./CN=gw.example.com' -days 40 \
                  -addext subjectAltName=DNS:a.example,IP:10.0.0.1,IP:2001:db8::1,email:me@example.com,URI:urn:gw:1 -out c
                """, in: folder)
            let certificate = try CertificateFile.read(folder + "/c").certificate
            #expect(certificate.subject == #"CN=gw.example.com,O=Grüße\, Inc."#)
            #expect(certificate.issuer == certificate.subject)
            #expect(certificate.commonName == "gw.example.com")
            #expect(
                certificate.alternativeNames == [
                    "a.example", "10.0.0.1", "2001:db8::1", "me@example.com", "urn:gw:1",
                ])
            #expect(certificate.hosts.map(\.text) == ["a.example", "10.0.0.1", "2001:db8::1"])
            #expect(certificate.isSelfSigned)
            #expect(certificate.isAuthority)
            let fingerprint = try await sh("openssl x509 -in c -noout -fingerprint -sha256", in: folder)
            #expect(fingerprint == "sha256 Fingerprint=\(certificate.fingerprint)\n")
            let end = try await sh("date -d \"$(openssl x509 -in c -noout -enddate | cut -d= -f2)\" +%s", in: folder)
            #expect(certificate.notAfter.milliseconds == (Int64(end.dropLast()) ?? 0) * 1000)
            #expect(certificate.notBefore.adding(days: 40) == certificate.notAfter)
        }
    }

    @Test func `without an alternative name the common name counts`() async throws {
        try await withTemporaryFolder { folder in
            try await sh(
                "openssl req -x509 -newkey rsa:2048 -nodes -keyout k -subj /CN=gw.example.com -out c", in: folder)
            #expect(try CertificateFile.read(folder + "/c").certificate.hosts.map(\.text) == ["gw.example.com"])
        }
    }

    @Test func `a chain is read in its order, whatever stands between`() async throws {
        try await withTLSFiles { files in
            let authority = try files.makeAuthority().certificate
            let server = try files.makeServer(names: CertificateNames()).certificate
            try await sh(
                "(echo text; openssl x509 -text -in server.crt; cat server.key; cat ca.crt) > all.pem", in: files.folder
            )
            let file = try CertificateFile.read(files.folder + "/all.pem")
            #expect(file.certificate == server)
            #expect(file.others == [authority])
            #expect(server.isSigned(by: authority))
            #expect(!authority.isSigned(by: server))
            try file.checkKey(at: files.folder + "/all.pem")
            let another = try files.makeAuthority(replacing: true).certificate
            #expect(!server.isSigned(by: another))
        }
    }

    @Test(arguments: ["-aes256", "-aes256 -traditional", "-des3"])
    func `an encrypted key is told, and nobody is asked`(cipher: String) async throws {
        try await withTLSFiles { files in
            try files.makeSelfSigned(names: CertificateNames())
            try await sh("openssl pkey -in server.key \(cipher) -passout pass:secret -out x", in: files.folder)
            let key = files.folder + "/x"
            #expect(try CertificateFile.isKeyEncrypted(at: key))
            #expect(try !CertificateFile.isKeyEncrypted(at: files.server.key))
            let error = #expect(throws: CertificateError.encryptedKey(path: key)) {
                try CertificateFile.read(files.server.certificate).checkKey(at: key)
            }
            #expect(error?.description.contains("openssl pkey -in \(key) -out \(key).plain") == true)
        }
    }

    @Test func `what is no certificate or key is named`() async throws {
        try await withTLSFiles { files in
            try files.makeSelfSigned(names: CertificateNames())
            let (certificate, key) = (files.server.certificate, files.server.key)
            #expect(throws: CertificateError.noCertificate(path: key)) { try CertificateFile.read(key) }
            #expect(throws: CertificateError.noKey(path: certificate)) {
                try CertificateFile.read(certificate).checkKey(at: certificate)
            }
            #expect(throws: CertificateError.file(path: key + "x", problem: "No such file or directory")) {
                try CertificateFile.read(key + "x")
            }
            #expect(throws: CertificateError.self) { try CertificateFile.read(files.folder) }
            #expect(throws: CertificateError.self) { try CertificateFile.read("/dev/zero") }
            #expect(throws: CertificateError.noCertificate(path: "")) { try CertificateFile(pem: [], path: "") }
            // Damaged anywhere, it is an error and nothing worse.
            let pem = Array(try Data(contentsOf: URL(filePath: certificate)))
            for position in stride(from: 0, to: pem.count, by: 7) {
                var damaged = pem
                damaged[position] = UInt8(ascii: "!")
                let error = #expect(throws: CertificateError.self) { try CertificateFile(pem: damaged, path: "file") }
                #expect(error?.description.contains("file") == true)
                #expect(throws: CertificateError.self) {
                    try CertificateFile(pem: Array(pem.prefix(position)), path: "file")
                }
            }
        }
    }
}
