import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

/// A request on its way through a route, with who asks for it.
struct Call: Sendable {
    let request: Request
    let context: APIContext
    /// Who asks; nil for nobody who is logged in, whom only routes for anybody see.
    let caller: Caller?
    /// The query's parameters, decoded.
    let parameters: [String: String]

    /// Who acts: every service takes it.
    ///
    /// - Throws: a 401 when nobody is logged in.
    var principal: Principal {
        get throws(Problem) { try loggedIn.principal }
    }

    /// Who asks.
    ///
    /// - Throws: a 401 when nobody is logged in.
    var loggedIn: Caller {
        get throws(Problem) {
            guard let caller else { throw Problem.logInFirst }
            return caller
        }
    }

    /// A parameter of the path, percent-decoded.
    ///
    /// - Throws: A 404 when it is no UTF-8: nothing is named so.
    func pathParameter(_ name: String) throws -> String {
        guard let raw = context.parameters.get(name), let text = PercentEncoding.decode(raw) else {
            throw Problem(.notFound, "the path is not percent-encoded UTF-8")
        }
        return text
    }

    /// The gateway that the path names; what is no gateway id names none.
    func gatewayID() throws -> GatewayID {
        let text = try pathParameter("id")
        guard let id = try? GatewayID(text) else { throw DomainError.notFound(.gateway, text) }
        return id
    }

    /// The company that the path names.
    func companyID() throws -> CompanyID {
        let text = try pathParameter("id")
        guard let id = try? CompanyID(text) else { throw DomainError.notFound(.company, text) }
        return id
    }

    /// The deployment that the path names.
    func deploymentID() throws -> DeploymentID {
        let text = try pathParameter("id")
        guard let number = Int64(text) else { throw DomainError.notFound(.deployment, text) }
        return DeploymentID(rawValue: number)
    }

    /// A query parameter; nil when it is missing.
    func query(_ name: String) -> String? { parameters[name] }

    /// A query parameter in another form.
    ///
    /// - Throws: A 422 that says what `expected` is, when the text has no such form.
    func query<Value>(_ name: String, expected: String, _ read: (String) -> Value?) throws -> Value? {
        guard let text = query(name) else { return nil }
        guard let value = read(text) else {
            throw Problem(.unprocessableContent, "\(name): '\(text)' is not \(expected)", field: name)
        }
        return value
    }

    /// The page that `limit` and `cursor` ask for.
    func pageRequest() throws -> PageRequest {
        let limit = try query("limit", expected: "a whole number") { Int($0) } ?? PageRequest.defaultLimit
        return try PageRequest(
            limit: limit, cursor: query("cursor").map { text throws(DomainError) in try Cursor(text) })
    }

    /// The request's JSON body.
    ///
    /// - Throws: A 415 for another content type, a 413 for a body over ``HTTPLimits/jsonBody``, ``RequestBodyError`` for one that is not as it should be.
    func body<Body: UpgradeAPI.RequestBody>(_ type: Body.Type) async throws -> Body {
        let contentType = request.headers[.contentType].flatMap(MediaType.init(from:))
        guard contentType?.isType(.applicationJson) == true else {
            throw Problem(
                .unsupportedMediaType, "the body must be JSON: send it with Content-Type: application/json")
        }
        try refuseEarly(above: HTTPLimits.jsonBody)
        let buffer = try await request.body.collect(upTo: HTTPLimits.jsonBody)
        return try APICoding.decodeRequest(type, from: Data(buffer.readableBytesView))
    }

    /// Refuses a body by its announced length, before any of it is read.
    func refuseEarly(above limit: Int) throws {
        guard let announced = request.headers[.contentLength].flatMap(Int.init), announced > limit else { return }
        throw Problem(.contentTooLarge, "the body has \(announced) bytes; at most \(limit) are accepted")
    }
}

extension Response {
    /// A JSON answer.
    static func json(_ body: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try APICoding.encode(body))))
    }

    /// The answer that says nothing but yes.
    static var noContent: Response { Response(status: .noContent) }
}
