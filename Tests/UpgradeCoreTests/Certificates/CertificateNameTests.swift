import Testing

@testable import UpgradeCore

@Suite struct CertificateNameTests {
    @Test(arguments: [
        ("gw.example.com", CertificateName.Kind.dns, "gw.example.com"), ("GW.Example.COM", .dns, "gw.example.com"),
        ("*.example.com", .dns, "*.example.com"), ("host-1", .dns, "host-1"), ("1a", .dns, "1a"),
        ("xn--bcher-kva.example", .dns, "xn--bcher-kva.example"), ("10.0.0.1", .address, "10.0.0.1"),
        ("::1", .address, "::1"), ("2001:DB8:0:0::0001", .address, "2001:db8::1"),
        ("::ffff:10.0.0.1", .address, "::ffff:10.0.0.1"),
    ])
    func `host names and addresses are understood`(text: String, kind: CertificateName.Kind, name: String) throws {
        let read = try CertificateName(text)
        #expect(read.kind == kind)
        #expect(read.text == name)
    }

    @Test(arguments: [
        "", " ", "a b", "a_b", "-a", "a-", "a..b", ".a", "a.", "*", "*.com", "a.*.b", "*a.example.com",
        "**.example.com",
        "https://a.example", "a:8883", "[::1]", "fe80::1%eth0", "bücher.example", "1.2.3", "1.2.3.4.5", "300.1.1.1",
        "a,DNS:b",
        "a\nb", "a\u{0}b", "10.0.0.1\u{0}", "DNS:a", String(repeating: "a", count: 64),
        Array(repeating: "a", count: 128).joined(separator: "."), "@section", "a;b", "a/b",
    ])
    func `what is neither is refused in one line`(text: String) {
        let error = #expect(throws: CertificateError.self) { try CertificateName(text) }
        guard case .badName(let named, _) = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(named == text)
        #expect(error?.description.split(separator: "\n").count == 1)
    }

    @Test func `this machine's names come after those that were given, each once`() throws {
        let given = try ["b.example", "127.0.0.1", "a.example", "B.example"].map { try CertificateName($0) }
        #expect(
            CertificateNames(given, hostName: "Machine").all.map(\.text) == [
                "b.example", "127.0.0.1", "a.example", "localhost", "::1", "machine",
            ])
        #expect(
            CertificateNames([], hostName: "not_a_name").all.map(\.text) == ["localhost", "127.0.0.1", "::1"])
        #expect(CertificateNames([], hostName: "localhost").all.count == 3)
    }

    @Test func `the common name is the first that fits into 64 characters`() throws {
        let long = Array(repeating: "abcdefghi", count: 8).joined(separator: ".")
        #expect(try CertificateNames([CertificateName(long)], hostName: nil).commonName == "localhost")
        #expect(
            try CertificateNames([CertificateName(long), CertificateName("10.0.0.1")], hostName: nil).commonName
                == "10.0.0.1")
    }
}
