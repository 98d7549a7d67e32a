/// What was tried, as rows of a table on standard output.
enum FaultTable {
    static func add(_ fault: String, tried: Int, checked: Int, of what: String, lost: Int, note: String) {
        print("| \(fault) | tried \(tried) | facts checked \(checked): \(what) | lost \(lost) | \(note) |")
    }

    static func add(_ fault: String, tried: Int, checked: [Promise: Int], lost: Int, note: String) {
        let kinds = Promise.allCases.map { "\($0) \(checked[$0, default: 0])" }.joined(separator: ", ")
        let sum = checked.values.reduce(0, +)
        print("| \(fault) | tried \(tried) | facts checked \(sum): \(kinds) | lost \(lost) | \(note) |")
    }
}
