import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

/// An event as people are shown it.
struct EventRow {
    let event: Event

    /// What the template shows.
    var fields: [String: Any] {
        var row: [String: Any] = [
            "key": "event-\(event.id)", "time": event.time.shownToTheSecond, "kind": event.kind.words,
            "detail": event.detail.visible, "isRepeated": event.count > 1, "count": event.count,
        ]
        row["actor"] = event.actor?.visible
        row["company"] = event.companyID?.rawValue.visible
        row["gateway"] = event.gatewayID?.rawValue.visible
        row["path"] = event.gatewayID.map { GatewayPage.path(of: $0) }
        return row
    }
}

extension Timestamp {
    fileprivate var shownToTheSecond: [String: Any] {
        let time = RFC3339Time(self).description
        return ["exact": time, "text": "\(time.prefix(19).replacing("T", with: " ")) UTC"]
    }
}
