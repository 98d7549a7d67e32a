import UpgradeProtocol

/// What a gateway's PUBLISH says, as far as it can be told without the database.
enum DecodedMessage: Sendable {
    case status(StatusMessage)
    case latestVersionRequest
    case availableVersionsRequest
    case upgradeRequest(Version)
    /// It changes nothing; which event counts it, and why.
    case refused(EventKind, String)

    init(_ message: InboundMessage) {
        let body: [UInt8]
        do {
            body = try Frame(decoding: message.payload, checksum: .payloadBytesOrFieldText).payload
        } catch {
            self = .refused(.frameRefused, "\(message.verb.rawValue): \(error)")
            return
        }
        do {
            switch message.verb {
            case .status: self = .status(try StatusMessage(decoding: body))
            case .requestUpgrade: self = .upgradeRequest(try UpgradeRequestMessage(decoding: body).version)
            // Empty by the protocol; field gateways send a space. Whatever it is, it says nothing.
            case .requestLatestVersion: self = .latestVersionRequest
            case .requestAvailableVersions: self = .availableVersionsRequest
            }
        } catch {
            self = .refused(.messageRefused, "\(message.verb.rawValue): \(error)")
        }
    }
}
