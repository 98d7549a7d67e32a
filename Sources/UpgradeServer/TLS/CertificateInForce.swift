import MQTTWire
import Synchronization

/// The certificate that new connections are shown: not always what is in the file.
final class CertificateInForce: Sendable {
    private let certificate: Mutex<TLSCertificate>

    init(_ context: TLSServerContext) { certificate = Mutex(context.certificate) }

    /// When it expires, in Unix seconds.
    var expiry: Int64 { certificate.withLock(\.notAfter) }

    func replace(by context: TLSServerContext) { certificate.withLock { $0 = context.certificate } }
}
