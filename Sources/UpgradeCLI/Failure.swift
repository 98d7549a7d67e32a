import ArgumentParser
import UpgradeAPI

/// The exit codes of `umctl`, from `sysexits.h` where they are not 0 or 1.
enum ExitStatus {
    static let done: Int32 = 0
    /// The operation failed, or a gateway did not confirm.
    static let failed: Int32 = 1
    static let usage: Int32 = 64
    /// The daemon cannot be reached.
    static let unreachable: Int32 = 69
    static let notAllowed: Int32 = 77
}

/// Ends a verb with one line on standard error.
struct Failure: Error, CustomStringConvertible {
    let description: String
    let status: Int32

    init(_ description: String, status: Int32 = ExitStatus.failed) {
        self.description = description
        self.status = status
    }
}

extension Failure {
    /// What an error that ended a verb means to whoever typed it.
    init(_ error: any Error) {
        switch error {
        case let failure as Failure:
            self = failure
        case let error as APIError:
            self.init(error)
        case is CancellationError:
            self.init("interrupted")
        default:
            self.init(String(describing: error))
        }
    }

    private init(_ error: APIError) {
        switch error {
        case .unreachable, .untrusted, .unexpectedAnswer:
            self.init("\(error)", status: ExitStatus.unreachable)
        case .problem(let problem) where problem.status == 401 || problem.status == 403:
            self.init(problem.detail, status: ExitStatus.notAllowed)
        case .problem(let problem):
            // The daemon names the member of the body; the line must be understood without the body.
            let named = problem.field.map { problem.detail.hasPrefix($0) ? "" : "\($0): " } ?? ""
            self.init(named + problem.detail)
        case .unreadableFile:
            self.init("\(error)")
        }
    }
}

extension APIError {
    /// Whether no answer came at all.
    var isUnreachable: Bool {
        if case .unreachable = self { true } else { false }
    }
}
