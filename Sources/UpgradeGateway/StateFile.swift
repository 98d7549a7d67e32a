public import UpgradeProtocol

/// The file in which a gateway remembers, over a restart, which version runs, when it last upgraded, and a failure that it has not told of yet.
///
/// Its content is the body of the STATUS that the gateway would send, so that people can read it. It is replaced as a whole, and on the disk before the STATUS
/// leaves.
public struct StateFile: Hashable, Sendable {
    /// Where the file is; its folder must exist.
    public let path: String

    private static let lengthLimit = 16 * 1024

    /// Names a file, which need not exist yet.
    ///
    /// - Parameter path: where the file is.
    public init(path: String) {
        self.path = path
    }

    /// What was written last; nil if nothing was.
    ///
    /// - Throws: ``StateFileError``.
    public func read() throws(StateFileError) -> StatusMessage? {
        let content: [UInt8]?
        do {
            content = try DurableFile.read(path, limit: Self.lengthLimit)
        } catch {
            throw .file(error)
        }
        guard let content else { return nil }
        do {
            return try StatusMessage(decoding: content)
        } catch {
            throw .damaged(path: path, error)
        }
    }

    /// Replaces what is there. An installer that ends the process without returning writes here, before it does, what the next process shall report.
    ///
    /// It blocks until the disk has it.
    ///
    /// - Parameter status: what the gateway would report now.
    /// - Throws: ``StateFileError``, and then leaves what was there.
    public func write(_ status: StatusMessage) throws(StateFileError) {
        do {
            try DurableFile.replace(path, with: status.encoded().span, permissions: 0o600)
        } catch {
            throw .file(error)
        }
    }
}

/// What is wrong with a state file.
public enum StateFileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The system refused.
    case file(FileError)
    /// There is something else in the file than a state.
    case damaged(path: String, MessageError)

    /// One line that names the file, the reason and the cure.
    public var description: String {
        switch self {
        case .file(let error): "\(error)"
        case .damaged(let path, let error):
            "\(path) holds no gateway's state (\(error)); remove it to begin with the configured version"
        }
    }
}
