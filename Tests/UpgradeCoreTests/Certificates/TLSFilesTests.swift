import Foundation
import Testing

@testable import UpgradeCore

/// What is made is looked at with the `openssl` command line.
@Suite struct TLSFilesTests {
    @Test func `openssl verifies the server certificate by the authority, for every name`() async throws {
        try await withTLSFiles { files in
            let authority = try files.makeAuthority()
            let names = ["gw.example.com", "*.fleet.example", "10.1.2.3", "2001:db8::5"]
            let made = try files.makeServer(names: CertificateNames(texts: names))
            #expect(made.authority == authority.certificate)
            #expect(made.kept.isEmpty)
            try await sh("openssl verify -x509_strict -purpose sslserver -CAfile ca.crt server.crt", in: files.folder)
            for name in ["gw.example.com", "a.fleet.example", "localhost"] {
                try await sh("openssl verify -CAfile ca.crt -verify_hostname \(name) server.crt", in: files.folder)
                let check = try await sh("openssl x509 -noout -checkhost \(name) -in server.crt", in: files.folder)
                #expect(check.contains("does match certificate"))
            }
            for address in ["10.1.2.3", "2001:db8::5", "127.0.0.1", "::1"] {
                try await sh("openssl verify -CAfile ca.crt -verify_ip \(address) server.crt", in: files.folder)
                let check = try await sh("openssl x509 -noout -checkip \(address) -in server.crt", in: files.folder)
                #expect(check.contains("does match certificate"))
            }
            let other = try await shell(
                "openssl verify -CAfile ca.crt -verify_hostname b.example.com server.crt", in: files.folder)
            #expect(other.status != 0)
        }
    }

