import MQTTWire
import Synchronization

/// The certificate that new connections are shown; nil without TLS.
final class CertificateInForce: Sendable {
    private let current: Mutex<TLSCertificate?>

    init(_ certificate: TLSCertificate?) { current = Mutex(certificate) }

    var certificate: TLSCertificate? { current.withLock { $0 } }

    func change(to certificate: TLSCertificate) { current.withLock { $0 = certificate } }
}
