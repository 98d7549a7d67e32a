import Foundation
import Testing
import UpgradeCore

@Suite struct CertificateVerbTests {
    @Test func `method 2 is an authority and then a server certificate`() async throws {
        try await withTemporaryFolder { data in
            let early = await umctl("tls", "server", "--host", "gw.example.com", data: data)
            #expect(early.status == 1)
            #expect(early.errors.contains("umctl tls ca"))
            let authority = await umctl("tls", "ca", data: data)
            #expect(authority.status == 0)
            #expect(authority.output.contains("\(data)/tls/ca.crt"))
            #expect(authority.output.contains("CN=Upgrade Manager CA "))
            #expect(authority.output.contains("umctl tls server --host NAME"))
            let server = await umctl("tls", "server", "--host", "gw.example.com", "10.0.0.9", data: data)
            #expect(server.status == 0)
            #expect(server.errors.isEmpty)
            for part in [
                "\(data)/tls/server.crt", "\(data)/tls/server.key",
                "gw.example.com, 10.0.0.9, localhost, 127.0.0.1, ::1",
                "EC P-256", "SHA-256      ", "SIGHUP", "from 20",
            ] {
                #expect(server.output.contains(part), "\(part)")
            }
            #expect(server.lines.filter { $0.hasPrefix("next: ") }.count == 1)
            #expect(!server.output.contains(".old"))
            let again = await umctl("tls", "server", "--host", "gw.example.com", data: data)
            #expect(again.status == 0)
            #expect(again.output.contains("\(data)/tls/server.key.old"))
        }
    }

    @Test func `an authority gives way only to --replace`() async throws {
        try await withTemporaryFolder { data in
            _ = await umctl("tls", "ca", data: data)
            let file = data + "/tls/ca.crt"
            let first = try CertificateFile.read(file).certificate
            let refused = await umctl("tls", "ca", data: data)
            #expect(refused.status == 1)
            #expect(refused.output.isEmpty)
            #expect(refused.errors.split(separator: "\n").count == 1)
            #expect(refused.errors.contains("trusted by no client"))
            #expect(refused.errors.contains("--replace"))
            #expect(try CertificateFile.read(file).certificate == first)
            let replaced = await umctl("tls", "ca", "--replace", data: data)
            #expect(replaced.status == 0)
            #expect(replaced.output.contains("\(file).old"))
            #expect(try CertificateFile.read(file + ".old").certificate == first)
            #expect(try CertificateFile.read(file).certificate != first)
        }
    }

    @Test func `with names the authority's verb makes the server certificate as well`() async throws {
        struct Body: Decodable {
            struct Server: Decodable { var certificate, issuer: String }
            var subject, certificate: String
            var server: Server?
        }
        try await withTemporaryFolder { data in
            let run = await umctl("tls", "ca", "--host", "gw.example.com", "b", "--json", data: data)
            let body = try JSONDecoder().decode(Body.self, from: Data(run.output.utf8))
            #expect(body.certificate == data + "/tls/ca.crt")
            #expect(body.server?.certificate == data + "/tls/server.crt")
            #expect(body.server?.issuer == body.subject)
            let text = await umctl("tls", "ca", "--replace", "--host", "gw.example.com", data: data)
            #expect(text.status == 0)
            #expect(text.lines.filter { $0.hasPrefix("certificate  ") }.count == 2)
            #expect(text.lines.filter { $0.hasPrefix("next: ") }.count == 1)
            let authority = try CertificateFile.read(data + "/tls/ca.crt").certificate
            #expect(try CertificateFile.read(data + "/tls/server.crt").certificate.isSigned(by: authority))
        }
    }

    @Test func `json is one object`() async throws {
        struct Body: Decodable {
            var certificate, key, subject, issuer, keyType, notBefore, notAfter, fingerprint: String
            var authorityFingerprint: String?
            var names, kept: [String]
        }
        try await withTemporaryFolder { data in
            func body(_ arguments: String...) async throws -> Body {
                let run = await umctl(arguments, data: data)
                #expect(run.status == 0)
                #expect(run.lines.count == 1)
                return try JSONDecoder().decode(Body.self, from: Data(run.output.utf8))
            }
            let authority = try await body("tls", "ca", "--json")
            #expect(authority.names.isEmpty)
            #expect(authority.subject == authority.issuer)
            #expect(authority.authorityFingerprint == authority.fingerprint)
            let server = try await body("tls", "server", "--host", "a.example", "--host", "b.example", "c", "--json")
            #expect(server.certificate == data + "/tls/server.crt")
            #expect(server.key == data + "/tls/server.key")
            #expect(server.names.starts(with: ["a.example", "b.example", "c", "localhost", "127.0.0.1", "::1"]))
            #expect(server.issuer == authority.subject)
            #expect(server.authorityFingerprint == authority.fingerprint)
            #expect(server.keyType == "EC P-256")
            #expect(server.kept.isEmpty)
            #expect(server.notAfter.hasSuffix("Z"))
            let selfSigned = try await body("tls", "--json", "self-signed", "--host", "d")
            #expect(selfSigned.names.first == "d")
            #expect(selfSigned.subject == selfSigned.issuer)
            #expect(selfSigned.authorityFingerprint == nil)
            #expect(selfSigned.kept == [data + "/tls/server.crt.old", data + "/tls/server.key.old"])
        }
    }

