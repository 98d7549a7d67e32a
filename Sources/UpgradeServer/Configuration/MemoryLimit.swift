import FoundationEssentials
import MQTTWire

/// How much memory this process may have.
enum MemoryLimit {
    /// In bytes: what the machine has, or less where the address space or the control group is limited.
    static var current: Int {
        [machine, AddressSpace.limit, controlGroup].compactMap(\.self).min() ?? .max
    }

    private static var machine: Int? {
        let memory = ProcessInfo.processInfo.physicalMemory
        return memory == 0 ? nil : Int(clamping: memory)
    }

    /// The smallest limit of the control group (version 2) and those that it is in, such as a service's `MemoryMax=`.
    private static var controlGroup: Int? {
        let file = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
        guard let group = file.split(separator: "\n").first(where: { $0.hasPrefix("0::/") }) else { return nil }
        var path = group.dropFirst("0::".count).split(separator: "/")
        var limits: [Int] = []
        while true {
            let limit = (["/sys/fs/cgroup"] + path.map(String.init) + ["memory.max"]).joined(separator: "/")
            if let text = try? String(contentsOfFile: limit, encoding: .utf8), let bytes = Int(text.filter(\.isNumber))
            {
                limits.append(bytes)
            }
            guard path.popLast() != nil else { return limits.min() }
        }
    }
}