    @Test func `the certificates say what they are for`() async throws {
        try await withTLSFiles { files in
            try files.makeAuthority()
            try files.makeServer(names: CertificateNames(texts: ["gw.example.com"]))
            let authority = try await sh("openssl x509 -noout -text -in ca.crt", in: files.folder)
            #expect(authority.contains("Version: 3 (0x2)"))
            #expect(authority.contains("Basic Constraints: critical\n                CA:TRUE, pathlen:0"))
            #expect(authority.contains("Key Usage: critical\n                Certificate Sign, CRL Sign\n"))
            #expect(authority.contains("Subject Key Identifier"))
            #expect(authority.contains("ASN1 OID: prime256v1"))
            let server = try await sh("openssl x509 -noout -text -in server.crt", in: files.folder)
            #expect(server.contains("Version: 3 (0x2)"))
            #expect(server.contains("Signature Algorithm: ecdsa-with-SHA256"))
            #expect(server.contains("Subject: CN = gw.example.com"))
            #expect(server.contains("Basic Constraints: critical\n                CA:FALSE"))
            #expect(server.contains("Key Usage: critical\n                Digital Signature\n"))
            #expect(server.contains("Extended Key Usage: \n                TLS Web Server Authentication\n"))
            #expect(server.contains("Authority Key Identifier"))
            #expect(
                server.contains("DNS:gw.example.com, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1"))
            #expect(server.contains("ASN1 OID: prime256v1"))
        }
    }

    @Test func `a self-signed certificate is verified against itself`() async throws {
        try await withTLSFiles { files in
            let made = try files.makeSelfSigned(names: CertificateNames(texts: ["gw.example.com"]))
            #expect(made.authority == nil)
            #expect(made.certificate.isSelfSigned)
            #expect(!made.certificate.isAuthority)
            try await sh(
                "openssl verify -CAfile server.crt -purpose sslserver -verify_hostname gw.example.com server.crt",
                in: files.folder)
        }
    }

    @Test func `validity begins an hour back, and ends after ten years or 825 days`() async throws {
        try await withTLSFiles { files in
            let now = Timestamp(milliseconds: 1_800_000_000_000)
            let authority = try files.makeAuthority(now: now).certificate
            #expect(authority.notBefore == Timestamp(milliseconds: now.milliseconds - 3_600_000))
            #expect(authority.notAfter == now.adding(days: 3650))
            let server = try files.makeServer(names: CertificateNames(), now: now).certificate
            #expect(server.notBefore == authority.notBefore)
            #expect(server.notAfter == now.adding(days: 825))
            // Never longer than the authority that vouches for it.
            let late = try files.makeServer(names: CertificateNames(), now: now.adding(days: 3600)).certificate
            #expect(late.notAfter == authority.notAfter)
            #expect {
                try files.makeServer(names: CertificateNames(), now: now.adding(days: 3651))
            } throws: { error in
                guard case CertificateError.authorityExpired? = error as? CertificateError else { return false }
                return true
            }
        }
    }

    @Test func `serial numbers and authorities' names are not used twice`() async throws {
        try await withTLSFiles { files in
            let first = try files.makeAuthority().certificate
            let second = try files.makeAuthority(replacing: true).certificate
            #expect(first.subject != second.subject)
            var serials: Set<String> = []
            for _ in 0..<8 {
                try files.makeServer(names: CertificateNames())
                serials.insert(try await sh("openssl x509 -noout -serial -in server.crt", in: files.folder))
            }
            #expect(serials.count == 8)
            #expect(serials.allSatisfy { !$0.contains("-") })
        }
    }

    @Test func `keys are for their owner alone, in a folder that is too`() async throws {
        try await withTLSFiles { files in
            try FileManager.default.createDirectory(
                atPath: files.folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o777])
            try files.makeAuthority()
            try files.makeServer(names: CertificateNames())
            try files.makeServer(names: CertificateNames())
            #expect(try mode(of: files.folder) == 0o700)
            for (name, rights) in [
                ("ca.crt", 0o644), ("ca.key", 0o600), ("server.crt", 0o644), ("server.key", 0o600),
                ("server.crt.old", 0o644), ("server.key.old", 0o600),
            ] {
                #expect(try mode(of: files.folder + "/" + name) == rights, "\(name)")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: files.folder).count == 6)
        }
    }

    @Test func `renewal keeps what it replaces`() async throws {
        try await withTLSFiles { files in
            try files.makeAuthority()
            let first = try files.makeServer(names: CertificateNames(texts: ["a.example"]))
            let second = try files.makeServer(names: CertificateNames(texts: ["b.example"]))
            #expect(second.kept == [files.server.certificate + ".old", files.server.key + ".old"])
            let old = try CertificateFile.read(files.server.certificate + ".old")
            #expect(old.certificate == first.certificate)
            try old.checkKey(at: files.server.key + ".old")
            let new = try CertificateFile.read(files.server.certificate)
            #expect(new.certificate == second.certificate)
            #expect(new.others.isEmpty)
            try new.checkKey(at: files.server.key)
            #expect(files.serverNames()?.first?.text == "b.example")
            #expect(throws: CertificateError.keyMismatch(key: files.server.key, certificate: old.path)) {
                try old.checkKey(at: files.server.key)
            }
        }
    }

    @Test func `an authority is replaced only when told so`() async throws {
        try await withTLSFiles { files in
            let first = try files.makeAuthority().certificate
            let refusal = CertificateError.authorityExists(
                certificate: files.authority.certificate, subject: first.subject)
            #expect(throws: refusal) { try files.makeAuthority() }
            #expect(try CertificateFile.read(files.authority.certificate).certificate == first)
            let second = try files.makeAuthority(replacing: true)
            #expect(second.kept == [files.authority.certificate + ".old", files.authority.key + ".old"])
            #expect(try CertificateFile.read(files.authority.certificate + ".old").certificate == first)
            // The key alone is worth as much care.
            try FileManager.default.removeItem(atPath: files.authority.certificate)
            #expect(throws: CertificateError.self) { try files.makeAuthority() }
        }
    }

    @Test func `clients with both authorities in one file are not cut off by a change of them`() async throws {
        try await withTLSFiles { files in
            try files.makeAuthority()
            try files.makeServer(names: CertificateNames())
            try files.makeAuthority(replacing: true)
            try await sh("cat ca.crt ca.crt.old > both.crt", in: files.folder)
            try await sh("openssl verify -CAfile both.crt server.crt", in: files.folder)
            try files.makeServer(names: CertificateNames())
            try await sh(
                "openssl verify -CAfile both.crt server.crt && openssl verify -CAfile ca.crt server.crt",
                in: files.folder)
        }
    }

    @Test func `without an authority, or with its certificate alone, nothing is signed`() async throws {
        try await withTLSFiles { files in
            #expect(throws: CertificateError.noAuthority(certificate: files.authority.certificate)) {
                try files.makeServer(names: CertificateNames())
            }
            try files.makeAuthority()
            try FileManager.default.removeItem(atPath: files.authority.key)
            #expect(throws: CertificateError.authorityKeyMissing(key: files.authority.key)) {
                try files.makeServer(names: CertificateNames())
            }
            #expect(throws: CertificateError.authorityKeyMissing(key: files.authority.key)) {
                try files.makeIfAbsent(names: CertificateNames())
            }
        }
    }

    @Test func `a first start makes what is missing, and nothing else`() async throws {
        try await withTLSFiles { files in
            let made = try #require(try files.makeIfAbsent(names: CertificateNames()))
            let printed = try await sh("openssl x509 -noout -fingerprint -sha256 -in ca.crt", in: files.folder)
            #expect(printed == "sha256 Fingerprint=\(try #require(made.authority).fingerprint)\n")
            try await sh("openssl verify -CAfile ca.crt server.crt", in: files.folder)
            #expect(try files.makeIfAbsent(names: CertificateNames()) == nil)
            // A start that was cut off after the authority.
            try FileManager.default.removeItem(atPath: files.server.certificate)
            let again = try #require(try files.makeIfAbsent(names: CertificateNames()))
            #expect(again.authority == made.authority)
            try await sh("openssl verify -CAfile ca.crt server.crt", in: files.folder)
        }
    }

    @Test func `the key of a certificate that was made elsewhere and is gone is not replaced`() async throws {
        try await withTLSFiles { files in
            try files.makeSelfSigned(names: CertificateNames())
            let key = try Data(contentsOf: URL(filePath: files.server.key))
            try FileManager.default.removeItem(atPath: files.server.certificate)
            #expect(
                throws: CertificateError.certificateMissing(
                    certificate: files.server.certificate, key: files.server.key)
            ) { try files.makeIfAbsent(names: CertificateNames()) }
            #expect(try Data(contentsOf: URL(filePath: files.server.key)) == key)
        }
    }

    @Test func `a change that was cut off between key and certificate is finished`() async throws {
        try await withTLSFiles { files in
            try files.makeSelfSigned(names: CertificateNames())
            let before = try Data(contentsOf: URL(filePath: files.server.certificate))
            let after = try files.makeSelfSigned(names: CertificateNames()).certificate
            let new = try Data(contentsOf: URL(filePath: files.server.certificate))
            try before.write(to: URL(filePath: files.server.certificate))
            try new.write(to: URL(filePath: files.server.certificate + ".partial"))
            #expect(try files.makeIfAbsent(names: CertificateNames()) == nil)
            let file = try CertificateFile.read(files.server.certificate)
            #expect(file.certificate == after)
            try file.checkKey(at: files.server.key)
            // One that was cut off before the key is forgotten.
            try before.write(to: URL(filePath: files.server.certificate + ".partial"))
            #expect(try files.makeIfAbsent(names: CertificateNames()) == nil)
            #expect(try CertificateFile.read(files.server.certificate).certificate == after)
            #expect(!FileManager.default.fileExists(atPath: files.server.certificate + ".partial"))
        }
    }

    @Test func `many at once leave a certificate and the key to it`() async throws {
        try await withTLSFiles { files in
            try files.makeAuthority()
            try await withThrowingTaskGroup { group in
                for number in 0..<8 {
                    group.addTask { try files.makeServer(names: CertificateNames(texts: ["host-\(number)"])) }
                }
                try await group.waitForAll()
            }
            try CertificateFile.read(files.server.certificate).checkKey(at: files.server.key)
            try CertificateFile.read(files.server.certificate + ".old").checkKey(at: files.server.key + ".old")
        }
    }

    @Test(arguments: ["rsa:2048", "ec -pkeyopt ec_paramgen_curve:P-384", "ed25519"])
    func `an authority that openssl made signs as well`(key: String) async throws {
        try await withTLSFiles { files in
            try FileManager.default.createDirectory(atPath: files.folder, withIntermediateDirectories: true)
            try await sh(
                "openssl req -x509 -newkey \(key) -nodes -keyout ca.key -subj '/O=Field/CN=Field CA' -days 30 -out ca.crt",
                in: files.folder)
            try files.makeServer(names: CertificateNames(texts: ["gw.example.com"]))
            try await sh("openssl verify -CAfile ca.crt -verify_hostname gw.example.com server.crt", in: files.folder)
        }
    }

    @Test func `an intermediate authority is shown along with the server's certificate`() async throws {
        try await withTLSFiles { files in
            try FileManager.default.createDirectory(atPath: files.folder, withIntermediateDirectories: true)
            try await sh(
                """
                set -e
                openssl req -x509 -newkey rsa:2048 -nodes -keyout root.key -subj '/CN=Root' -out root.crt
                openssl req -new -newkey rsa:2048 -nodes -keyout ca.key -subj '/CN=Middle' -addext basicConstraints=critical,CA:TRUE -out ca.csr
                openssl x509 -req -in ca.csr -CA root.crt -CAkey root.key -copy_extensions copy -sha256 -days 30 -out ca.crt
                """, in: files.folder)
            try files.makeServer(names: CertificateNames())
            try await sh("openssl verify -CAfile root.crt -untrusted server.crt server.crt", in: files.folder)
            #expect(try CertificateFile.read(files.server.certificate).others.map(\.subject) == ["CN=Middle"])
            #expect(files.concerns().filter { $0.kind == .otherAuthority }.isEmpty)
        }
    }

    @Test func `an authority that cannot sign is refused`() async throws {
        try await withTLSFiles { files in
            try files.makeSelfSigned(names: CertificateNames())
            try await sh("cp server.crt ca.crt && cp server.key ca.key", in: files.folder)
            #expect {
                try files.makeServer(names: CertificateNames())
            } throws: { error in
                guard case CertificateError.notAnAuthority? = error as? CertificateError else { return false }
                return true
            }
            try files.makeAuthority(replacing: true)
            try await sh("openssl pkey -in ca.key -aes256 -passout pass:secret -out x && mv x ca.key", in: files.folder)
            let encrypted = #expect(throws: CertificateError.encryptedKey(path: files.authority.key)) {
                try files.makeServer(names: CertificateNames())
            }
            #expect(encrypted?.description.contains("openssl pkey -in \(files.authority.key)") == true)
        }
    }
}

/// Calls `body` with the certificates of a data folder that is not there yet.
func withTLSFiles(_ body: (TLSFiles) async throws -> Void) async throws {
    try await withTemporaryFolder { path in try await body(TLSFiles(folder: DataFolder(path: path + "/data"))) }
}
