import Glibc
import MQTTWire
public import UpgradeProtocol

/// The bytes of a release, as they came: a view of the memory into which they were received, or of a file. Copies of it share that memory.
///
/// It is a collection of bytes, so that whatever takes one takes it; ``withSpan(_:)`` and ``write(to:permissions:)`` are the ways for large ones.
public struct Executable: Sendable, RandomAccessCollection {
    private let bytes: SharedSlice

    /// The version that was asked for when this came as a download. UPGRADE does not say which version it brings; the executable itself may.
    public let requestedVersion: Version?

    /// What follows the header in a frame.
    init(frame: SharedBytes, requestedVersion: Version?) {
        bytes = SharedSlice(frame, range: ProtocolLimits.frameHeaderLength..<frame.count)
        self.requestedVersion = requestedVersion
    }

    /// A copy of bytes that the program has.
    ///
    /// - Parameters:
    ///   - bytes: all bytes of the executable.
    ///   - requestedVersion: its version, if the program knows it.
    public init(_ bytes: [UInt8], requestedVersion: Version? = nil) {
        self.bytes = SharedSlice(SharedBytes(bytes))
        self.requestedVersion = requestedVersion
    }

    /// The content of a file, such as a download that was kept; mapped, not read. The file must not change while this is in use.
    ///
    /// - Parameters:
    ///   - path: where the file is.
    ///   - requestedVersion: its version, if the program knows it.
    /// - Throws: ``FileError`` if the file cannot be opened.
    public init(contentsOf path: String, requestedVersion: Version? = nil) throws(FileError) {
        do {
            bytes = SharedSlice(try SharedBytes(mappingFileAt: path))
        } catch {
            throw FileError(path: path, action: .read, reason: "\(error)")
        }
        self.requestedVersion = requestedVersion
    }

    /// The first byte's position: 0.
    public var startIndex: Int { 0 }
    /// The number of bytes.
    public var endIndex: Int { bytes.count }

    /// One byte. A position that is not there is a programming error and traps.
    public subscript(position: Int) -> UInt8 {
        bytes.withUnsafeBytes { $0[position] }
    }

    /// Lends all bytes as a buffer, which must not leave the closure; never nil.
    public func withContiguousStorageIfAvailable<Result>(
        _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
    ) rethrows -> Result? {
        try bytes.withUnsafeBytes { try $0.withMemoryRebound(to: UInt8.self, body) }
    }

    /// Lends all bytes as a span, which cannot leave the closure.
    public func withSpan<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try bytes.withUnsafeBytes { (buffer) throws(Failure) in
            try body(buffer.assumingMemoryBound(to: UInt8.self).span)
        }
    }

    /// Writes the bytes to a file, in place of one that is there: after a power cut the path holds the old content or all of the new.
    ///
    /// It blocks until the disk has them.
    ///
    /// - Parameters:
    ///   - path: the file; `.partial` is added to its name while it is written.
    ///   - permissions: the file's permission bits; `0o755` by default, so that it can be run.
    /// - Throws: ``FileError``, and then leaves what was there.
    public func write(to path: String, permissions: UInt32 = 0o755) throws(FileError) {
        try withSpan { (bytes) throws(FileError) in
            try DurableFile.replace(path, with: bytes, permissions: permissions)
        }
    }

    /// Whether both have the same bytes.
    func hasSameBytes(as other: Executable) -> Bool {
        guard count == other.count else { return false }
        return bytes.withUnsafeBytes { mine in
            other.bytes.withUnsafeBytes { theirs in
                guard let mine = mine.baseAddress, let theirs = theirs.baseAddress else { return true }
                return memcmp(mine, theirs, count) == 0
            }
        }
    }
}
