public import FoundationEssentials

/// One server-sent event of `GET /stream`: `event:` is ``name``, `data:` the body's JSON in one line.
///
/// The stream carries what the caller may see, in the order of the commits. Bodies are whole, so that a reader replaces what it has.
public enum StreamEvent: Sendable, Equatable {
    /// `event: event`: something happened. For those who may read the event log.
    case event(EventBody)
    /// `event: changed`, with an empty object: something happened that the dashboard of a caller shows who may not read the event log.
    case changed
    /// `event: gateway`: a gateway is new or changed.
    case gateway(GatewayBody)
    /// `event: deployment`: a deployment is new or its counts changed.
    case deployment(DeploymentBody)
    /// `event: release`: a release is new or its state changed; one that somebody removed for good has the state `removed`.
    case release(ReleaseBody)
    /// `event: progress`: an executable on its way to a gateway got on.
    case progress(ProgressBody)

    /// What stands in the `event:` field.
    public var name: String {
        switch self {
        case .event: "event"
        case .changed: "changed"
        case .gateway: "gateway"
        case .deployment: "deployment"
        case .release: "release"
        case .progress: "progress"
        }
    }

    /// What stands in the `data:` field: JSON without line breaks.
    public func data() throws -> Data {
        switch self {
        case .event(let body): try APICoding.encode(body)
        case .changed: Data("{}".utf8)
        case .gateway(let body): try APICoding.encode(body)
        case .deployment(let body): try APICoding.encode(body)
        case .release(let body): try APICoding.encode(body)
        case .progress(let body): try APICoding.encode(body)
        }
    }

    /// Reads the two fields back.
    ///
    /// - Returns: Nil for a name that this version does not know.
    public init?(name: String, data: Data) throws {
        switch name {
        case "event": self = .event(try APICoding.decodeResponse(EventBody.self, from: data))
        case "changed": self = .changed
        case "gateway": self = .gateway(try APICoding.decodeResponse(GatewayBody.self, from: data))
        case "deployment": self = .deployment(try APICoding.decodeResponse(DeploymentBody.self, from: data))
        case "release": self = .release(try APICoding.decodeResponse(ReleaseBody.self, from: data))
        case "progress": self = .progress(try APICoding.decodeResponse(ProgressBody.self, from: data))
        default: return nil
        }
    }
}
