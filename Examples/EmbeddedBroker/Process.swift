import Glibc

/// SIGTERM and SIGINT, waited for instead of being died of.
enum TerminationSignals {
    /// A pipe through which the handler, which may do next to nothing, wakes who waits.
    private static let pipe: (reading: Int32, writing: Int32) = {
        var ends: [Int32] = [-1, -1]
        _ = Glibc.pipe(&ends)
        return (ends[0], ends[1])
    }()

    /// From now on the signals are for ``wait()``.
    static func install() {
        // Made here, because a signal handler is no place for it.
        _ = pipe
        for number in [SIGTERM, SIGINT] {
            signal(number) { _ in
                var byte: UInt8 = 0
                _ = Glibc.write(TerminationSignals.pipe.writing, &byte, 1)
            }
        }
    }

    /// Returns when one of them has come. It blocks a thread, for which this program has no other use.
    static func wait() {
        var byte: UInt8 = 0
        while Glibc.read(pipe.reading, &byte, 1) < 0, errno == EINTR {}
    }
}

/// One of the process's standard streams, without a buffer: whoever waits for a line gets it at once.
enum StandardStream: Int32 {
    case output = 1
    case error = 2

    func write(_ text: String) {
        var rest = [UInt8](text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(rawValue, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
