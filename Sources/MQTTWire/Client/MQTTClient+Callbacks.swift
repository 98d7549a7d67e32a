/// The same requests without a task that waits, for programs with thousands of clients. What one thread asks for leaves in the order of its calls.
extension MQTTClient {
    /// Publishes as the asynchronous `publish` does; the closure hears on the loop's thread, once, how it ended.
    public func publish(
        _ publication: MQTTPublication, onEnd: @escaping @Sendable (Result<Void, MQTTClientError>) -> Void
    ) {
        let id = nextRequest()
        let accepted = loop.execute { [core] in core.value.publish(publication, id, .done(onEnd)) }
        if !accepted { onEnd(.failure(.transport(.loopStopped))) }
    }

    /// Sends one SUBSCRIBE as the asynchronous `subscribe` does; the closure hears on the loop's thread, once, which QoS were granted.
    public func subscribe(
        _ subscriptions: [Subscription], properties: Properties = Properties(),
        onEnd: @escaping @Sendable (Result<[QoS], MQTTClientError>) -> Void
    ) {
        let id = nextRequest()
        let accepted = loop.execute { [core] in
            core.value.subscribe(subscriptions, properties, id, .subscribed(onEnd))
        }
        if !accepted { onEnd(.failure(.transport(.loopStopped))) }
    }
}
