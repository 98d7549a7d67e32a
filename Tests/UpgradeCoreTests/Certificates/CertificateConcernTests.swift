import Foundation
import Testing

@testable import UpgradeCore

@Suite struct CertificateConcernTests {
    private static let subject = "-subj /CN=gw.example.com -addext subjectAltName=DNS:gw.example.com,IP:10.0.0.1"

    @Test(arguments: [
        ("-newkey rsa:1024 -sha256", [CertificateConcern.Kind.weakKey]), ("-newkey rsa:2048 -sha1", [.weakSignature]),
        ("-newkey rsa:2048 -md5", [.weakSignature]), ("-newkey rsa:1024 -sha1", [.weakKey, .weakSignature]),
        ("-newkey ec -pkeyopt ec_paramgen_curve:secp192k1 -sha256", [.weakKey]),
        ("-newkey ec -pkeyopt ec_paramgen_curve:P-256 -sha1", [.weakSignature]),
        ("-newkey rsa:2048 -sha256", []), ("-newkey ec -pkeyopt ec_paramgen_curve:P-224 -sha256", []),
        ("-newkey ed25519", []),
    ])
    func `weak ones are found, and the commands mend them`(
        options: String, kinds: [CertificateConcern.Kind]
    ) async throws {
        try await withTemporaryFolder { folder in
            try await sh(
                "openssl req -x509 \(options) -nodes -keyout k.key -days 90 \(Self.subject) -out c.crt", in: folder)
            let pair = CertificatePair(certificate: folder + "/c.crt", key: folder + "/k.key")
            let concerns = pair.concerns()
            #expect(concerns.map(\.kind) == kinds)
            for concern in concerns {
                #expect(concern.severity == .broken)
                #expect(concern.description.contains("CN=gw.example.com"))
                #expect(concern.description.contains("--tls-legacy"))
                #expect(concern.description.split(separator: "\n").count == 1)
            }
            guard let concern = concerns.first else { return }
            let before = try CertificateFile.read(pair.certificate).certificate
            for command in concern.commands { try await sh(command, in: folder) }
            #expect(pair.concerns().isEmpty)
            let after = try CertificateFile.read(pair.certificate).certificate
            #expect(after.hosts == before.hosts)
            // A good key may stay.
            #expect((after.keyDescription == before.keyDescription) != kinds.contains(.weakKey))
        }
    }

