/// The commands that mend what is wrong with certificates.
enum Remedy {
    /// Who makes a certificate anew.
    enum Maker: Hashable {
        /// `umctl tls …`, for the files of a data folder.
        case project
        /// The `openssl` command line, for files made elsewhere.
        case openSSL
    }

    /// A private key written without its passphrase.
    static func decryption(of key: String) -> [String] {
        let (key, plain) = (shellWord(key), shellWord(key + ".plain"))
        return ["openssl pkey -in \(key) -out \(plain)", "mv \(plain) \(key)"]
    }

    /// A file for its owner alone.
    static func hiding(_ key: String) -> [String] { ["chmod 600 \(shellWord(key))"] }

    /// A new server certificate with the names of the old one, in its place, and with its key where that may stay.
    static func renewal(
        of old: CertificateSummary?, at certificate: String, key: String, by maker: Maker, keepsKey: Bool
    ) -> [String] {
        let isSelfSigned = old?.isSelfSigned == true
        let names = old?.hosts ?? []
        guard maker == .openSSL else {
            return isSelfSigned ? ["umctl tls self-signed" + hostOptions(names)] : serverCommand(keepingNamesOf: old)
        }
        let file = shellWord(certificate)
        let request =
            (keepsKey
                ? "-key \(shellWord(key))"
                : "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout \(shellWord(key))")
            + " -subj \(shellWord("/CN=" + (names.first { $0.text.utf8.count <= 64 }?.text ?? "NAME")))"
            + " -addext \(shellWord("subjectAltName=" + (names.isEmpty ? "DNS:NAME" : names.map(\.entry).joined(separator: ","))))"
        if isSelfSigned { return ["openssl req -x509 \(request) -sha256 -days 825 -out \(file)"] }
        let draft = shellWord(certificate + ".csr")
        return [
            "openssl req -new \(request) -sha256 -out \(draft)",
            "openssl x509 -req -in \(draft) -CA CA.crt -CAkey CA.key -CAcreateserial -copy_extensions copy -sha256 -days 825 -out \(file)",
        ]
    }

    /// A new authority of the data folder, and a server certificate signed by it with the names of the old one.
    static func newAuthority(server: CertificateSummary?) -> [String] {
        ["umctl tls ca --replace"] + serverCommand(keepingNamesOf: server)
    }

    /// A new certificate for an authority that was made elsewhere; empty where another authority vouches for it.
    ///
    /// With its key it also keeps its name, so that what it signed stays good.
    static func authority(_ old: CertificateSummary, at certificate: String, keepsKey: Bool) -> [String] {
        guard old.isSelfSigned else { return [] }
        let (file, draft) = (shellWord(certificate), shellWord(certificate + ".new"))
        let command =
            keepsKey
            ? "openssl x509 -in \(file) -signkey CA.key"
            : "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout CA.key -subj '/CN=NAME CA'"
        return ["\(command) -sha256 -days 3650 -out \(draft)"]
    }

    /// A server certificate signed by the authority of the data folder.
    static func serverCommand(keepingNamesOf old: CertificateSummary?) -> [String] {
        ["umctl tls server" + (old.map { hostOptions($0.hosts) } ?? " --host NAME")]
    }

    private static func hostOptions(_ names: [CertificateName]) -> String {
        let own = Set(CertificateNames().all)
        return names.filter { !own.contains($0) }.map { " --host " + shellWord($0.text) }.joined()
    }

    /// A text as one word of a command line.
    static func shellWord(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "/._-:,=+@%".utf8.contains(byte)
            }
        }
        if isPlain, !text.isEmpty { return text }
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
    }
}
