import CPosix
import Glibc

/// What a client dials, and a certificate therefore names: a host name, or an IP address.
public struct CertificateName: Hashable, Sendable {
    /// How a certificate tells the two apart.
    public enum Kind: Hashable, Sendable {
        /// A host name, lower-case; `*.` in front stands for any one label.
        case dns
        /// An IPv4 or IPv6 address in its shortest form.
        case address
    }

    /// Host name or address.
    public let kind: Kind
    /// The name, with nothing in it but letters, digits, hyphens, dots and colons, and perhaps `*.` in front.
    public let text: String

    private static let longestName = 253
    private static let longestLabel = 63

    /// Reads a host name or an address.
    ///
    /// - Throws: ``CertificateError/badName(_:problem:)``.
    public init(_ text: String) throws(CertificateError) {
        if let address = Self.canonicalAddress(text) {
            kind = .address
            self.text = address
            return
        }
        if let problem = Self.problem(ofName: text) { throw .badName(text, problem: problem) }
        kind = .dns
        self.text = text.lowercased()
    }

    /// The entry of a subject alternative name, as OpenSSL's configuration has it.
    var entry: String { (kind == .dns ? "DNS:" : "IP:") + text }

    private static func problem(ofName text: String) -> String? {
        if text.isEmpty { return "it is empty" }
        if text.contains("/") { return "it is to be the name alone, not a URL" }
        if text.contains(":") { return "it is to be the name or address alone, without port or brackets" }
        guard text.utf8.count <= longestName else { return "it has more than \(longestName) characters" }
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else {
            return "write names of other alphabets as DNS has them (xn--…)"
        }
        let isWildcard = text.hasPrefix("*.")
        let labels = text.dropFirst(isWildcard ? 2 : 0).split(separator: ".", omittingEmptySubsequences: false)
        for label in labels {
            if label.isEmpty { return "there is nothing before, between or after its dots" }
            guard label.utf8.count <= longestLabel else { return "a part has more than \(longestLabel) characters" }
            guard label.utf8.allSatisfy(\.isHostNameByte) else {
                return label.contains("*")
                    ? "a star stands only as the whole first part, as in *.example.com"
                    : "only letters, digits, hyphens and dots may stand in it"
            }
            guard !label.hasPrefix("-"), !label.hasSuffix("-") else { return "a part begins or ends with a hyphen" }
        }
        if isWildcard, labels.count < 2 { return "a star needs at least two parts after it, as in *.example.com" }
        // A name like that would be taken for an address by whoever dials it.
        if labels.last?.allSatisfy(\.isNumber) == true { return "it is neither a name nor a whole IPv4 address" }
        return nil
    }

    private static func canonicalAddress(_ text: String) -> String? {
        // A zero byte would end the text early for C.
        guard !text.utf8.contains(0) else { return nil }
        for (family, size) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: size)
            guard inet_pton(family, text, &bytes) == 1 else { continue }
            return addressText(bytes)
        }
        return nil
    }

    /// The 4 or 16 bytes of an address as people write it.
    static func addressText(_ bytes: [UInt8]) -> String? {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        var name = [CChar](repeating: 0, count: 64)
        guard inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &name, socklen_t(name.count)) != nil else {
            return nil
        }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

extension CertificateName: CustomStringConvertible {
    /// The name itself.
    public var description: String { text }
}

extension UInt8 {
    fileprivate var isHostNameByte: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

/// All names of one certificate: those that were asked for, in their order, then this machine's own.
public struct CertificateNames: Hashable, Sendable {
    /// Each once; never empty.
    public let all: [CertificateName]

    /// The names `given`, then `localhost`, `127.0.0.1`, `::1` and the machine's host name where it is a valid one.
    public init(_ given: [CertificateName] = []) {
        self.init(given, hostName: Self.machineName())
    }

    init(_ given: [CertificateName], hostName: String?) {
        let own = ["localhost", "127.0.0.1", "::1", hostName].compactMap { text in
            text.flatMap { try? CertificateName($0) }
        }
        var seen: Set<CertificateName> = []
        all = (given + own).filter { seen.insert($0).inserted }
    }

    /// Reads host names and addresses.
    ///
    /// - Throws: ``CertificateError/badName(_:problem:)``.
    public init(texts: [String]) throws(CertificateError) {
        var given: [CertificateName] = []
        for text in texts { given.append(try CertificateName(text)) }
        self.init(given)
    }

    /// The value of the subject alternative name extension, as OpenSSL's configuration has it.
    var alternativeName: String { all.map(\.entry).joined(separator: ",") }

    /// The first name that fits a certificate's common name, which has room for 64 characters.
    var commonName: String { all.first { $0.text.utf8.count <= 64 }?.text ?? "localhost" }

    private static func machineName() -> String? {
        var name = [CChar](repeating: 0, count: 257)
        guard gethostname(&name, name.count - 1) == 0 else { return nil }
        return String(validating: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
