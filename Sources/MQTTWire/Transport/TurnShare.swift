/// The time of a turn that one of many may use, counted in pieces of work whose cost nobody knows before they are done.
///
/// It looks at the clock seldom while pieces are cheap: first after one, then after twice as many as the time before.
public struct TurnShare {
    private static let piecesPerLook = 16
    /// Pieces between two looks that took longer than this are not cheap.
    private static let cheap = Duration.microseconds(100)

    private let end: MonotonicTime
    private var lastLook: MonotonicTime
    private var step = 1
    private var left = 1

    /// True once the time has passed.
    public private(set) var isUsedUp = false

    /// A share that begins now.
    public init(_ time: Duration) {
        lastLook = .now
        end = lastLook + time
    }

    /// A piece of work was done.
    public mutating func use() {
        left -= 1
        guard left <= 0 else { return }
        let now = MonotonicTime.now
        step = now - lastLook < Self.cheap ? min(step * 2, Self.piecesPerLook) : 1
        (lastLook, left) = (now, step)
        if now >= end { isUsedUp = true }
    }
}
