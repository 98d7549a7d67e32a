import Synchronization
import UpgradeProtocol

@testable import UpgradeCore

/// One executable that the engine handed over, to one gateway.
struct SentExecutable {
    var topic: Topic
    var recipient: Recipient
    var path: String
    var endsWithConnection: Bool
}

/// A link that keeps what it is asked for. What comes of it the tests say themselves.
final class ScriptedLink: GatewayLink {
    private struct State {
        var publications: [Publication] = []
        var cancelled: [TransferID] = []
        var closed: [ConnectionID] = []
        var toGo: [TransferID: Int] = [:]
        var questions = 0
    }

    private let state = Mutex(State())

    func publish(_ publication: Publication) { state.withLock { $0.publications.append(publication) } }
    func cancel(_ transfers: [TransferID]) { state.withLock { $0.cancelled += transfers } }
    func close(_ connection: ConnectionID, reason: String) { state.withLock { $0.closed.append(connection) } }

    func bytesToGo(of transfers: [TransferID]) async -> [TransferID: Int] {
        state.withLock { state in
            state.questions += 1
            return state.toGo.filter { transfers.contains($0.key) }
        }
    }

    func setBytesToGo(_ bytes: Int, of transfer: TransferID) { state.withLock { $0.toGo[transfer] = bytes } }
    /// How often it was asked for bytes to go.
    var questions: Int { state.withLock { $0.questions } }

    /// The messages in memory since the last call, by topic, as text.
    func takeMessages() -> [(topic: String, body: String)] {
        state.withLock { state in
            let messages = state.publications.compactMap { publication -> (topic: String, body: String)? in
                guard case .bytes(let bytes) = publication.payload, let frame = try? Frame(decoding: bytes) else {
                    return nil
                }
                return (publication.topic.name, String(decoding: frame.payload, as: UTF8.self))
            }
            state.publications.removeAll { if case .bytes = $0.payload { true } else { false } }
            return messages
        }
    }

    func takeExecutables(_ verb: CloudVerb) -> [SentExecutable] {
        state.withLock { state in
            var sent: [SentExecutable] = []
            state.publications.removeAll { publication in
                guard case .toGateway(verb, _) = publication.topic,
                    case .file(_, let path, _) = publication.payload,
                    case .recipients(let recipients) = publication.audience
                else { return false }
                sent += recipients.map {
                    SentExecutable(
                        topic: publication.topic, recipient: $0, path: path,
                        endsWithConnection: publication.endsWithConnection)
                }
                return true
            }
            return sent
        }
    }

    func takeCancelled() -> [TransferID] {
        state.withLock { state in
            defer { state.cancelled = [] }
            return state.cancelled
        }
    }

    func takeClosed() -> [ConnectionID] {
        state.withLock { state in
            defer { state.closed = [] }
            return state.closed
        }
    }
}

/// Releases whose copies are what the test says.
final class ScriptedReleases: ReleaseSource {
    private struct State {
        var damaged: Set<Version> = []
        var verifications = 0
    }

    private let state = Mutex(State())

    var verifications: Int { state.withLock { $0.verifications } }

    func damage(_ version: Version) { state.withLock { _ = $0.damaged.insert(version) } }

    func verifiedCopy(of release: Release) async throws -> ReleaseCopy {
        let isDamaged = state.withLock { state in
            state.verifications += 1
            return state.damaged.contains(release.version)
        }
        if isDamaged { throw ReleaseDamage("it has other bytes") }
        return ReleaseCopy(path: "/releases/\(release.version)", size: 3, crc32: 0xcbf4_3926)
    }
}
