import Foundation

@testable import MQTTWire

/// A temporary file whose bytes are a pattern, mapped.
final class MappedFile: Sendable {
    let bytes: SharedBytes
    private let url: URL

    init(count: Int) throws {
        url = FileManager.default.temporaryDirectory.appending(path: "mapped-file-\(UUID().uuidString)")
        try Data([UInt8].pattern(count)).write(to: url)
        bytes = try SharedBytes(mappingFileAt: url.path)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func shorten(to count: UInt64) throws {
        let file = try FileHandle(forWritingTo: url)
        try file.truncate(atOffset: count)
        try file.close()
    }
}
