import MQTTWire

/// One message on its way to one session: some words beside the shared message, however large that is.
struct Delivery {
    let message: Message
    /// The lower of the publication's QoS and the subscription's [MQTT-3.8.4-8].
    let qos: QoS
    /// The RETAIN flag that the subscriber sees.
    let retain: Bool
    /// The Subscription Identifiers of all matching subscriptions [MQTT-3.3.4-3].
    let identifiers: [Int]
    /// The embedding program's name for it.
    var token: DeliveryToken?

    init(
        message: Message, qos: QoS, retain: Bool, identifiers: [Int] = [], token: DeliveryToken? = nil
    ) {
        self.message = message
        self.qos = qos
        self.retain = retain
        self.identifiers = identifiers
        self.token = token
    }

    /// What it counts in its session's queue. A payload of the embedding program is that program's memory, whoever waits for it.
    var cost: Int {
        (message.isCounted ? message.size : 200 + message.prefix.count) + identifiers.count * MemoryLayout<Int>.size
    }

    /// What its place in a queue takes, about, beside the message.
    static let placeSize = 100
}
