import Testing

struct TimeLimitExceeded: Error {}

/// Waits until the closure has a value; a test that waits for more than the limit has failed.
func awaited<Value>(
    within limit: Duration = .seconds(30), _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation,
    _ value: () -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if let value = value() { return value }
        try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("not within \(limit): \(what)", sourceLocation: sourceLocation)
    throw TimeLimitExceeded()
}

/// Waits until a condition holds.
func eventually(
    within limit: Duration = .seconds(30), _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () -> Bool
) async throws {
    try await awaited(within: limit, what, sourceLocation: sourceLocation) { condition() ? () : nil }
}
