import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1

/// A typed client of the HTTP API, over TCP or a daemon's control socket.
///
/// The calls are beside the bodies that they carry. Each throws ``APIError``: a refusal as ``APIError/problem(_:)``, with the daemon's own words.
public struct APIClient: Sendable {
    /// Where the daemon answers.
    public let endpoint: Endpoint
    private let credential: Credential?
    private let http: HTTPClient

    /// What requests show to act as somebody.
    enum Credential: Sendable {
        case token(String)
        case session(cookie: String, csrfToken: String)
    }

    /// Runs `body` with a client, and closes its connections afterwards. The token is sent as a bearer token; the control socket needs none.
    public static func connected<Result>(
        to endpoint: Endpoint, trust: ServerTrust = .system, token: String? = nil,
        _ body: (APIClient) async throws -> Result
    ) async throws -> Result {
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: try trust.configuration(), redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(5)))
        // A refused connection is an answer; without this the client would try again until the timeout.
        configuration.connectionPool.retryConnectionEstablishment = false
        let http = HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
        do {
            let result = try await body(
                APIClient(endpoint: endpoint, credential: token.map(Credential.token), http: http))
            try await http.shutdown()
            return result
        } catch {
            // The first error says what happened; one of the shutdown would only hide it.
            try? await http.shutdown()
            throw error
        }
    }

    /// The same client as somebody else.
    func acting(by credential: Credential) -> APIClient {
        APIClient(endpoint: endpoint, credential: credential, http: http)
    }

    /// Every item of a list, page after page; `page` fetches one, such as `{ try await client.companies($0) }`.
    public func all<Item>(
        _ page: (PageQuery) async throws(APIError) -> PageBody<Item>
    ) async throws(APIError) -> [Item] {
        var items: [Item] = []
        var query = PageQuery(limit: 1_000)
        while true {
            let next = try await page(query)
            items += next.items
            guard let cursor = next.nextCursor else { return items }
            query.cursor = cursor
        }
    }
}

extension APIClient {
    func get<Answer: Decodable>(_ path: [String], query: [QueryItem] = []) async throws(APIError) -> Answer {
        try await answer(request(.GET, path, query: query))
    }

    func post<Answer: Decodable>(_ path: [String]) async throws(APIError) -> Answer {
        try await answer(request(.POST, path))
    }

    func post<Answer: Decodable>(_ path: [String], body: some Encodable) async throws(APIError) -> Answer {
        try await send(.POST, path, body: body)
    }

    func patch<Answer: Decodable>(_ path: [String], body: some Encodable) async throws(APIError) -> Answer {
        try await send(.PATCH, path, body: body)
    }

    /// What `POST` answers, with the fields of the answer's header.
    func postForHeaders<Answer: Decodable>(
        _ path: [String], body: some Encodable
    ) async throws(APIError) -> (Answer, HTTPHeaders) {
        let response = try await response(to: try encoded(.POST, path, body), timeout: Self.answerTimeout)
        return (try decode(try await self.body(of: response)), response.headers)
    }

    private func send<Answer: Decodable>(
        _ method: HTTPMethod, _ path: [String], body: some Encodable
    ) async throws(APIError) -> Answer {
        try await answer(try encoded(method, path, body))
    }

    private func encoded(
        _ method: HTTPMethod, _ path: [String], _ body: some Encodable
    ) throws(APIError) -> HTTPClientRequest {
        var request = request(method, path)
        request.headers.replaceOrAdd(name: "Content-Type", value: "application/json")
        do {
            request.body = .bytes(ByteBuffer(bytes: try APICoding.encode(body)))
        } catch {
            throw APIError.unexpectedAnswer(
                address: endpoint.description, reason: "the request has no JSON form: \(error)")
        }
        return request
    }

    func delete(_ path: [String]) async throws(APIError) {
        _ = try await execute(request(.DELETE, path), timeout: Self.answerTimeout)
    }

