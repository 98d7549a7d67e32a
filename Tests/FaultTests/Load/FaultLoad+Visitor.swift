import Foundation
import ProgramSupport

extension FaultLoad {
    /// Under the most that one person may have.
    private static let mostTokens = 90

    /// Somebody logs in over and over, makes a token each time, and works with the last one that was given.
    func visit() async throws {
        let user = "ada@example.com"
        let password = "a long enough pass phrase"
        let party = "visitor"
        try history.record(party, .userOffered(name: user))
        var isKnown = false
        var tokens = 0
        var last: (name: String, secret: String)?
        while peopleGoOn {
            try await Task.sleep(for: .milliseconds(200))
            let visitor = Visitor(of: currentDaemon, in: folder)
            if !isKnown {
                isKnown = try await join(user, password)
                continue
            }
            do {
                if let last {
                    let answer = try await visitor.get("/api/v1/me", token: last.secret)
                    if answer.status == 401 { try history.record(party, .tokenRefused(name: last.name)) }
                }
                guard tokens < Self.mostTokens else { continue }
                let session = try await visitor.send(
                    "POST", "/api/v1/session", json: #"{"username": "\#(user)", "password": "\#(password)"}"#)
                guard session.status == 200 else { continue }
                tokens += 1
                let name = "token \(tokens)"
                try history.record(party, .tokenOffered(name: name))
                let token = try await visitor.send(
                    "POST", "/api/v1/tokens", json: #"{"name": "\#(name)"}"#,
                    csrfToken: session.json["csrfToken"].text)
                guard token.status == 201 else { continue }
                try history.record(party, .tokenAdded(name: name))
                last = (name, token.json["token"].text)
            } catch is Visitor.NoAnswer {}
        }
    }

    /// Whether the user is there now; whoever was added without anybody hearing of it is, too.
    private func join(_ user: String, _ password: String) async throws -> Bool {
        let added = try await umctl(
            "user", "add", user, "--role", "super", "--company", "1", "--password-stdin", input: password + "\n")
        if added != nil {
            try history.record("visitor", .userAdded(name: user))
            return true
        }
        return try await umctl("user", "list")?["items"].items.contains { $0["username"].text == user } ?? false
    }
}
