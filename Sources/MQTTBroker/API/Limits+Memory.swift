extension Limits {
    /// The same with smaller budgets, if need be, so that all of them together take at most half of `memory`, in bytes: the other half is for connections
    /// and for the rest of the process.
    public func fitting(memory: Int) -> Limits {
        let all = [bufferedBytes, subscriptionBytes, willBytes, retainedBytes]
        let share = Double(memory) / 2 / all.reduce(0) { $0 + Double($1) }
        guard share < 1 else { return self }
        var fitting = self
        for budget in [\Limits.bufferedBytes, \.subscriptionBytes, \.willBytes, \.retainedBytes] {
            fitting[keyPath: budget] = Int(Double(self[keyPath: budget]) * share)
        }
        return fitting
    }
}
