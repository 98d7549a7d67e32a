/// Everything that can happen, as far as anyone is told.
public enum EventKind: String, Sendable, CaseIterable {
    case initialised
    case imported
    case restored

    case companyCreated
    case companyRenamed
    case companyRegistered

    case userCreated
    case userChanged
    case userRemoved
    case passwordChanged
    /// A user made a token for a program of theirs.
    case tokenCreated
    /// A user ended one of them.
    case tokenRevoked

    case mqttAccountAdded
    case mqttAccountRemoved

    case gatewayCreated
    case gatewayConnected
    case gatewayDisconnected
    /// The name, address or place was changed.
    case gatewayChanged
    case gatewayApproved
    case gatewayEnabled
    case gatewayDisabled
    case gatewayMoved
    case gatewayRemoved
    /// It has a secret of its own, another one, or proved itself by a certificate: the fleet's shared secret does not open its id.
    case gatewayEnrolled
    /// It has none of these any more: the fleet's shared secret opens its id again.
    case gatewayRevoked
    /// STATUS named a version other than the last known one.
    case versionReported
    /// STATUS named another company than the one that the gateway is bound to.
    case foreignCompanyClaimed
    case frameRefused
    case messageRefused
    /// REQUEST_UPGRADE named a version that does not exist.
    case unknownVersionRequested
    case downloadSent

    case releaseAdded
    /// The folder's file no longer has the release's bytes, or is gone.
    case releaseWithheld
    /// The folder's file has the release's bytes again.
    case releaseReturned
    case releaseRemoved
    /// A file or an upload is no release; the detail says why.
    case releaseRefused
    /// The store's copy no longer has the digest it is named by.
    case releaseDamaged

    case deploymentCreated
    case deploymentCancelled
    /// A deployment includes this gateway.
    case upgradeOrdered
    case upgradeSent
    case upgradeDelivered
    /// An attempt ended before it was delivered.
    case upgradeCutOff
    case upgradeConfirmed
    case upgradeTimedOut
    case upgradeFailed
    case upgradeCancelled

    /// Whether a gateway can bring it about at will: such events are one counted row per gateway, kind, detail and hour.
    public var coalesces: Bool {
        switch self {
        case .gatewayConnected, .gatewayDisconnected, .foreignCompanyClaimed, .frameRefused, .messageRefused,
            .unknownVersionRequested, .downloadSent:
            true
        default: false
        }
    }

    /// Whether everyone who may look at a dashboard may see it; the others are for those who may read the event log.
    public var showsOnDashboard: Bool {
        switch self {
        case .initialised, .imported, .restored, .companyCreated, .companyRenamed, .companyRegistered, .userCreated,
            .userChanged, .userRemoved, .passwordChanged, .tokenCreated, .tokenRevoked, .mqttAccountAdded,
            .mqttAccountRemoved:
            false
        default: true
        }
    }
}
