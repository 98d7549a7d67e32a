import Foundation
import Synchronization

/// A daemon that answers as a test tells it to, on a data folder's control socket. One connection carries one request.
final class StubDaemon: Sendable {
    struct Request: Sendable {
        var method: String
        var target: String
        var headers: [String: String]
        var body: Data
    }

    struct Answer: Sendable {
        var status = 200
        var type = "application/json"
        var body: String

        static func json(_ body: String, status: Int = 200) -> Answer { Answer(status: status, body: body) }

        static func problem(_ status: Int, _ detail: String) -> Answer {
            Answer(
                status: status, type: "application/problem+json",
                body: #"{"type":"about:blank","title":"t","status":\#(status),"detail":"\#(detail)"}"#)
        }
    }

    private let listener: Int32
    private let handler: @Sendable (Request) -> Answer
    private let seen = Mutex<[Request]>([])

    /// Everything that was asked so far.
    var requests: [Request] { seen.withLock { $0 } }

    /// Listens on `umd.sock` in the folder.
    init(folder: String, _ handler: @escaping @Sendable (Request) -> Answer) throws {
        self.handler = handler
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array((folder + "/umd.sock").utf8) + [0]
        guard listener >= 0, path.count <= MemoryLayout.size(ofValue: address.sun_path) else {
            throw POSIXError(.EINVAL)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, listen(listener, 16) == 0 else { throw POSIXError(.EADDRINUSE) }
        Thread.detachNewThread { self.serve() }
    }

    /// Stops listening.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private func serve() {
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { return }
            Thread.detachNewThread { self.answer(connection) }
        }
    }

    private func answer(_ connection: Int32) {
        defer { close(connection) }
        guard let request = Self.read(from: connection) else { return }
        seen.withLock { $0.append(request) }
        let answer = handler(request)
        let body = Data(answer.body.utf8)
        let head =
            "HTTP/1.1 \(answer.status) Stub\r\nContent-Type: \(answer.type)\r\nContent-Length: \(body.count)\r\nConnection: close\r\n\r\n"
        let bytes = Array(Data(head.utf8) + body)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    private static func read(from connection: Int32) -> Request? {
        var received = Data()
        var piece = [UInt8](repeating: 0, count: 65_536)
        func more() -> Bool {
            let count = recv(connection, &piece, piece.count, 0)
            if count > 0 { received.append(contentsOf: piece[..<count]) }
            return count > 0
        }
        let separator = Data("\r\n\r\n".utf8)
        while received.range(of: separator) == nil {
            guard more() else { return nil }
        }
        guard let end = received.range(of: separator) else { return nil }
        let lines = String(decoding: received[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ").map(String.init)
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
                in: .whitespaces)
        }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        while received.count - end.upperBound < length {
            guard more() else { return nil }
        }
        return Request(
            method: words[0], target: words[1], headers: headers,
            body: received.subdata(in: end.upperBound..<(end.upperBound + length)))
    }
}

/// Calls `body` with a data folder in which a stub daemon answers.
func withStub<Value>(
    _ handler: @escaping @Sendable (StubDaemon.Request) -> StubDaemon.Answer,
    _ body: (_ daemon: StubDaemon, _ folder: String) async throws -> Value
) async throws -> Value {
    try await withTemporaryFolder { folder in
        let daemon = try StubDaemon(folder: folder, handler)
        defer { daemon.stop() }
        return try await body(daemon, folder)
    }
}