    @Test func `global options stand anywhere, and end the names`() async throws {
        try await withTemporaryFolder { data in
            for arguments in [
                ["--data", data, "tls", "self-signed", "--host", "a", "b"],
                ["tls", "--data", data, "self-signed", "--host", "a", "b"],
                ["tls", "self-signed", "--data", data, "--host", "a", "b"],
                ["tls", "self-signed", "--host", "a", "b", "--data", data],
                ["tls", "self-signed", "--host", "a", "--data", data, "--host", "b"],
                ["tls", "self-signed", "--host=a", "--host=b", "--data=\(data)", "--quiet"],
            ] {
                let run = await umctl(arguments)
                #expect(run.status == 0, "\(arguments): \(run.errors)")
                #expect(run.output.isEmpty == arguments.contains("--quiet"))
                let names = try CertificateFile.read(data + "/tls/server.crt").certificate.alternativeNames
                #expect(names.starts(with: ["a", "b", "localhost"]), "\(arguments)")
            }
        }
    }

    @Test func `without names those of the certificate that is replaced are kept`() async throws {
        try await withTemporaryFolder { data in
            _ = await umctl("tls", "ca", data: data)
            let first = await umctl("tls", "server", data: data)
            #expect(first.status == 0)
            #expect(first.output.contains("names        localhost, 127.0.0.1, ::1"))
            _ = await umctl("tls", "server", "--host", "gw.example.com", data: data)
            let renewed = await umctl("tls", "server", data: data)
            #expect(renewed.output.contains("names        gw.example.com, localhost, 127.0.0.1, ::1"))
        }
    }

    @Test func `the certificates are made beside a daemon, and make no installation`() async throws {
        try await withTemporaryFolder { path in
            let data = path + "/data"
            #expect(await umctl("tls", "self-signed", "--host", "a", data: data).status == 0)
            #expect(try DataFolder(path: data).contents() == .nothing)
            #expect(await umctl("init", data: data).status == 0)
            let lock = try FolderLock(DataFolder(path: data))
            #expect(await umctl("tls", "self-signed", "--host", "b", data: data).status == 0)
            #expect(lock.folder.path == data)
        }
    }

    @Test func `doctor tells of certificates`() async throws {
        try await withTemporaryFolder { path in
            let data = path + "/data"
            _ = await umctl("init", data: data)
            #expect(await umctl("doctor", data: data).output.contains("first start in TLS mode"))
            _ = await umctl("tls", "ca", data: data)
            _ = await umctl("tls", "server", "--host", "gw.example.com", data: data)
            let well = await umctl("doctor", data: data)
            #expect(well.status == 0)
            #expect(well.output.contains("ok       server certificate: gw.example.com, localhost"))
            #expect(well.output.contains("ok       authority: CN=Upgrade Manager CA "))
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: data + "/tls/server.key")
            _ = await umctl("tls", "ca", "--replace", data: data)
            let ill = await umctl("doctor", data: data)
            #expect(ill.status == 1)
            #expect(ill.output.contains("BROKEN   server certificate: everybody may use the private key"))
            #expect(ill.output.contains("chmod 600 \(data)/tls/server.key"))
            #expect(ill.output.contains("umctl tls server --host gw.example.com"))
        }
    }

    @Test func `doctor looks at the files that umd is given, in place of those of the data folder`() async throws {
        try await withTemporaryFolder { path in
            let (data, other) = (path + "/data", path + "/other")
            _ = await umctl("init", data: data)
            _ = await umctl("tls", "ca", "--host", "own.example.com", data: data)
            _ = await umctl("tls", "ca", "--host", "field.example.com", data: other)
            let files = [
                "--tls-cert", other + "/tls/server.crt", "--tls-key", other + "/tls/server.key", "--tls-ca",
                other + "/tls/ca.crt",
            ]
            let well = await umctl(["doctor"] + files, data: data)
            #expect(well.status == 0)
            #expect(well.output.contains("ok       server certificate: field.example.com"))
            #expect(well.output.contains("ok       gateways' authority: CN=Upgrade Manager CA"))
            #expect(!well.output.contains("own.example.com"))
            let wrong = await umctl(
                "doctor", "--tls-cert", files[1], "--tls-key", data + "/tls/server.key", "--tls-ca", path + "/none",
                data: data)
            #expect(wrong.status == 1)
            #expect(wrong.output.contains("BROKEN   server certificate: the private key"))
            #expect(wrong.output.contains("BROKEN   gateways' authority: cannot use \(path)/none"))
            #expect(await umctl("doctor", "--tls-cert", files[1], data: data).status == 64)
        }
    }

    @Test(arguments: [
        ["tls", "--help"], ["tls", "ca", "--help"], ["tls", "server", "--help"], ["tls", "self-signed", "--help"],
    ])
    func `the help explains both methods`(arguments: [String]) async {
        let run = await umctl(arguments)
        #expect(run.status == 0)
        #expect(run.output.contains("ethod 1"))
        #expect(run.output.contains("ethod 2"))
    }
}
