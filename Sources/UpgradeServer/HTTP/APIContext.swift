import Hummingbird
import NIOCore
import UpgradeCore

/// What is known of a request beside the request itself.
struct APIContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The listener the request came in by.
    let entrance: Entrance
    /// Closes with the connection; what a long answer watches.
    let channel: any Channel

    /// The two ways into the same routes.
    enum Entrance: Sendable {
        /// Whoever can open the socket file is the operator.
        case controlSocket
        case tcp
    }

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
        entrance = source.channel.localAddress?.pathname != nil ? .controlSocket : .tcp
    }
}
