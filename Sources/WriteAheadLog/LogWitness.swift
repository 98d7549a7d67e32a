import Glibc

/// What the index of a log, the file beside it that processes share, tells of the last commit.
///
/// SQLite writes it after the log is on the disk, and not durably: it is there after a process has died, and need not be after a power cut.
struct LogWitness {
    private static let headerSize = 48
    private static let size = 2 * headerSize + 4

    /// Frames up to the last commit.
    let frames: UInt32
    let salts: UInt64
    /// Of the last of them.
    let checksum: (first: UInt32, second: UInt32)
    /// How many of them the database has already.
    let moved: UInt32

    /// Nil if there is none, or none that can be relied on since the machine started.
    init?(path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, let start = Self.startOfMachine, status.st_mtim.tv_sec >= start else {
            return nil
        }
        var bytes = [UInt8](repeating: 0, count: Self.size)
        guard pread(descriptor, &bytes, bytes.count, 0) == bytes.count,
            bytes[..<Self.headerSize] == bytes[Self.headerSize..<2 * Self.headerSize]
        else { return nil }
        let read = bytes.withUnsafeBytes { bytes -> Self? in
            // Words of the machine, but for the salts, which stand as in the log.
            func word(_ offset: Int) -> UInt32 { bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }
            var sum = Checksum(isBigEndian: Checksum.machineIsBigEndian)
            sum.add(UnsafeRawBufferPointer(rebasing: bytes[..<40]))
            guard word(0) == 3_007_000, bytes[12] == 1, sum.first == word(40), sum.second == word(44) else {
                return nil
            }
            return Self(
                frames: word(16), salts: bytes.bigEndianPair(at: 32), checksum: (word(24), word(28)),
                moved: word(2 * Self.headerSize))
        }
        guard let read else { return nil }
        self = read
    }

    private init(frames: UInt32, salts: UInt64, checksum: (first: UInt32, second: UInt32), moved: UInt32) {
        self.frames = frames
        self.salts = salts
        self.checksum = checksum
        self.moved = moved
    }

    /// Seconds since 1970.
    private static var startOfMachine: Int? {
        guard let file = fopen("/proc/stat", "r") else { return nil }
        defer { fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var room = 0
        defer { free(line) }
        while getline(&line, &room, file) > 0 {
            guard let text = line.map({ String(cString: $0) }), text.hasPrefix("btime ") else { continue }
            return Int(text.dropFirst(6).prefix { $0.isNumber })
        }
        return nil
    }
}
