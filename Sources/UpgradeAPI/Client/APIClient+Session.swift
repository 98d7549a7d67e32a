import AsyncHTTPClient
import NIOHTTP1

extension APIClient {
    /// Runs `body` as a user who logs in for it, and logs out again, whatever comes of it. `body` is also given who that is.
    public func loggedIn<Result>(
        username: String, password: String, _ body: (APIClient, MeBody) async throws -> Result
    ) async throws -> Result {
        let (session, headers): (SessionBody, _) = try await postForHeaders(
            ["session"], body: LogInRequest(username: username, password: password))
        // Name and value come before the cookie's attributes.
        guard let cookie = headers.first(name: "set-cookie")?.split(separator: ";").first else {
            throw APIError.unexpectedAnswer(address: endpoint.description, reason: "the session has no cookie")
        }
        let client = acting(by: .session(cookie: String(cookie), csrfToken: session.csrfToken))
        do {
            let result = try await body(client, session.user)
            // A session that is not ended ends by itself.
            try? await client.delete(["session"])
            return result
        } catch {
            try? await client.delete(["session"])
            throw error
        }
    }
}
