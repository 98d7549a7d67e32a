import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// Commands of one session of the W3C WebDriver protocol.
struct WebDriver: Sendable {
    /// What a driver refuses with.
    struct Refusal: Error, CustomStringConvertible {
        var code: String
        var message: String

        var description: String { "\(code): \(message)" }
    }

    /// Where a driver, or one session of it, answers.
    let address: String

    /// The most that any command takes on a machine that is busy.
    private static let limit = TimeAmount.minutes(5)
    private static let answerLimit = 64 << 20

    func get<Value: Decodable>(_ command: String) async throws -> Value {
        try await send("GET", command, nil)
    }

    func post<Value: Decodable>(_ command: String, _ body: [String: Any]) async throws -> Value {
        try await send("POST", command, JSONSerialization.data(withJSONObject: body))
    }

    func post(_ command: String, _ body: [String: Any] = [:]) async throws {
        let _: Anything = try await post(command, body)
    }

    func delete() async throws {
        let _: Anything = try await send("DELETE", "", nil)
    }

    private func send<Value: Decodable>(_ method: String, _ command: String, _ body: Data?) async throws -> Value {
        var request = HTTPClientRequest(url: address + command)
        request.method = .init(rawValue: method)
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        let response = try await HTTPClient.shared.execute(request, timeout: Self.limit)
        let answer = Data(try await response.body.collect(upTo: Self.answerLimit).readableBytesView)
        guard response.status == .ok else {
            let problem = try JSONDecoder().decode(Answer<Problem>.self, from: answer).value
            // What follows the first line is a trace of the driver's own.
            throw Refusal(code: problem.error, message: String(problem.message.prefix { !$0.isNewline }))
        }
        return try JSONDecoder().decode(Answer<Value>.self, from: answer).value
    }

    private struct Answer<Value: Decodable>: Decodable {
        var value: Value
    }

    private struct Problem: Decodable {
        var error: String
        var message: String
    }

    /// For answers that say nothing.
    private struct Anything: Decodable {
        init(from decoder: any Decoder) {}
    }
}

/// A part of a page, as the driver names it.
struct Element: Decodable, Sendable {
    var id: String

    private enum CodingKeys: String, CodingKey {
        case id = "element-6066-11e4-a52e-4f735466cecf"
    }

    /// What stands for it among the arguments of a script.
    var argument: [String: String] { [CodingKeys.id.rawValue: id] }
}
