import NIOSSL
import Synchronization
import UpgradeCore

/// The certificate chain and key that HTTP over TLS is served with. They can be read anew while connections are open.
final class HTTPSCertificates: Sendable {
    private let certificateFile: String
    private let keyFile: String
    private let current: Mutex<NIOSSLContext>

    /// Reads the two PEM files: the certificate followed by those that lead to its authority, and its key, not encrypted.
    ///
    /// - Throws: ``StartRefusal`` that names the file at fault.
    init(certificateFile: String, keyFile: String) throws(StartRefusal) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
        current = Mutex(try Self.context(certificateFile, keyFile))
    }

    /// Reads the files anew, for connections from now on. When that fails, the present ones stay.
    ///
    /// - Throws: ``StartRefusal`` that names the file at fault.
    func reload() throws(StartRefusal) {
        let context = try Self.context(certificateFile, keyFile)
        current.withLock { $0 = context }
    }

    /// What a new connection is served with.
    var context: NIOSSLContext { current.withLock { $0 } }

    private static func context(_ certificateFile: String, _ keyFile: String) throws(StartRefusal) -> NIOSSLContext {
        let chain = try refusing("the certificate file \(certificateFile) has no PEM certificate that can be read") {
            try NIOSSLCertificate.fromPEMFile(certificateFile)
        }
        let key = try refusing("the key file \(keyFile) has no PEM key that can be read without a password") {
            try NIOSSLPrivateKey(file: keyFile, format: .pem)
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        return try refusing("the key in \(keyFile) is not that of the first certificate in \(certificateFile)") {
            try NIOSSLContext(configuration: configuration)
        }
    }

    private static func refusing<Value>(_ reason: String, _ body: () throws -> Value) throws(StartRefusal) -> Value {
        do {
            return try body()
        } catch {
            throw StartRefusal(
                reason,
                remedy: "give PEM files of a certificate and its unencrypted key, or leave out \(Setting.https.flag)")
        }
    }
}
