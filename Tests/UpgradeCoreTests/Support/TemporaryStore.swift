import Foundation
import Synchronization
import Testing
public import UpgradeProtocol

@testable import UpgradeCore

/// A store in a folder of its own, which is deleted when the body returns.
func withStore<Value>(
    at time: TestClock = TestClock(), _ body: (Store) async throws -> Value
) async throws -> Value {
    try await withTemporaryFolder { folder in
        let store = try Store.open(at: folder + "/umd.sqlite3", ifAbsent: .creates, now: { time.now })
        let value = try await body(store)
        try store.close()
        return value
    }
}

func withTemporaryFolder<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("core-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder)
}

/// A wall clock that stands still until it is told to move.
final class TestClock: Sendable {
    private let milliseconds: Mutex<Int64>

    init(_ milliseconds: Int64 = 1_800_000_000_000) {
        self.milliseconds = Mutex(milliseconds)
    }

    var now: Timestamp { Timestamp(milliseconds: milliseconds.withLock { $0 }) }

    func advance(byMilliseconds step: Int64) {
        milliseconds.withLock { $0 += step }
    }
}

// Literals in tests are ids and versions by inspection.
extension CompanyID: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) {
        do { self = try CompanyID(text) } catch { preconditionFailure("\(error)") }
    }
}

extension GatewayID: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) {
        do { self = try GatewayID(text) } catch { preconditionFailure("\(error)") }
    }
}

extension Version: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) {
        do { self = try Version(text) } catch { preconditionFailure("\(error)") }
    }
}

extension Principal {
    static let boss = Principal(username: "boss", role: .super, companyID: "1")
    static let adminOf2 = Principal(username: "admin2", role: .admin, companyID: "2")
    static let adminOf3 = Principal(username: "admin3", role: .admin, companyID: "3")
    static let userOf2 = Principal(username: "user2", role: .user, companyID: "2")
}

extension PageRequest {
    /// The first page, long enough for every test that is not about paging.
    static var first: PageRequest {
        get throws { try PageRequest() }
    }
}

extension PasswordHasher {
    /// Fast: what a password costs to guess is no matter here.
    static var cheap: PasswordHasher { PasswordHasher(cost: Scrypt.Cost(logN: 4, r: 8, p: 1)) }
}

/// What the body throws, when it should throw an error of the domain.
func domainError(
    _ body: () async throws -> some Any, sourceLocation: SourceLocation = #_sourceLocation
) async -> DomainError? {
    do {
        let value = try await body()
        Issue.record("returned \(value) instead of throwing", sourceLocation: sourceLocation)
    } catch let error as DomainError {
        #expect(error.description == oneLine(error.description), sourceLocation: sourceLocation)
        return error
    } catch {
        Issue.record("threw \(error), which is no error of the domain", sourceLocation: sourceLocation)
    }
    return nil
}

extension DomainError {
    var isNotFound: Bool { if case .notFound = self { true } else { false } }
    var isForbidden: Bool { if case .forbidden = self { true } else { false } }
    var isConflict: Bool { if case .conflict = self { true } else { false } }
    var field: String? { if case .invalid(let field, _) = self { field } else { nil } }
}
