import Dispatch
import Foundation
import Synchronization

/// Where parties write down what they know: a file each, of JSON lines, in the order in which it happened to them.
final class History: Sendable {
    private let folder: URL
    private let files = Mutex<[String: FileHandle]>([:])

    init(in folder: String) throws {
        self.folder = URL(filePath: folder)
        try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
    }

    func record(_ party: String, _ fact: Fact) throws {
        try files.withLock { files in
            let entry = Entry(time: Entry.now, party: party, fact: fact)
            let file = try files[party] ?? open(party)
            files[party] = file
            try file.write(contentsOf: try JSONEncoder().encode(entry) + Data("\n".utf8))
        }
    }

    /// Everything that anybody wrote down, by time.
    func entries() throws -> [Entry] {
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .flatMap { file in
                try Data(contentsOf: file).split(separator: UInt8(ascii: "\n"))
                    .map { try JSONDecoder().decode(Entry.self, from: $0) }
            }
            .sorted { $0.time < $1.time }
    }

    private func open(_ party: String) throws -> FileHandle {
        let file = folder.appending(path: party)
        try Data().write(to: file)
        return try FileHandle(forWritingTo: file)
    }
}
