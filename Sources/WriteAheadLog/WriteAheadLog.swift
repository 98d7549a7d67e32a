import Glibc

/// The write-ahead log of a SQLite database that nobody has open.
///
/// SQLite reads a log up to the first frame whose checksum is wrong, and drops the rest without a word: that is how it forgets a transaction that a power
/// cut left half written. Bits that changed in the midst of a log look the same to it, and everything committed after them would be forgotten too.
package enum WriteAheadLog {
    /// The log beside a database.
    package static func path(of database: String) -> String { database + "-wal" }

    /// What tells that the log has lost something that was committed and is not in the database yet; nil if nothing does. One line.
    ///
    /// A torn last transaction is no damage. Damage in the last transaction, and a log that is gone or cut short between two transactions, show only as long
    /// as the machine has not been restarted.
    ///
    /// To be called before SQLite opens the database: it would make a new index, and that one knows of no loss.
    package static func damage(of database: String) -> String? {
        let witness = LogWitness(path: database + "-shm").flatMap { $0.frames > $0.moved ? $0 : nil }
        var status = stat()
        guard lstat(path(of: database), &status) == 0 else {
            guard errno == ENOENT else { return String(cString: strerror(errno)) }
            return witness.map { "it is missing, with \($0.frames) pages that were committed" }
        }
        guard status.st_mode & S_IFMT == S_IFREG else { return "it is not a file" }
        let descriptor = open(path(of: database), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return String(cString: strerror(errno)) }
        defer { close(descriptor) }
        guard let scan = LogScan(of: descriptor, size: Int(status.st_size)) else {
            return witness.map { "it is empty, with \($0.frames) pages that were committed" }
        }
        return scan.damage ?? witness.flatMap(scan.contradiction)
    }
}

/// A log that was read from end to end.
struct LogScan {
    private let header: LogHeader
    /// Frames that SQLite will read, with the checksum of each.
    private var checksums: [Checksum] = []
    private(set) var damage: String?

    /// Nil for a log without a header.
    init?(of descriptor: Int32, size: Int) {
        let start = UnsafeMutableRawBufferPointer.allocate(byteCount: LogHeader.size, alignment: 8)
        defer { start.deallocate() }
        guard pread(descriptor, start.baseAddress, start.count, 0) == start.count else { return nil }
        header = LogHeader(UnsafeRawBufferPointer(start))
        let frameSize = LogFrame.headerSize + header.pageSize
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: frameSize, alignment: 8)
        defer { buffer.deallocate() }
        let count = (size - LogHeader.size) / frameSize
        // Of a header that is damaged the salts are not known; the first frame has them.
        var salts = header.salts
        var before: (checksum: Checksum, isCommit: Bool)? = header.isIntact ? (header.checksum, false) : nil
        var isIntact = header.isIntact
        for number in 0..<count {
            guard
                pread(descriptor, buffer.baseAddress, frameSize, off_t(LogHeader.size + number * frameSize))
                    == frameSize
            else {
                damage = String(cString: strerror(errno))
                return
            }
            let frame = LogFrame(UnsafeRawBufferPointer(buffer), isBigEndian: header.checksum.isBigEndian)
            if !header.isIntact, number == 0 { salts = frame.salts }
            guard frame.salts == salts else {
                isIntact = false
                before = nil
                continue
            }
            let follows = before.map { frame.follows($0.checksum) } ?? false
            if follows, isIntact {
                checksums.append(frame.checksum)
            } else if follows, let before, before.isCommit || !header.isIntact {
                // A transaction begins when the one before it is on the disk as a whole, and a frame when the header is.
                damage =
                    header.isIntact
                    ? "page \(checksums.count + 1) of \(count) in it has other bytes than were written"
                    : "its first \(LogHeader.size) bytes are not those that were written"
                return
            } else {
                isIntact = false
            }
            before = (frame.checksum, frame.isCommit)
        }
    }

    /// What a witness has seen committed and this log does not have.
    func contradiction(_ witness: LogWitness) -> String? {
        // A log that began anew is newer than its witness.
        guard !header.isIntact || witness.salts == header.salts else { return nil }
        let last = Int(witness.frames) - 1
        if checksums.indices.contains(last), checksums[last].first == witness.checksum.first,
            checksums[last].second == witness.checksum.second
        {
            return nil
        }
        return "of the \(witness.frames) pages that were committed it has \(min(checksums.count, last))"
    }
}
