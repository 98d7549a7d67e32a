/// What the installer works on, and what comes after that: one at a time, and of those that wait the newest alone, so that a flood of executables holds no more
/// memory than two.
struct InstallerSlot {
    /// What became of an executable that came.
    enum Admission: Equatable {
        /// The installer is free: it begins.
        case begins
        /// It is next.
        case waits
        /// It is the one that is being worked on.
        case repeats
    }

    private var current: Executable?
    private var next: Executable?

    /// An executable came.
    mutating func admit(_ executable: Executable) -> Admission {
        guard let current else {
            self.current = executable
            return .begins
        }
        guard !executable.hasSameBytes(as: current) else {
            // It is also the newest word: whatever else waited is obsolete.
            next = nil
            return .repeats
        }
        next = executable
        return .waits
    }

    /// The installer is done. Returns what it begins with now.
    mutating func finish() -> Executable? {
        (current, next) = (next, nil)
        return current
    }
}
