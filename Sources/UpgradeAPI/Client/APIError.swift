import AsyncHTTPClient
import Glibc
import NIOCore

/// Why a call to the API did not succeed.
public enum APIError: Error, Sendable, Equatable {
    /// No answer came: nobody listens there, or the connection broke.
    case unreachable(address: String, reason: String)
    /// Whoever answers did not prove to be the server that was meant.
    case untrusted(address: String, reason: String)
    /// The daemon refused, and says why.
    case problem(Problem)
    /// Something answered, but not as this API does.
    case unexpectedAnswer(address: String, reason: String)
    /// The file to upload could not be read.
    case unreadableFile(path: String, reason: String)
}

extension APIError: CustomStringConvertible {
    /// One line for people.
    public var description: String {
        switch self {
        case .unreachable(let address, let reason): "cannot reach the daemon at \(address): \(reason)"
        case .untrusted(let address, let reason): "cannot trust the daemon at \(address): \(reason)"
        case .problem(let problem): problem.detail
        case .unexpectedAnswer(let address, let reason): "\(address) does not answer as Upgrade Manager: \(reason)"
        case .unreadableFile(let path, let reason): "cannot read \(path): \(reason)"
        }
    }
}

extension APIError {
    /// Names a failure of the transport.
    init(_ error: any Error, address: String) {
        if let refusal = Self.untrusted(error, address: address) {
            self = refusal
            return
        }
        switch error {
        case let error as APIError:
            self = error
        case let error as HTTPClientError where error == .connectTimeout || error == .deadlineExceeded:
            self = .unreachable(address: address, reason: "it did not answer in time")
        case let error as HTTPClientError where error == .remoteConnectionClosed:
            self = .unreachable(address: address, reason: "it closed the connection")
        case let error as IOError:
            self = .unreachable(address: address, reason: String(cString: strerror(error.errnoCode)))
        default:
            let line = String(describing: error).split(whereSeparator: \.isNewline).joined(separator: " ")
            self = .unreachable(address: address, reason: line)
        }
    }
}
