import Foundation

/// What the system says of a process.
struct ProcessFigures {
    /// In KiB.
    var memory: Int
    /// The most that it ever was.
    var mostMemory: Int
    var threads: Int
    var descriptors: Int
    /// Processor time since its start.
    var time: Duration

    init(of process: Int32) throws {
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        func value(_ name: String) -> Int {
            status.split(separator: "\n").first { $0.hasPrefix(name + ":") }.flatMap { Int($0.filter(\.isNumber)) } ?? 0
        }
        memory = value("VmRSS")
        mostMemory = value("VmHWM")
        threads = value("Threads")
        descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd").count
        // After the name, which stands in parentheses: field 3 and so on.
        let stat = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
        let ticks = fields.count > 12 ? (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0) : 0
        time = .milliseconds(ticks * 1000 / max(1, sysconf(Int32(_SC_CLK_TCK))))
    }
}
