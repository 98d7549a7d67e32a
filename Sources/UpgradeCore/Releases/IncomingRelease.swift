import Glibc
import Synchronization
import UpgradeProtocol

/// A release that is being received: a temporary file in the release store, which vanishes unless it is kept.
///
/// Whoever receives the bytes writes them in order, then hands the whole to ``ReleaseStore/add(_:_:as:)``.
public final class IncomingRelease: Sendable {
    static let temporaryPrefix = ".incoming-"

    private struct Progress: ~Copyable {
        /// Nil once the bytes are complete.
        var digester: ReleaseDigester?
        var size = 0
    }

    private let folder: String
    private let path: String
    private let descriptor: Int32
    private let progress: Mutex<Progress>

    init(folder: String) throws {
        self.folder = folder
        path = folder + "/" + Self.temporaryPrefix + String(UInt64.random(in: .min ... .max), radix: 36)
        progress = Mutex(Progress(digester: try ReleaseDigester()))
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError("create", path) }
    }

    deinit {
        close(descriptor)
        unlink(path)
    }

    /// Appends bytes.
    ///
    /// - Throws: ``ReleaseTooLargeError`` when there would be more of them than one MQTT packet can carry;
    ///   ``DomainError/storageFull`` or ``FileError`` when the disk refuses them.
    public func write(_ bytes: RawSpan) throws {
        try progress.withLock { progress in
            guard bytes.byteCount <= ProtocolLimits.payloadLength - progress.size else { throw ReleaseTooLargeError() }
            guard bytes.withUnsafeBytes({ FileBytes.writeAll($0, to: descriptor) }) else {
                throw FileError("write", path).asDomainError
            }
            try progress.digester?.update(bytes)
            progress.size += bytes.byteCount
        }
    }

    /// Makes the bytes durable, still under the temporary name. Waits for the disk.
    func complete() throws -> FileDigests {
        let digests = try progress.withLock { progress in
            guard let digester = progress.digester.take() else { throw FileError("complete", path, code: EINVAL) }
            return try digester.finish()
        }
        guard fchmod(descriptor, 0o400) == 0 else { throw FileError("protect", path).asDomainError }
        guard fsync(descriptor) == 0 else { throw FileError("store", path).asDomainError }
        return digests
    }

    /// Gives completed bytes the name they are found by.
    func publish(as digests: FileDigests) throws {
        let name = folder + "/" + digests.sha256
        do {
            try DurableFiles.move(path, to: name)
        } catch {
            throw error.asDomainError
        }
    }
}

/// A release over the size that one MQTT packet can carry.
public struct ReleaseTooLargeError: Error, Equatable, CustomStringConvertible {
    /// Says so; how large it would have been nobody knows.
    public init() {}

    /// One line that names the limit.
    public var description: String {
        "a release has at most \(ProtocolLimits.payloadLength) bytes, for it travels as one MQTT packet; this one has more"
    }
}

/// SHA-256, CRC-32 and size of bytes that come in pieces.
struct ReleaseDigester: ~Copyable {
    private var sha256: SHA256
    private var crc32 = CRC32()
    private var size = 0

    init() throws(CryptoError) { sha256 = try SHA256() }

    mutating func update(_ bytes: RawSpan) throws(CryptoError) {
        try bytes.withUnsafeBytes { (bytes) throws(CryptoError) in try sha256.update(bytes) }
        bytes.withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: UInt8.self) { crc32.update($0.span) }
        }
        size += bytes.byteCount
    }

    consuming func finish() throws(CryptoError) -> FileDigests {
        let (size, crc32) = (size, crc32.value)
        return FileDigests(size: size, sha256: try sha256.finalize().hexadecimal, crc32: crc32)
    }
}
