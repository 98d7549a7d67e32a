import Glibc
import Hummingbird
import Logging
import NIOCore
import Testing

@testable import UpgradeServer

@Suite("Limits of HTTP", .serialized)
struct HTTPLimitTests {
    @Test("A header that drips in is closed, however busily it drips", .timeLimit(.minutes(1)))
    func drip() async throws {
        try await withListener(idle: .seconds(1)) { port in
            let connection = try RawConnection(port: port)
            connection.send("GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
            let begin = ContinuousClock.now
            while !connection.isClosed, ContinuousClock.now - begin < .seconds(30) {
                connection.send("x")
                try await Task.sleep(for: .milliseconds(100))
            }
            #expect(connection.isClosed)
        }
    }

    @Test("A connection that says nothing is closed, also after an answer", .timeLimit(.minutes(1)))
    func silence() async throws {
        try await withListener(idle: .seconds(1)) { port in
            let silent = try RawConnection(port: port)
            #expect(silent.readToEnd().isEmpty)
            let answered = try RawConnection(port: port)
            answered.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(answered.readToEnd().hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test("A header that is too long or has too many fields is refused", .timeLimit(.minutes(1)))
    func size() async throws {
        try await withListener { port in
            let long = "X-Long: " + String(repeating: "x", count: HTTPLimits.headers) + "\r\n"
            let many = (0...HTTPLimits.headerCount).map { "X-\($0): x\r\n" }.joined()
            for fields in [long, many] {
                let connection = try RawConnection(port: port)
                connection.send("GET / HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n")
                let answer = connection.readToEnd()
                #expect(!answer.hasPrefix("HTTP/1.1 200"), "\(answer)")
            }
        }
    }

    @Test("A connection beyond the maximum waits until another one has ended", .timeLimit(.minutes(1)))
    func connections() async throws {
        try await withListener(connections: 2) { port in
            let request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
            let open = [try RawConnection(port: port), try RawConnection(port: port)]
            for connection in open {
                connection.send(request)
                #expect(connection.read().hasPrefix("HTTP/1.1 200"))
            }
            let waiting = try RawConnection(port: port)
            waiting.send(request)
            #expect(!waiting.hasBytes(within: .milliseconds(500)))
            open[0].close()
            #expect(waiting.read().hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test("An answer to HEAD has no body, so that the next answer is where it is looked for", .timeLimit(.minutes(1)))
    func head() async throws {
        try await withServer { server in
            for (path, status) in [("/nowhere", 404), ("/upgrade/order", 405), ("/api/v1/gateways/x", 404), ("/", 200)]
            {
                for accept in ["text/html", "*/*"] {
                    let connection = try RawConnection(port: UInt16(server.http.port))
                    let fields = "Host: localhost\r\nAccept: \(accept)\r\n"
                    connection.send("HEAD \(path) HTTP/1.1\r\n\(fields)\r\n")
                    connection.send("GET /healthz HTTP/1.1\r\n\(fields)Connection: close\r\n\r\n")
                    let parts = connection.readToEnd().split(separator: "\r\n\r\n", omittingEmptySubsequences: false)
                    #expect(parts.count == 3 && parts[0].hasPrefix("HTTP/1.1 \(status)"), "\(path) \(accept)")
                    #expect(parts[1].hasPrefix("HTTP/1.1 200") && parts[2] == "ok\n", "\(path) \(accept)")
                }
            }
        }
    }

    /// A listener that answers `/`, on a free port.
    private func withListener(
        idle: TimeAmount = HTTPLimits.idle, connections: Int = HTTPLimits.connections,
        _ body: (UInt16) async throws -> Void
    ) async throws {
        let router = Router(context: APIContext.self)
        router.get("/") { _, _ in Response.text("here\n") }
        let (ports, stands) = AsyncStream.makeStream(of: Int.self)
        let readiness = Readiness { stands.yield($0.port) }
        readiness.stands(.controlSocket)
        let listener = HTTPListener(
            place: .tcp(ListenAddress(host: "127.0.0.1", port: 0), nil), responder: router.buildResponder(),
            readiness: readiness, idle: idle, connections: connections, logger: Logger(label: "test"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await listener.run() }
            var iterator = ports.makeAsyncIterator()
            try await body(UInt16(try #require(await iterator.next())))
            group.cancelAll()
        }
    }
}

/// A TCP connection to this machine without any protocol. What it waits for blocks its thread, for 20 seconds at most.
final class RawConnection {
    private var descriptor: Int32

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var timeout = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(status == 0)
    }

    deinit { close() }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    /// What the other side no longer takes is lost.
    func send(_ text: String) {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// Whether the other side has ended the connection.
    var isClosed: Bool {
        guard hasBytes(within: .zero) else { return false }
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, Int32(MSG_PEEK)) <= 0
    }

    /// Whether there is something to read: bytes, or the end.
    func hasBytes(within wait: Duration) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, Int32(wait / .milliseconds(1))) > 0
    }

    /// What comes next; empty at the end.
    func read() -> String {
        var piece = [UInt8](repeating: 0, count: 4_096)
        let count = recv(descriptor, &piece, piece.count, 0)
        return String(decoding: piece.prefix(max(0, count)), as: UTF8.self)
    }

    /// Everything until the end.
    func readToEnd() -> String {
        var text = ""
        while true {
            let piece = read()
            if piece.isEmpty { return text }
            text += piece
        }
    }
}
