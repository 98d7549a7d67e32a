import CPosix
import Glibc
import Synchronization

/// Notices what happens to the files of one folder, by inotify, on a thread of its own.
///
/// A file counts as changed when whoever wrote it has closed it, or when it was renamed into or out of the folder or deleted: never while it is being written.
/// The folder may vanish and be made again; everything in it then counts as changed.
final class FolderWatcher: Sendable {
    /// What has changed since the last look.
    struct Changes: Sendable, Equatable {
        var names: Set<String> = []
        /// The folder came or went, or more happened than the kernel or this object keeps: look at everything.
        var everything = false

        var isEmpty: Bool { names.isEmpty && !everything }
    }

    /// An element tells that ``takeChanges()`` has something. Ends with ``stop()``.
    let signals: AsyncStream<Void>

    private static let mostNames = 1000
    private static let pollForFolder: Duration = .milliseconds(500)

    private let folder: String
    private let inotify: Int32
    private let stopRequest: Int32
    private let pending = Mutex(Changes())
    private let signal: AsyncStream<Void>.Continuation

    /// Starts to watch. Everything counts as changed at first.
    ///
    /// - Throws: ``FolderWatcherError`` when the kernel has no inotify instance or descriptor left.
    init(folder: String) throws(FolderWatcherError) {
        self.folder = folder
        inotify = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard inotify >= 0 else { throw FolderWatcherError(folder: folder, code: errno) }
        stopRequest = eventfd(0, Int32(EFD_CLOEXEC))
        guard stopRequest >= 0 else {
            let code = errno
            close(inotify)
            throw FolderWatcherError(folder: folder, code: code)
        }
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    deinit {
        close(inotify)
        close(stopRequest)
    }

    /// Runs the thread; it keeps the watcher alive until ``stop()``.
    func start() throws(FolderWatcherError) {
        let context = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<FolderWatcher>.fromOpaque(context).takeRetainedValue().watch() }
                return nil
            }, context.toOpaque())
        guard code == 0 else {
            context.release()
            throw FolderWatcherError(folder: folder, code: code)
        }
        pthread_detach(thread)
    }

    func stop() {
        eventfd_write(stopRequest, 1)
    }

    func takeChanges() -> Changes {
        pending.withLock { changes in
            defer { changes = Changes() }
            return changes
        }
    }

    private func watch() {
        var watchDescriptor: Int32 = -1
        while true {
            if watchDescriptor < 0 {
                watchDescriptor = addWatch()
                if watchDescriptor >= 0 { note { $0.everything = true } }
            }
            var descriptors = [
                pollfd(fd: stopRequest, events: Int16(POLLIN), revents: 0),
                pollfd(fd: inotify, events: Int16(POLLIN), revents: 0),
            ]
            let timeout =
                watchDescriptor < 0 ? Int32(Self.pollForFolder.components.attoseconds / 1_000_000_000_000_000) : -1
            guard poll(&descriptors, nfds_t(descriptors.count), timeout) >= 0 || errno == EINTR else { break }
            if descriptors[0].revents != 0 { break }
            if descriptors[1].revents != 0, !readEvents(of: watchDescriptor) {
                inotify_rm_watch(inotify, watchDescriptor)
                watchDescriptor = -1
                note { $0.everything = true }
            }
        }
        signal.finish()
    }

    private func addWatch() -> Int32 {
        let mask =
            IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE | IN_DELETE_SELF | IN_MOVE_SELF
            | IN_ONLYDIR
        return inotify_add_watch(inotify, folder, UInt32(mask))
    }

    /// False when the watched folder is no longer the one at its path.
    private func readEvents(of watchDescriptor: Int32) -> Bool {
        var folderStands = true
        withUnsafeTemporaryAllocation(byteCount: 64 * 1024, alignment: MemoryLayout<inotify_event>.alignment) {
            buffer in
            while true {
                let count = read(inotify, buffer.baseAddress, buffer.count)
                guard count > 0 else { return }
                var offset = 0
                while offset + MemoryLayout<inotify_event>.size <= count {
                    let event = buffer.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
                    let nameStart = offset + MemoryLayout<inotify_event>.size
                    offset = nameStart + Int(event.len)
                    guard offset <= count else { return }
                    if !take(
                        event, name: UnsafeRawBufferPointer(rebasing: buffer[nameStart..<offset]), of: watchDescriptor)
                    {
                        folderStands = false
                    }
                }
            }
        }
        return folderStands
    }

    private func take(_ event: inotify_event, name: UnsafeRawBufferPointer, of watchDescriptor: Int32) -> Bool {
        if event.mask & UInt32(IN_Q_OVERFLOW) != 0 {
            note { $0.everything = true }
            return true
        }
        // What the kernel still had queued for an earlier incarnation of the folder.
        guard event.wd == watchDescriptor else { return true }
        if event.mask & UInt32(IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT) != 0 { return false }
        // A file that is being created will be closed; one that is linked into the folder is complete and will not.
        let name = String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
        if event.mask & UInt32(IN_CREATE) != 0, !isLinked(name) { return true }
        note { changes in
            if changes.names.count < Self.mostNames { changes.names.insert(name) } else { changes.everything = true }
        }
        return true
    }

    private func isLinked(_ name: String) -> Bool {
        var status = stat()
        return lstat(folder + "/" + name, &status) == 0 && status.st_nlink > 1
    }

    private func note(_ change: (inout Changes) -> Void) {
        pending.withLock { change(&$0) }
        signal.yield()
    }
}

/// The kernel would not watch a folder.
public struct FolderWatcherError: Error, Equatable, CustomStringConvertible {
    /// The folder that was to be watched.
    public let folder: String
    /// `errno`.
    public let code: Int32

    /// One line that names the folder and the reason.
    public var description: String { "cannot watch the folder \(folder): \(String(cString: strerror(code)))" }
}
