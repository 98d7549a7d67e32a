import COpenSSL
import CPosix
import Synchronization

/// The last session of a client with its one server, so that connecting again takes no new verification and less arithmetic.
///
/// One for each pair of client and server: a session stands for a name that was checked, and would be believed for another.
final class TLSSessionCache: Sendable {
    /// One reference to an `SSL_SESSION`.
    ///
    /// `@unchecked Sendable`: OpenSSL counts references atomically, and a session that stands does not change.
    final class Session: @unchecked Sendable {
        let pointer: OpaquePointer
        /// When the first of the certificates expires that were verified when the session began, in Unix seconds.
        let verifiedUntil: Int64

        /// Takes over a reference.
        init(adopting pointer: OpaquePointer, verifiedUntil: Int64) {
            self.pointer = pointer
            self.verifiedUntil = verifiedUntil
        }

        deinit {
            SSL_SESSION_free(pointer)
        }
    }

    private let session = Mutex<Session?>(nil)

    /// The session to go on with. None once a certificate on which it rests has expired: a resumption verifies nothing, a new handshake does.
    var current: Session? {
        session.withLock { session in
            guard let kept = session, kept.verifiedUntil > Int64(time(nil)) else { return nil }
            return kept
        }
    }

    func keep(_ new: Session) {
        session.withLock { $0 = new }
    }

    func forget() {
        session.withLock { $0 = nil }
    }
}
