import GatewaySimulation
import MQTTWire
import Testing
import UpgradeProtocol

@Suite("Payloads that simulated gateways share")
struct SharedPayloadsTests {
    private let payloads = SharedPayloads()
    private let executable = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }

    private func frame(_ payload: [UInt8], time: UInt32 = 1) -> [UInt8] {
        Frame(timestamp: time, payload: payload).encoded()
    }

    /// Two receivers get their frames in turns, in pieces of these sizes.
    private func receive(_ frames: [[UInt8]], piecesOf sizes: [Int]) -> [SharedBytes] {
        let receivers = frames.map { payloads.receiver(announced: $0.count) }
        var rest = frames.map { $0[...] }
        while rest.contains(where: { !$0.isEmpty }) {
            for (index, receiver) in receivers.enumerated() {
                let piece = rest[index].prefix(sizes[index])
                rest[index] = rest[index].dropFirst(piece.count)
                piece.withUnsafeBytes { receiver.receive($0) }
            }
        }
        return receivers.map { $0.finish() }
    }

    @Test("Equal ones are one, whoever is ahead", arguments: [[1000, 7], [5, 4096], [100_012, 1], [11, 13]])
    func equal(sizes: [Int]) {
        let received = receive([frame(executable, time: 1), frame(executable, time: 2)], piecesOf: sizes)
        #expect(received[0] === received[1])
        #expect([UInt8](received[0]).dropFirst(4) == frame(executable).dropFirst(4))
    }

    @Test("Bytes that differ stay different, wherever they do", arguments: [12, 13, 50_000, 100_011])
    func damaged(position: Int) {
        let whole = frame(executable)
        var damaged = whole
        damaged[position] ^= 1
        for sizes in [[4096, 100], [100, 4096]] {
            let received = receive([whole, damaged], piecesOf: sizes)
            #expect(received.map { [UInt8]($0) } == [whole, damaged])
        }
    }

    @Test("A frame of other content is another")
    func others() {
        let frames = [frame(executable), frame(executable.reversed()), frame(Array(executable.dropLast()))]
        #expect(receive(frames, piecesOf: [4096, 100, 333]).map { [UInt8]($0) } == frames)
    }

    @Test("What is shorter than a header is itself")
    func short() {
        #expect(receive([[], [1, 2, 3]], piecesOf: [1, 1]).map { [UInt8]($0) } == [[], [1, 2, 3]])
    }

    @Test("The last to end finds it whole although all others have gone")
    func gone() {
        let whole = frame(executable)
        let slow = payloads.receiver(announced: whole.count)
        whole.prefix(50).withUnsafeBytes { slow.receive($0) }
        #expect(receive([whole], piecesOf: [64 * 1024]).map { [UInt8]($0) } == [whole])
        whole.dropFirst(50).withUnsafeBytes { slow.receive($0) }
        #expect([UInt8](slow.finish()) == whole)
    }
}
