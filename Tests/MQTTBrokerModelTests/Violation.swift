/// Something that the specifications do not allow.
struct Violation: CustomStringConvertible {
    enum Kind: String, CaseIterable {
        case lost
        case duplicated
        case invented
        case damaged
        case misordered
        case wrongQoS
        case wrongRetain
        case wrongIdentifiers
        case wrongSessionPresent
        case wrongDuplicate
        case unsubscribed
        case tooManyInFlight
        case refused
        case disconnected
        case trouble
    }

    let kind: Kind
    let text: String

    var description: String { "\(kind): \(text)" }
}