    @Test func `a signature of an algorithm that nobody knows is named`() async throws {
        try await withTLSFiles { files in
            try files.makeAuthority()
            try files.makeServer(names: CertificateNames())
            let path = files.server.certificate
            try await sh("openssl x509 -in '\(path)' -outform DER -out c.der", in: files.folder)
            var der = [UInt8](try Data(contentsOf: URL(filePath: files.folder + "/c.der")))
            let ecdsaWithSHA256: [UInt8] = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02]
            let place = try #require(der.ranges(of: ecdsaWithSHA256).last)
            der[place.upperBound - 1] ^= 0x40
            try Data(der).write(to: URL(filePath: files.folder + "/c.der"))
            try await sh("openssl x509 -in c.der -inform DER -out '\(path)'", in: files.folder)
            let concern = try #require(files.concerns().first)
            #expect(concern.kind == .unusable && concern.severity == .broken)
            #expect(concern.problem.contains(path))
        }
    }

    @Test func `a weak certificate of somebody's authority is signed anew by it`() async throws {
        try await withTemporaryFolder { folder in
            try await sh(
                """
                set -e
                openssl req -x509 -newkey rsa:2048 -nodes -keyout CA.key -subj /CN=Field -out CA.crt
                openssl req -new -newkey rsa:2048 -nodes -keyout k.key \(Self.subject) -out r
                openssl x509 -req -in r -CA CA.crt -CAkey CA.key -copy_extensions copy -sha1 -days 90 -out c.crt
                """, in: folder)
            let pair = CertificatePair(certificate: folder + "/c.crt", key: folder + "/k.key")
            let concern = try #require(pair.concerns().first)
            #expect(concern.kind == .weakSignature)
            for command in concern.commands { try await sh(command, in: folder) }
            #expect(pair.concerns().isEmpty)
            try await sh("openssl verify -CAfile CA.crt -verify_ip 10.0.0.1 c.crt", in: folder)
        }
    }

    @Test func `an authority's own signature does not matter, its key and validity do`() async throws {
        try await withTemporaryFolder { folder in
            try await sh(
                """
                set -e
                openssl req -x509 -newkey rsa:2048 -sha1 -nodes -keyout CA.key -subj /CN=Field -days 90 -out CA.crt
                openssl req -x509 -newkey rsa:1024 -nodes -keyout weak.key -subj /CN=Weak -days 90 -out weak.crt
                openssl req -new -newkey rsa:2048 -nodes -keyout k.key -subj /CN=server -out r
                openssl x509 -req -in r -CA CA.crt -CAkey CA.key -sha256 -days 90 -out c.crt
                """, in: folder)
            let path = folder + "/CA.crt"
            #expect(CertificateConcern.concerns(ofAuthoritiesAt: path).isEmpty)
            #expect(CertificateConcern.concerns(ofAuthoritiesAt: folder + "/weak.crt").map(\.kind) == [.weakKey])
            let concern = try #require(
                CertificateConcern.concerns(ofAuthoritiesAt: path, now: Timestamp.now().adding(days: 80)).first)
            #expect(concern.kind == .expiresSoon)
            for command in concern.commands { try await sh(command, in: folder) }
            // What the old one signed, the new one vouches for.
            try await sh("openssl verify -CAfile CA.crt.new c.crt", in: folder)
            let none = CertificateConcern.concerns(
                ofAuthoritiesAt: path + ".new", now: Timestamp.now().adding(days: 80))
            #expect(none.isEmpty)
            #expect(CertificateConcern.concerns(ofAuthoritiesAt: folder + "/none").map(\.kind) == [.unusable])
        }
    }

    @Test func `validity is warned of 30 days before its end`() async throws {
        try await withTLSFiles { files in
            let now = Timestamp(milliseconds: 1_800_000_000_000)
            try files.makeAuthority(now: now)
            try files.makeServer(names: CertificateNames(texts: ["gw.example.com", "*.b.example"]), now: now)
            #expect(files.concerns(now: now).isEmpty)
            #expect(files.concerns(now: now.adding(days: 794)).isEmpty)
            let soon = files.concerns(now: now.adding(days: 796))
            #expect(soon.map(\.kind) == [.expiresSoon])
            #expect(soon.map(\.severity) == [.warning])
            #expect(soon.first?.commands == ["umctl tls server --host gw.example.com --host '*.b.example'"])
            #expect(soon.first?.description.contains("in 29 days") == true)
            let over = files.concerns(now: now.adding(days: 826))
            #expect(over.map(\.kind) == [.expired])
            #expect(over.map(\.severity) == [.broken])
            let early = files.concerns(now: now.adding(days: -1))
            #expect(early.map(\.kind) == [.notYetValid, .notYetValid])
            let authority = files.concerns(now: now.adding(days: 3630)).filter {
                $0.path == files.authority.certificate
            }
            #expect(authority.map(\.kind) == [.expiresSoon])
            #expect(authority.first?.commands.first == "umctl tls ca --replace")
        }
    }

    @Test func `an encrypted key is mended by writing it without its passphrase`() async throws {
        try await withTemporaryFolder { folder in
            let folder = folder + "/it's a folder"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try await sh(
                "openssl req -x509 -newkey rsa:2048 -passout pass:secret -keyout k.key -days 90 \(Self.subject) -out c.crt",
                in: folder)
            let pair = CertificatePair(certificate: folder + "/c.crt", key: folder + "/k.key")
            let concern = try #require(pair.concerns().first)
            #expect(concern.kind == .encryptedKey)
            #expect(concern.severity == .broken)
            let commands = concern.commands.map {
                $0.hasPrefix("openssl") ? $0 + " -passin pass:secret" : $0
            }
            for command in commands { try await sh(command, in: folder) }
            #expect(pair.concerns().isEmpty)
            #expect(try mode(of: pair.key) == 0o600)
        }
    }

    @Test func `a key that others may use is named`() async throws {
        try await withTLSFiles { files in
            try files.makeSelfSigned(names: CertificateNames())
            for (rights, severity) in [(0o640, CertificateConcern.Severity.warning), (0o604, .broken)] {
                try FileManager.default.setAttributes([.posixPermissions: rights], ofItemAtPath: files.server.key)
                let concerns = files.concerns()
                #expect(concerns.map(\.kind) == [.exposedKey])
                #expect(concerns.map(\.severity) == [severity])
                for command in try #require(concerns.first).commands { try await sh(command, in: files.folder) }
                #expect(files.concerns().isEmpty)
            }
        }
    }

    @Test func `files that do not belong together, or are not there, are named`() async throws {
        try await withTLSFiles { files in
            #expect(files.concerns().isEmpty)
            try files.makeAuthority()
            #expect(files.concerns().isEmpty)
            try files.makeServer(names: CertificateNames())
            try files.makeAuthority(replacing: true)
            let other = files.concerns()
            #expect(other.map(\.kind) == [.otherAuthority])
            #expect(other.map(\.severity) == [.warning])
            #expect(other.first?.commands == ["umctl tls server"])
            #expect(other.first?.problem.contains("leave it so until every client trusts both") == true)
            try FileManager.default.removeItem(atPath: files.authority.certificate + ".old")
            #expect(files.concerns().first?.problem.contains("leave it so") == false)
            try files.makeServer(names: CertificateNames())
            #expect(files.concerns().isEmpty)
            try await sh("cp server.key.old server.key", in: files.folder)
            #expect(files.concerns().map(\.kind) == [.keyMismatch])
            try FileManager.default.removeItem(atPath: files.server.key)
            #expect(files.concerns().map(\.kind) == [.unusable])
            try Data().write(to: URL(filePath: files.server.certificate))
            #expect(files.concerns().map(\.commands) == [["umctl tls server --host NAME"]])
            try FileManager.default.removeItem(atPath: files.server.certificate)
            #expect(files.concerns().isEmpty)
            // The authority's key may be kept elsewhere.
            try FileManager.default.removeItem(atPath: files.authority.key)
            #expect(files.concerns().isEmpty)
        }
    }

    @Test func `of files that were made elsewhere, wrong ones are named and never written over`() async throws {
        try await withTemporaryFolder { folder in
            try await sh(
                """
                set -e
                openssl req -x509 -newkey rsa:2048 -nodes -keyout k.key -days 90 -subj /CN=a -out c.crt
                openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -days 90 -subj /CN=b -out other.crt
                """, in: folder)
            for (certificate, key, kind) in [
                ("c.crt", "other.key", CertificateConcern.Kind.keyMismatch), ("c.crt", "none.key", .unusable),
                ("none.crt", "k.key", .unusable), ("k.key", "c.crt", .unusable),
            ] {
                let concerns = CertificatePair(certificate: "\(folder)/\(certificate)", key: "\(folder)/\(key)")
                    .concerns()
                #expect(concerns.map(\.kind) == [kind])
                #expect(concerns.first?.commands == [])
                #expect(concerns.first?.problem.contains("with --tls-cert") == true)
            }
            let none = CertificateConcern.concerns(ofAuthoritiesAt: folder + "/none")
            #expect(none.first?.problem.contains("--tls-ca") == true)
        }
    }

    @Test func `a self-signed certificate is mended by another one`() async throws {
        try await withTLSFiles { files in
            let now = Timestamp(milliseconds: 1_800_000_000_000)
            try files.makeSelfSigned(names: CertificateNames(texts: ["gw.example.com"]), now: now)
            let concern = try #require(files.concerns(now: now.adding(days: 900)).first)
            #expect(concern.kind == .expired)
            #expect(concern.commands == ["umctl tls self-signed --host gw.example.com"])
        }
    }

    @Test func `a certificate of somebody else's authority in the folder is theirs to renew`() async throws {
        try await withTLSFiles { files in
            try files.makeAuthority()
            try files.makeServer(names: CertificateNames())
            try await sh("rm ca.key", in: files.folder)
            let concern = try #require(files.concerns(now: Timestamp.now().adding(days: 900)).first)
            #expect(concern.commands.last?.hasPrefix("openssl x509 -req") == true)
        }
    }

    @Test func `doctor says how the certificates are`() async throws {
        try await withTLSFiles { files in
            let now = Timestamp(milliseconds: 1_800_000_000_000)
            #expect(files.findings(now: now).map(\.state) == [.ok])
            try files.makeAuthority(now: now)
            let authority = files.findings(now: now)
            #expect(authority.map(\.state) == [.ok, .ok])
            try files.makeServer(names: CertificateNames(texts: ["gw.example.com"]), now: now)
            let well = files.findings(now: now)
            #expect(well.map(\.subject) == ["server certificate", "authority"])
            #expect(well.map(\.state) == [.ok, .ok])
            #expect(well[0].detail.hasPrefix("gw.example.com, localhost, 127.0.0.1, ::1"))
            #expect(well[0].detail.contains("valid until 2029-04-19"))
            let over = files.findings(now: now.adding(days: 830))
            #expect(over.map(\.state) == [.broken, .ok])
            #expect(over[0].detail.contains("mend it with: umctl tls server --host gw.example.com"))
        }
    }
}
