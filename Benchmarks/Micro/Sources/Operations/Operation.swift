/// Something to measure.
public struct Operation: Sendable {
    /// What the tables call it.
    public let name: String

    /// How often to do it where each instruction is interpreted: fewer times what takes longer.
    public let count: Int

    /// Does it so many times.
    public let run: @Sendable (_ count: Int) -> Void

    /// The loop is here, and inlined, so that neither the call of a closure nor code for any type is measured with it.
    @inline(__always)
    init<Result>(
        _ name: String, count: Int = 2000, _ body: @escaping @Sendable () throws -> Result
    ) {
        self.name = name
        self.count = count
        run = { count in
            for _ in 0..<count {
                do {
                    keep(try body())
                } catch {
                    fatalError("\(name): \(error)")
                }
            }
        }
    }

    /// All of them, in the order of the tables.
    public static let all = frames + packets + topics + deliveries + checksums
}

/// Keeps the optimiser from leaving out what nobody looks at.
@_optimize(none)
func keep<Value>(_ value: borrowing Value) {}

/// What the operations work on is legal; should it ever not be, that is said at once.
func made<Value>(_ what: String, _ make: () throws -> Value) -> Value {
    do {
        return try make()
    } catch {
        fatalError("\(what): \(error)")
    }
}
