import Testing

/// Waits until the condition holds; a test that waits for more than the limit has failed.
func eventually(
    within limit: Duration = .seconds(50), _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("not within \(limit): \(what)", sourceLocation: sourceLocation)
    throw TimeLimitExceeded()
}

/// Runs the operation, or fails when it takes too long.
func within<Result: Sendable>(
    _ limit: Duration = .seconds(50), _ what: Comment,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ operation: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result.self) { group in
        group.addTask { try await operation() }
        group.addTask {
            try await Task.sleep(for: limit)
            Issue.record("not within \(limit): \(what)", sourceLocation: sourceLocation)
            throw TimeLimitExceeded()
        }
        defer { group.cancelAll() }
        guard let result = try await group.next() else { throw TimeLimitExceeded() }
        return result
    }
}

struct TimeLimitExceeded: Error {}
