import CPosix
import Glibc
import UpgradeProtocol

/// The folder that operators drop releases into. A regular file whose whole name is a version is a release.
struct ReleaseFolder: Sendable {
    let path: String

    /// A file must have been left alone for this long before a scan takes it to be complete.
    static let quietTime: Duration = .seconds(2)
    /// The pause before a file that the disk had no room for is tried again.
    static let retryTime: Duration = .seconds(5)

    func path(of name: String) -> String { path + "/" + name }

    /// The version that a file name stands for. File names are not trimmed.
    static func version(named name: String) -> Version? { try? Version(name) }

    /// The names that stand for versions. Empty when the folder is gone.
    func names() -> [String] {
        ((try? FolderListing.names(in: path)) ?? []).filter { Self.version(named: $0) != nil }
    }

    func contains(_ name: String) -> Bool { state(of: name) != nil }

    /// Whether the file was changed so recently that somebody may still be writing it.
    func isUnsettled(_ name: String) -> Bool {
        guard let state = state(of: name) else { return false }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let age = now.tv_sec - state.changed.seconds
        // A file from the future says nothing about how long it has been quiet; it is taken as it is.
        return (0..<Self.quietTime.components.seconds).contains(Int64(age))
    }

    /// Whether somebody has the file open for writing; that it is closed will be noticed.
    ///
    /// A read lease, which the kernel grants only on a file without writers, tells. Where leases are not to be had (files of other users, network
    /// file systems) the answer is no.
    func isBeingWritten(_ name: String) -> Bool {
        let descriptor = open(path(of: name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // A writer that comes while the lease is held is announced by a signal, whose default would end this process.
        guard cposix_set_lease_signal(descriptor, SIGURG) == 0 else { return false }
        if cposix_set_lease(descriptor, F_RDLCK) == 0 {
            _ = cposix_set_lease(descriptor, F_UNLCK)
            return false
        }
        return errno == EAGAIN
    }

    func digests(of name: String) throws -> FileDigests {
        try reading(name) { descriptor in
            try FileDigests(of: descriptor, path: path(of: name))
        }
    }

    /// Copies a file's bytes.
    ///
    /// - Throws: ``UnsettledFileError`` when somebody wrote to the file meanwhile; ``ReleaseTooLargeError``.
    func copy(_ name: String, to incoming: IncomingRelease) throws {
        try reading(name) { descriptor in
            try FileBytes.read(from: descriptor, path(of: name)) { try incoming.write($0.bytes) }
        }
    }

    func remove(_ name: String) throws(FileError) {
        guard unlink(path(of: name)) == 0 || errno == ENOENT else { throw FileError("remove", path(of: name)) }
    }

    /// What tells one content of a file from another without reading it.
    private struct State: Equatable {
        struct Moment: Equatable {
            var seconds: Int
            var nanoseconds: Int
        }

        var inode: UInt
        var size: Int
        var modified: Moment
        var changed: Moment

        init?(_ status: stat) {
            guard status.st_mode & S_IFMT == S_IFREG else { return nil }
            inode = UInt(status.st_ino)
            size = Int(status.st_size)
            modified = Moment(seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
            changed = Moment(seconds: status.st_ctim.tv_sec, nanoseconds: status.st_ctim.tv_nsec)
        }
    }

    /// Nil when there is no such regular file.
    private func state(of name: String) -> State? {
        var status = stat()
        guard lstat(path(of: name), &status) == 0 else { return nil }
        return State(status)
    }

    private func reading<Value>(_ name: String, _ body: (Int32) throws -> Value) throws -> Value {
        let path = path(of: name)
        // Without O_NONBLOCK, a FIFO of that name would hold the thread for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileError("read", path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileError("read", path) }
        guard let before = State(status) else { throw FileError("read as a regular file", path, code: EINVAL) }
        guard before.size <= ProtocolLimits.payloadLength else { throw ReleaseTooLargeError() }
        let value = try body(descriptor)
        guard fstat(descriptor, &status) == 0 else { throw FileError("read", path) }
        guard State(status) == before else { throw UnsettledFileError(path: path) }
        return value
    }
}

/// A file was written to while it was read.
struct UnsettledFileError: Error, CustomStringConvertible {
    let path: String

    var description: String { "\(path) was changed while it was read" }
}
