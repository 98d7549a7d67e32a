import CPosix
import Glibc

/// The right to change a data folder, which one process has at a time. It ends with the process, however that ends.
public final class FolderLock: Sendable {
    /// What is locked.
    public let folder: DataFolder
    private let descriptor: Int32

    /// Takes the lock of a folder that exists, or says who has it.
    ///
    /// - Throws: ``InstallationError/locked(folder:processID:)``, ``InstallationError/unusable(path:problem:)``.
    public init(_ folder: DataFolder) throws(InstallationError) {
        let descriptor = open(folder.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .unusable(path: folder.lock, problem: systemProblem()) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let busy = errno == EWOULDBLOCK
            let problem = systemProblem()
            let owner = Self.owner(in: descriptor)
            close(descriptor)
            if busy { throw .locked(folder: folder.path, processID: owner) }
            throw .unusable(path: folder.lock, problem: problem)
        }
        self.folder = folder
        self.descriptor = descriptor
        // For people alone: who has the lock is the kernel's knowledge, not this text's.
        let text = Array("\(getpid())\n".utf8)
        _ = ftruncate(descriptor, 0)
        _ = text.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    /// Takes the lock, or returns nil when another process has it.
    ///
    /// - Throws: ``InstallationError/unusable(path:problem:)``.
    public static func ifFree(_ folder: DataFolder) throws(InstallationError) -> FolderLock? {
        do {
            return try FolderLock(folder)
        } catch {
            guard case .locked = error else { throw error }
            return nil
        }
    }

    // Closing gives the lock back. The file stays: removing it would let two processes lock two files of one name.
    deinit { close(descriptor) }

    private static func owner(in descriptor: Int32) -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        guard count > 0 else { return nil }
        return Int32(String(decoding: bytes.prefix(count).prefix { $0 != 0x0A }, as: UTF8.self))
    }
}
