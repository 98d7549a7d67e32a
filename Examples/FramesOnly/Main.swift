import UpgradeProtocol

/// The wire protocol without a network: what a gateway with an MQTT client of its own needs of this package.
@main struct FramesOnly {
    static func main() throws {
        let gateway = try GatewayID("gw2")

        // To the cloud: a STATUS, on its topic, in a frame.
        let status = StatusMessage(
            companyID: try CompanyID("2"), version: try Version("0.5"), timestamp: 1_466_000_000_123)
        let sent = Frame(timestamp: 1_466_000_000, payload: status.encoded())
        print("publish to   \(Topic.toCloud(.status, gateway))")
        print("the frame    \(hexadecimal(sent.encoded()))")

        // And back: the bytes as they arrive, checked by length and CRC, then read.
        let received = try Frame(decoding: sent.encoded())
        try check(try StatusMessage(decoding: received.payload) == status, "a STATUS reads as it was written")
        print("its payload  \(String(decoding: received.payload, as: UTF8.self))")

        // A gateway in the field puts its version into quotes. That is the same message.
        let field = Array(#" {"companyId": 2, "version": "0.5", "timestamp": "1466000000123"} "#.utf8)
        try check(try StatusMessage(decoding: field) == status, "quoted or not, a version is a version")

        // From the cloud: which topics to subscribe to, and what an announcement says.
        for topic in Topic.subscriptions(of: gateway) { print("subscribe to \(topic)") }
        let announcement = try LatestVersionMessage(decoding: Array(#"{"version": 1.2}"#.utf8))
        try check(announcement.version > status.version, "1.2 is newer than 0.5")
        print("the latest   \(announcement.version)")

        // A flipped bit is noticed, and the error says what disagrees.
        var damaged = sent.encoded()
        damaged[20] ^= 1
        do {
            _ = try Frame(decoding: damaged)
            throw CheckFailed(claim: "a damaged frame is refused")
        } catch let error as FrameError {
            print("damaged      \(error)")
        }
    }

    private static func check(_ holds: Bool, _ claim: String) throws {
        guard holds else { throw CheckFailed(claim: claim) }
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// Something that this example says of the protocol is not so. Thrown from `main`, it ends the program with an error.
struct CheckFailed: Error {
    let claim: String
}
