import MQTTBroker
import MQTTWire
import Synchronization
import UpgradeCore

/// Lets whoever guesses at secrets wait for each refusal, longer every time; who knows the right one never comes here.
final class ConnectSlowdown: Sendable {
    /// An account and an address. Of an account its hash is enough: a user name may have 64 KiB.
    private struct Key: Hashable {
        let account: Int
        let address: String
    }

    private let throttle = Mutex(FailureThrottle<Key>())

    /// How long this refusal is to wait.
    ///
    /// The account of gateways that share a secret is their client id: one of them with a wrong password must not hold up the rest behind its address.
    func delay(afterFailureOf request: ConnectRequest, sharing secret: MQTTSecret) -> Duration {
        let isShared = request.userName == secret.username
        let key = Key(
            account: (isShared ? request.clientID.text : request.userName ?? "").hashValue, address: request.remoteHost)
        let now = Duration.nanoseconds(Int64(clamping: MonotonicTime.now.nanoseconds))
        return throttle.withLock { throttle in
            defer { throttle.recordFailure(of: key, at: now) }
            return throttle.delay(for: key, at: now)
        }
    }
}
