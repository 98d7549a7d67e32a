import Glibc

/// A system call on a file failed.
public struct FileError: Error, Equatable, CustomStringConvertible {
    /// What was tried: a verb, such as `read`.
    public let operation: String
    /// The file or folder.
    public let path: String
    /// `errno`.
    public let code: Int32

    init(_ operation: String, _ path: String, code: Int32 = errno) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    /// There is no such file.
    public var isMissingFile: Bool { code == ENOENT }

    /// A folder or a link has the name.
    public var isNoPlainFile: Bool { code == EISDIR || code == ELOOP }

    /// No space or quota is left.
    public var isDiskFull: Bool { code == ENOSPC || code == EDQUOT }

    /// The system's words for ``code``.
    public var problem: String { String(cString: strerror(code)) }

    /// One line that names the file and the reason.
    public var description: String { "cannot \(operation) \(path): \(problem)" }
}

extension FileError {
    /// A full disk in the domain's words; every other failure as it is.
    var asDomainError: any Error { isDiskFull ? DomainError.storageFull : self }
}

/// What the last system call complained of.
func systemProblem() -> String {
    String(cString: strerror(errno))
}
