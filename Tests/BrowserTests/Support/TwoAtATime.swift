import Testing

/// Lets two tests of a suite run at the same time; the others wait until one of them is through.
struct TwoAtATime: SuiteTrait, TestTrait, TestScoping {
    var isRecursive: Bool { true }

    private static let places = Places(count: 2)

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        await Self.places.take()
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await function())
        } catch {
            outcome = .failure(error)
        }
        await Self.places.leave()
        try outcome.get()
    }
}

extension Trait where Self == TwoAtATime {
    static var twoAtATime: Self { Self() }
}

/// Places that are taken in the order in which they are asked for.
private actor Places {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(count: Int) {
        free = count
    }

    func take() async {
        guard free == 0 else {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func leave() {
        guard !waiting.isEmpty else {
            free += 1
            return
        }
        waiting.removeFirst().resume()
    }
}
