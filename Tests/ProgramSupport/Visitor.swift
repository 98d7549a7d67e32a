import Foundation
import Testing

/// Somebody with a browser: curl, which keeps cookies and follows no redirection.
package struct Visitor: Sendable {
    package struct Answer: Sendable {
        package var status: Int
        /// Where the answer sends the browser, as a path.
        package var location: String?
        package var body: String

        package var json: JSON { JSON(try? JSONSerialization.jsonObject(with: Data(body.utf8))) }

        /// The warnings that the page shows red above everything else.
        package var dangers: [String] {
            body.matches(of: /<p class="banner danger">(.*?)<\/p>/).map { String($0.1) }
        }

        /// What a form of this page sends along to show that it is ours.
        package var csrfToken: String? {
            body.firstMatch(of: /name="csrfToken" value="([0-9a-f]+)"/).map { String($0.1) }
        }
    }

    /// The server did not answer.
    package struct NoAnswer: Error { package var problem: String }

    private let base: String
    private let jar: String

    /// Somebody whose cookies are kept in `folder`.
    package init(of daemon: Daemon, in folder: String) {
        // A server that listens on every address is reached by this one.
        base = daemon.http.replacing("//0.0.0.0:", with: "//127.0.0.1:")
        jar = folder + "/cookies-\(UUID().uuidString)"
    }

    package func get(_ path: String) async throws -> Answer { try await curl(path, []) }

    /// As a program does, with a token in place of cookies.
    package func get(_ path: String, token: String) async throws -> Answer {
        try await curl(path, ["-H", "Authorization: Bearer \(token)"])
    }

    package func send(
        _ method: String, _ path: String, json: String, csrfToken: String? = nil
    ) async throws -> Answer {
        let token = csrfToken.map { ["-H", "X-CSRF-Token: \($0)"] } ?? []
        return try await curl(path, ["-X", method, "-H", "Content-Type: application/json", "-d", json] + token)
    }

    package func submit(_ path: String, _ fields: KeyValuePairs<String, String>) async throws -> Answer {
        try await curl(path, fields.flatMap { ["--data-urlencode", "\($0)=\($1)"] })
    }

    private func curl(_ path: String, _ arguments: [String]) async throws -> Answer {
        let outcome = try await Program.run(
            "/usr/bin/curl",
            ["-s", "-k", "-b", jar, "-c", jar, "-w", "\n%{http_code} %{redirect_url}"] + arguments + [base + path])
        guard outcome.status == 0 else { throw NoAnswer(problem: "curl \(path): \(outcome.errors)") }
        let lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false)
        let words = lines.last?.split(separator: " ") ?? []
        return Answer(
            status: words.first.flatMap { Int($0) } ?? 0,
            location: words.count > 1 ? String(words[1].dropFirst(base.count)) : nil,
            body: lines.dropLast().joined(separator: "\n"))
    }
}
