import AsyncHTTPClient
import Logging
import Testing

@testable import UpgradeCore
@testable import UpgradeServer

/// A client that keeps no cookies and shows redirections instead of following them. It lives as long as the process.
let plainClient = HTTPClient(
    eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: .init(redirectConfiguration: .disallow))

/// Somebody who logged in.
struct Visitor: Sendable {
    var cookie: String
    var csrfToken: String

    /// What goes along with each request.
    var headers: [(String, String)] { [("Cookie", cookie), ("X-CSRF-Token", csrfToken)] }

    /// What a browser sends along when it asks for a page.
    var browser: [(String, String)] { [("Cookie", cookie), ("Accept", "text/html,*/*;q=0.8")] }
}

/// The people of ``Server/Endpoints/addPeople()``; the user name is the password.
enum Person: String, CaseIterable {
    case root = "root@example.com"
    case admin2 = "admin2@example.com"
    case user2 = "user2@example.com"
    case admin3 = "admin3@example.com"
}

extension Server.Endpoints {
    /// Makes companies 2 and 3, and the people.
    func addPeople() async throws {
        for id in ["2", "3"] { try await create("/companies", #"{"id":"\#(id)","name":"Company \#(id)"}"#) }
        for (person, role, company) in [
            (Person.root, "super", "1"), (.admin2, "admin", "2"), (.user2, "user", "2"), (.admin3, "admin", "3"),
        ] {
            let name = person.rawValue
            try await create(
                "/users", #"{"username":"\#(name)","role":"\#(role)","companyId":"\#(company)","password":"\#(name)"}"#)
        }
    }

    private func create(_ path: String, _ json: String) async throws {
        let answer = try await send("POST", "/api/v1" + path, json: json, over: .controlSocket)
        try #require(answer.status == 201 || answer.status == 409, "\(answer.body)")
    }

    func logIn(_ person: Person) async throws -> Visitor { try await logIn(person.rawValue, person.rawValue) }

    func logIn(_ username: String, _ password: String) async throws -> Visitor {
        let answer = try await tryLogIn(username, password)
        try #require(answer.status == 200, "\(answer.body)")
        return Visitor(
            cookie: try #require(answer.cookie), csrfToken: try #require(try answer.member("csrfToken")))
    }

    func tryLogIn(
        _ username: String, _ password: String, headers: [(String, String)] = []
    ) async throws -> Answer {
        try await send(
            "POST", "/api/v1/session", json: #"{"username":"\#(username)","password":"\#(password)"}"#,
            headers: headers)
    }

    /// Sends a form as a page does; one with the field `file` as one with a file.
    func sendForm(_ path: String, _ fields: [String: String], headers: [(String, String)] = []) async throws -> Answer {
        var fields = fields
        if let file = fields.removeValue(forKey: "file") {
            return try await sendForm(path, fields, file: Array(file.utf8), headers: headers)
        }
        let body = fields.map { "\($0)=\(Self.encoded($1))" }.joined(separator: "&")
        return try await send(
            "POST", path, bytes: Array(body.utf8),
            headers: [("Content-Type", "application/x-www-form-urlencoded")] + headers)
    }

    /// Sends a form with a file, as a browser without scripts does.
    func sendForm(
        _ path: String, _ fields: [String: String], file: [UInt8], headers: [(String, String)]
    ) async throws -> Answer {
        var body: [UInt8] = []
        for (name, value) in fields {
            body += "--limit\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n".utf8
        }
        body += "--limit\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a;b%22\"\r\n".utf8
        body += "Content-Type: application/octet-stream\r\n\r\n".utf8 + file + "\r\n--limit--\r\n".utf8
        return try await send(
            "POST", path, bytes: body, headers: [("Content-Type", "multipart/form-data; boundary=limit")] + headers)
    }

    /// Sends a form of a page that `visitor` looks at.
    func submit(_ path: String, _ fields: [String: String], by visitor: Visitor) async throws -> Answer {
        try await sendForm(
            path, fields.merging(["csrfToken": visitor.csrfToken]) { $1 }, headers: visitor.browser)
    }

    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count < 2 ? "%0\(digits)" : "%\(digits)"
        }.joined()
    }
}

extension Answer {
    /// Name and value of the cookie that the answer sets.
    var cookie: String? {
        headers["set-cookie"].flatMap { $0.split(separator: ";").first.map(String.init) }
    }
}

/// Runs a server that people log in to while `body` runs.
@discardableResult
func withLogInServer<Result: Sendable>(
    configuredBy configure: (inout ServerConfiguration) -> Void = { _ in },
    logger: Logger = Logger(label: "umd"), _ body: (Server.Endpoints) async throws -> Result
) async throws -> Result {
    try await withServer(
        configuredBy: { configuration in
            configuration.plaintext = false
            configuration.hasher = .cheap
            configure(&configuration)
        }, logger: logger, body)
}

extension PasswordHasher {
    /// Fast: what a password costs to guess is no matter here.
    static var cheap: PasswordHasher { PasswordHasher(cost: Scrypt.Cost(logN: 4, r: 8, p: 1)) }
}

extension ServerConfiguration {
    /// A configuration whose folder outlives a server.
    static func onFreePorts(in folder: String) -> ServerConfiguration {
        var configuration = ServerConfiguration(dataFolder: DataFolder(path: folder + "/data"))
        configuration.http.port = 0
        configuration.mqttPort = 0
        configuration.mqttsPort = 0
        configuration.hasher = .cheap
        return configuration
    }
}
