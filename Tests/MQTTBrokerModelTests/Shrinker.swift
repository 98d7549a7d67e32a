/// Finds a small schedule that fails as a large one does: delta debugging over the list of steps.
enum Shrinker {
    /// What is done at once fails now and then only: a candidate counts as one that does not after so many runs without a failure.
    private static let runsPerCandidate = 3

    /// Leaves out as many steps as it can without losing the failure; gives up after so many candidates.
    static func shrink(
        _ schedule: Schedule, candidates limit: Int = 400, fails: (Schedule) async -> Bool
    ) async -> Schedule {
        var best = schedule
        var parts = 2
        var left = limit
        while best.steps.count > 1, left > 0 {
            let size = (best.steps.count + parts - 1) / parts
            var isSmaller = false
            for start in stride(from: 0, to: best.steps.count, by: size) {
                var candidate = best
                candidate.steps.removeSubrange(start..<min(start + size, best.steps.count))
                left -= 1
                guard left > 0, await repeatedly(candidate, fails) else { continue }
                best = candidate
                isSmaller = true
                break
            }
            if isSmaller {
                parts = max(2, parts - 1)
            } else if size == 1 {
                break
            } else {
                parts = min(parts * 2, best.steps.count)
            }
        }
        return best
    }

    private static func repeatedly(_ schedule: Schedule, _ fails: (Schedule) async -> Bool) async -> Bool {
        for _ in 0..<runsPerCandidate where await fails(schedule) { return true }
        return false
    }
}

extension Schedule {
    /// What failed, and how to see it again.
    func report(of violations: [Violation]) -> String {
        var lines = ["MODEL_SEED=\(seed): \(loops) loops\(isStored ? ", sessions on disk" : "")"]
        lines += violations.prefix(10).map { "  \($0)" }
        if violations.count > 10 { lines.append("  and \(violations.count - 10) more") }
        lines.append("\(steps.count) steps that fail:")
        lines += steps.map { "  \($0)" }
        return lines.joined(separator: "\n")
    }
}
