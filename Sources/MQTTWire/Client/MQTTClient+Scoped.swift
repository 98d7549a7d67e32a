extension MQTTClient {
    /// Connects, runs the closure with the connected client, and disconnects on every way out of it.
    ///
    /// Throws `MQTTClientError` if the connection cannot be made, and whatever the closure throws.
    public static func withConnection<Result: Sendable>(
        _ configuration: Configuration, loop: EventLoop? = nil, _ body: (MQTTClient) async throws -> Result
    ) async throws -> Result {
        let client = try MQTTClient(configuration, loop: loop)
        do {
            try await client.connect()
            let result = try await body(client)
            await client.disconnect()
            return result
        } catch {
            await client.disconnect()
            throw error
        }
    }
}
