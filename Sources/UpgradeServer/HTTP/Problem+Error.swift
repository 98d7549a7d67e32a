import HTTPTypes
import Hummingbird
import NIOCore
import UpgradeAPI
import UpgradeCore

/// The one place where errors become answers (RFC 9457).
extension Problem {
    /// The answer to `error`; nil when it is nobody's business but the log's.
    init?(_ error: any Error) {
        switch error {
        case let error as Problem: self = error
        case let error as DomainError: self.init(error)
        case let error as RequestBodyError: self.init(.unprocessableContent, error.description, field: error.member)
        case let error as ReleaseTooLargeError: self.init(.contentTooLarge, error.description)
        case let error as RetryLater: self.init(error.status, error.detail)
        case let error as MethodRefusal: self.init(.methodNotAllowed, "\(error.method) is not possible here")
        case is NIOTooManyBytesError:
            self.init(.contentTooLarge, "the body has more than \(HTTPLimits.jsonBody) bytes")
        case let error as HTTPError where error.status == .notFound: self.init(.notFound, "no such resource")
        case let error as HTTPError: self.init(error.status, error.body ?? error.status.reasonPhrase)
        default: return nil
        }
    }

    /// A problem whose status says what kind it is.
    init(_ status: HTTPResponse.Status, _ detail: String, field: String? = nil, type: String = Problem.blankType) {
        self.init(type: type, title: status.reasonPhrase, status: status.code, detail: detail, field: field)
    }

    /// The type of a problem that its status says everything of (RFC 9457, 4.2.1).
    static let blankType = "about:blank"

    /// The answer to whoever is not logged in.
    static let logInFirst = Problem(.unauthorized, "log in first: POST \(Dispatcher.prefix)/session")

    /// The answer to a program whose token does not hold.
    static let noSuchToken = Problem(
        .unauthorized,
        "the Authorization header has no token that is in force: its time is over, it was revoked or it never was one")

    /// The answer to a program that wants what is for its owner alone.
    static let notByToken = Problem(
        .forbidden, "a token cannot make another one, which would outlive it: log in with the password")

    /// The answer to whoever logged in with the password that everybody knows, and wants anything but to change it.
    static let changePasswordFirst = Problem(
        .forbidden,
        "the password is the one that every installation starts with: change it first, by PATCH /me with currentPassword and password",
        type: Problem.passwordChangeRequired)

    private init(_ error: DomainError) {
        switch error {
        case .notFound: self.init(.notFound, error.description)
        case .forbidden: self.init(.forbidden, error.description)
        case .conflict: self.init(.conflict, error.description)
        case .invalid(let field, _): self.init(.unprocessableContent, error.description, field: field)
        case .unavailable: self.init(.serviceUnavailable, error.description)
        case .storageFull: self.init(.init(code: 507, reasonPhrase: "Insufficient Storage"), error.description)
        }
    }

    /// The document as a response.
    func response(headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = Self.mediaType
        if status == HTTPResponse.Status.unauthorized.code { headers[.wwwAuthenticate] = "Bearer" }
        guard let body = try? APICoding.encode(self) else {
            return Response(status: .internalServerError, headers: headers)
        }
        return Response(
            status: HTTPResponse.Status(code: status), headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}
