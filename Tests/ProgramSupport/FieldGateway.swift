package import Foundation
import Testing

/// A gateway of the field, written from the protocol's description alone: nothing of ours but the bytes.
///
/// Its calls wait, on a queue of their own.
package final class FieldGateway: Sendable {
    package struct Message: Sendable, Equatable {
        package var topic: String
        package var payload: Data
        package var packetID: UInt16?

        /// The frame's payload; nil unless length and the rest agree.
        package var content: Data? {
            guard payload.count >= 12 else { return nil }
            let length = payload.dropFirst(4).prefix(4).reduce(0) { $0 << 8 | Int($1) }
            return length == payload.count - 12 ? payload.dropFirst(12) : nil
        }

        package var text: String? { content.map { String(decoding: $0, as: UTF8.self) } }
    }

    package enum Failure: Error, Equatable {
        case cannotConnect
        case connectionEnded
        case nothingCame
        case refused(UInt8)
        case unexpected(UInt8)
    }

    package let id: String
    package let company: String
    private let descriptor: Int32
    /// Carries the bytes over TLS, if they go that way.
    private let tunnel: TLSTunnel?
    private let queue: DispatchQueue
    // Touched on the queue alone.
    private nonisolated(unsafe) var waiting: [Message] = []
    private nonisolated(unsafe) var nextPacketID: UInt16 = 1
    // Set once, before anybody has the gateway.
    private nonisolated(unsafe) var sessionPresent = false

    /// Whether the broker still had the session of an earlier connection.
    package var foundItsSession: Bool { sessionPresent }

    /// Connects as a field gateway does: MQTT 3.1.1 (or 3.1), clean session (if not told otherwise), keep-alive 30 s, `user` and `password`; over TLS if
    /// its fleet trusts an authority, which is a file.
    package static func connect(
        _ id: String, company: String, to port: UInt16, trusting authority: String? = nil, legacy: Bool = false,
        cleanSession: Bool = true, password: String = "password", user: String = "user"
    ) async throws -> FieldGateway {
        let gateway = try FieldGateway(id, company: company, to: port, trusting: authority)
        try await gateway.run { gateway in
            let version: [UInt8] = legacy ? gateway.string("MQIsdp") + [3] : gateway.string("MQTT") + [4]
            gateway.send(
                0x10,
                version + [cleanSession ? 0b1100_0010 : 0b1100_0000, 0, 30] + gateway.string(id)
                    + gateway.string(user)
                    + gateway.string(password))
            let (type, body) = try gateway.readPacket(by: Date() + 10)
            guard type == 0x20, body.count == 2 else { throw Failure.unexpected(type) }
            guard body[1] == 0 else { throw Failure.refused(body[1]) }
            gateway.sessionPresent = body[0] & 1 == 1
        }
        return gateway
    }

    private init(_ id: String, company: String, to port: UInt16, trusting authority: String?) throws {
        self.id = id
        self.company = company
        queue = DispatchQueue(label: id)
        if let authority {
            let tunnel = try TLSTunnel(to: port, trusting: authority)
            self.tunnel = tunnel
            descriptor = tunnel.descriptor
            return
        }
        tunnel = nil
        guard let descriptor = Loopback.connect(to: port) else { throw Failure.cannotConnect }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Publishes STATUS and both requests, and only then subscribes, packet by packet.
    package func begin(version: String) async throws {
        try await reportStatus(version)
        try await publish("TOCLOUD/REQUEST_LATEST_VERSION/\(id)", Data(" ".utf8))
        try await publish("TOCLOUD/REQUEST_AVAILABLE_VERSIONS/\(id)", Data(" ".utf8))
        for verb in ["UPGRADE", "LATEST_VERSION", "AVAILABLE_VERSIONS", "DOWNLOAD_UPGRADE"] {
            try await subscribe("TOGATEWAY/\(verb)")
            try await subscribe("TOGATEWAY/\(verb)/\(id)")
        }
    }

    /// One that has connected, reported and subscribed, and is known to the daemon.
    package static func known(
        _ id: String, company: String = "2", version: String = "0.5", to daemon: Daemon
    ) async throws -> FieldGateway {
        let gateway = try await connect(
            id, company: company, to: daemon.mqttPort, trusting: daemon.mode == .tls ? daemon.authority : nil)
        try await gateway.begin(version: version)
        try await daemon.expect(id, "version", is: version)
        return gateway
    }

    package func reportStatus(_ version: String, qos: UInt8 = 0) async throws {
        let text = #"{"companyId":"\#(company)","version":"\#(version)","timestamp":1466000000123}"#
        try await publish("TOCLOUD/STATUS/\(id)", Data(text.utf8), qos: qos)
    }

    /// Publishes a frame with this content.
    package func publish(_ topic: String, _ content: Data, qos: UInt8 = 0) async throws {
        try await publishBytes(topic, FieldFrame.bytes(content), qos: qos)
    }

    /// Publishes bytes as they are; at QoS 1 it waits for the PUBACK.
    package func publishBytes(_ topic: String, _ payload: Data, qos: UInt8 = 0) async throws {
        try await run { gateway in
            let packetID = gateway.takePacketID()
            let head = gateway.string(topic) + (qos > 0 ? gateway.word(packetID) : [])
            gateway.send(0x30 | qos << 1, head + payload)
            guard qos == 1 else { return }
            try gateway.awaitAnswer(0x40, packetID)
        }
    }

    /// Sends the beginning of a QoS 0 publication, as far as the socket takes it within a moment.
    package func beginToPublish(_ topic: String, announcing size: Int, sending count: Int) {
        let head = string(topic)
        var length = head.count + size
        var bytes: [UInt8] = [0x30]
        repeat {
            bytes.append(UInt8(length & 0x7F) | (length > 0x7F ? 0x80 : 0))
            length >>= 7
        } while length > 0
        bytes += head + [UInt8](repeating: 0x20, count: count)
        var sent = 0
        var patience = 20
        while sent < bytes.count, patience > 0 {
            let taken = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if taken > 0 {
                sent += taken
            } else {
                patience -= 1
                usleep(1_000)
            }
        }
    }

    package func subscribe(_ filter: String) async throws {
        try await run { gateway in
            let packetID = gateway.takePacketID()
            gateway.send(0x82, gateway.word(packetID) + gateway.string(filter) + [1])
            try gateway.awaitAnswer(0x90, packetID)
        }
    }

    /// Asks whether anybody is there, and waits for the answer.
    package func ping() async throws {
        try await run { gateway in
            gateway.send(0xC0, [])
            let deadline = Date() + 20
            while true {
                let (got, body) = try gateway.readPacket(by: deadline)
                if got == 0xD0 { return }
                guard got & 0xF0 == 0x30 else { throw Failure.unexpected(got) }
                gateway.waiting.append(gateway.message(got, body))
            }
        }
    }

    /// The next message on a topic that ends so, acknowledged; messages on other topics are acknowledged and dropped.
    package func next(_ topicEnd: String, within seconds: TimeInterval = 20, acknowledging: Bool = true) async throws
        -> Message
    {
        try await run { gateway in
            let deadline = Date() + seconds
            while true {
                let message =
                    gateway.waiting.isEmpty ? try gateway.readMessage(by: deadline) : gateway.waiting.removeFirst()
                let matches = message.topic.hasSuffix(topicEnd)
                if let packetID = message.packetID, acknowledging || !matches {
                    gateway.send(0x40, gateway.word(packetID))
                }
                if matches { return message }
            }
        }
    }

    /// Whether a message on a topic that ends so comes within the time.
    package func receives(_ topicEnd: String, within seconds: TimeInterval) async throws -> Bool {
        do {
            _ = try await next(topicEnd, within: seconds)
            return true
        } catch Failure.nothingCame {
            return false
        }
    }

    /// Returns once this many bytes lie in the socket, of which it reads none.
    package func awaitUnread(atLeast count: Int, within seconds: TimeInterval = 20) async throws {
        try await run { gateway in
            let deadline = Date() + seconds
            var room = [UInt8](repeating: 0, count: count)
            while recv(gateway.descriptor, &room, count, Int32(MSG_PEEK | MSG_DONTWAIT)) < count {
                guard deadline.timeIntervalSinceNow > 0 else { throw Failure.nothingCame }
                usleep(10_000)
            }
        }
    }

    package func disconnect() async throws {
        try await run { gateway in
            gateway.send(0xE0, [])
            shutdown(gateway.descriptor, Int32(SHUT_RDWR))
        }
    }

    /// The link goes away without a word.
    package func cut() { shutdown(descriptor, Int32(SHUT_RDWR)) }
}

extension FieldGateway {
    private func run<Value: Sendable>(_ body: @escaping @Sendable (FieldGateway) throws -> Value) async throws -> Value
    {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try body(self) }) }
        }
    }

    private func takePacketID() -> UInt16 {
        defer { nextPacketID = nextPacketID == .max ? 1 : nextPacketID + 1 }
        return nextPacketID
    }

    private func string(_ text: String) -> [UInt8] { word(UInt16(text.utf8.count)) + text.utf8 }

    private func word(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xFF)] }

    /// What cannot be sent shows when the answer is read.
    private func send(_ type: UInt8, _ body: some Collection<UInt8>) {
        var packet = [type]
        var length = body.count
        repeat {
            packet.append(UInt8(length & 0x7F) | (length > 0x7F ? 0x80 : 0))
            length >>= 7
        } while length > 0
        packet += body
        _ = Loopback.send(packet, to: descriptor)
    }

    private func awaitAnswer(_ type: UInt8, _ packetID: UInt16) throws {
        let deadline = Date() + 20
        while true {
            let (got, body) = try readPacket(by: deadline)
            if got & 0xF0 == 0x30 {
                waiting.append(message(got, body))
            } else if got == type, body.prefix(2).elementsEqual(word(packetID)) {
                if type == 0x90, body.last == 0x80 { throw Failure.refused(0x80) }
                return
            } else if got != 0xD0 {
                throw Failure.unexpected(got)
            }
        }
    }

    private func readMessage(by deadline: Date) throws -> Message {
        while true {
            let (type, body) = try readPacket(by: deadline)
            if type & 0xF0 == 0x30 { return message(type, body) }
        }
    }

    private func message(_ type: UInt8, _ body: Data) -> Message {
        let topicLength = Int(body[0]) << 8 | Int(body[1])
        let topic = String(decoding: body[2..<2 + topicLength], as: UTF8.self)
        guard type & 0b110 != 0 else { return Message(topic: topic, payload: Data(body[(2 + topicLength)...])) }
        let packetID = UInt16(body[2 + topicLength]) << 8 | UInt16(body[3 + topicLength])
        return Message(topic: topic, payload: Data(body[(4 + topicLength)...]), packetID: packetID)
    }

    private func readPacket(by deadline: Date) throws -> (UInt8, Data) {
        let type = try read(1, by: deadline)[0]
        // A packet that has begun is read to its end, or the next one would begin in its midst.
        let deadline = max(deadline, Date() + 20)
        var length = 0
        var shift = 0
        while true {
            let byte = try read(1, by: deadline)[0]
            length |= Int(byte & 0x7F) << shift
            shift += 7
            if byte < 0x80 { break }
        }
        return (type, length == 0 ? Data() : try read(length, by: deadline))
    }

    private func read(_ count: Int, by deadline: Date) throws -> Data {
        var data = Data(count: count)
        var have = 0
        while have < count {
            var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let rest = deadline.timeIntervalSinceNow
            guard rest > 0, Glibc.poll(&ready, 1, Int32(rest * 1000) + 1) > 0 else { throw Failure.nothingCame }
            let got = data.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress?.advanced(by: have), count - have)
            }
            guard got > 0 else { throw Failure.connectionEnded }
            have += got
        }
        return data
    }
}