    func upload<Answer: Decodable>(
        _ path: [String], _ file: FileUpload, progress: @escaping @Sendable (Int64) -> Void
    ) async throws(APIError) -> Answer {
        var request = request(.PUT, path)
        request.headers.replaceOrAdd(name: "Content-Type", value: "application/octet-stream")
        request.body = .stream(file.chunks(progress: progress), length: .known(file.size))
        return try decode(await execute(request, timeout: Self.transferTimeout))
    }

    /// `GET /readyz`: returns if all listeners stand and the database answers.
    public func expectReadiness() async throws(APIError) {
        var request = HTTPClientRequest(url: endpoint.base + "/readyz")
        request.headers.add(name: "Accept", value: "text/plain")
        _ = try await execute(request, timeout: Self.answerTimeout)
    }

    /// `GET /stream`: what happens from now on, until the daemon stops or the task is cancelled.
    public func stream() async throws(APIError) -> StreamEvents {
        var request = request(.GET, ["stream"])
        request.headers.replaceOrAdd(name: "Accept", value: "text/event-stream")
        let response = try await response(to: request, timeout: Self.streamTimeout)
        return StreamEvents(body: response.body, address: endpoint.description)
    }
}

extension APIClient {
    private static let answerTimeout = TimeAmount.seconds(60)
    private static let transferTimeout = TimeAmount.hours(12)
    private static let streamTimeout = TimeAmount.hours(24 * 365)
    private static let largestAnswer = 64 << 20

    private func request(_ method: HTTPMethod, _ path: [String], query: [QueryItem] = []) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: endpoint.base + URLText.target(path, query: query))
        request.method = method
        request.headers.add(name: "Accept", value: "application/json")
        switch credential {
        case .token(let token): request.headers.add(name: "Authorization", value: "Bearer " + token)
        case .session(let cookie, let csrfToken):
            request.headers.add(name: "Cookie", value: cookie)
            request.headers.add(name: "X-CSRF-Token", value: csrfToken)
        case nil: break
        }
        return request
    }

    private func answer<Answer: Decodable>(_ request: HTTPClientRequest) async throws(APIError) -> Answer {
        try decode(await execute(request, timeout: Self.answerTimeout))
    }

    private func decode<Answer: Decodable>(_ data: Data) throws(APIError) -> Answer {
        do {
            return try APICoding.decodeResponse(Answer.self, from: data)
        } catch {
            throw APIError.unexpectedAnswer(address: endpoint.description, reason: "\(error)")
        }
    }

    private func execute(_ request: HTTPClientRequest, timeout: TimeAmount) async throws(APIError) -> Data {
        let response = try await response(to: request, timeout: timeout)
        return try await body(of: response)
    }

    /// The response's head, if it is a success; its problem document otherwise.
    private func response(
        to request: HTTPClientRequest, timeout: TimeAmount
    ) async throws(APIError) -> HTTPClientResponse {
        let response: HTTPClientResponse
        do {
            response = try await http.execute(request, timeout: timeout)
        } catch {
            throw APIError(error, address: endpoint.description)
        }
        guard (200..<300).contains(response.status.code) else {
            throw APIError.problem(try await problem(in: response))
        }
        return response
    }

    private func body(of response: HTTPClientResponse) async throws(APIError) -> Data {
        do {
            return Data(try await response.body.collect(upTo: Self.largestAnswer).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw APIError.unexpectedAnswer(address: endpoint.description, reason: "the answer is larger than 64 MiB")
        } catch {
            throw APIError(error, address: endpoint.description)
        }
    }

    private func problem(in response: HTTPClientResponse) async throws(APIError) -> Problem {
        let data = try await body(of: response)
        if let problem = try? APICoding.decodeResponse(Problem.self, from: data) { return problem }
        // Something in between answered, or a handler that failed before it could say why.
        let status = response.status
        return Problem(
            title: status.reasonPhrase, status: Int(status.code), detail: "HTTP \(status.code) \(status.reasonPhrase)")
    }
}
