/// Carries a reference to something that belongs to a loop through other threads, which cannot look inside.
///
/// `@unchecked Sendable` because the value is reached on the loop's thread alone, which `value` checks. The last owner may be any thread: a value whose
/// destruction must happen on the loop has to be let go of there.
public struct LoopBound<Value>: @unchecked Sendable {
    private let storage: Value
    private let loop: EventLoop

    /// Binds a value to the loop that it belongs to.
    public init(_ value: Value, to loop: EventLoop) {
        storage = value
        self.loop = loop
    }

    /// The value, on the loop's thread; the program stops on any other.
    public var value: Value {
        loop.assertCurrent()
        return storage
    }
}
