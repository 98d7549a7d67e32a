import GRDB
import Glibc
import Testing

/// A folder that goes with its owner.
final class TemporaryFolder {
    let path: String

    init() {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        path = "\(parent)/sessions-\(UInt64.random(in: 0 ... .max))"
    }

    deinit {
        for name in names { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    var names: [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The bytes of every file.
    var contents: [String: [UInt8]] { Dictionary(uniqueKeysWithValues: names.map { ($0, read("\(path)/\($0)")) }) }

    var size: Int { contents.values.reduce(0) { $0 + $1.count } }

    func mode(_ name: String) -> mode_t {
        var status = stat()
        stat(path + name, &status)
        return status.st_mode & 0o777
    }

    /// Copies what would be there after a crash now.
    func copy(to other: TemporaryFolder) throws {
        mkdir(other.path, 0o700)
        for (name, bytes) in contents where !name.hasSuffix("-shm") {
            let file = open("\(other.path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
            defer { close(file) }
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
                try #require(count > 0)
                rest = rest.dropFirst(count)
            }
        }
    }

    /// Changes the database behind the store's back.
    func change(_ sql: String) throws {
        let database = try DatabaseQueue(path: path + "/sessions.sqlite3")
        try database.write { try $0.execute(sql: sql) }
        try database.close()
    }

    func overwrite(_ name: String, at offset: Int, with bytes: [UInt8]) {
        let file = open(path + name, O_WRONLY)
        defer { close(file) }
        _ = bytes.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, offset) }
    }

    private func read(_ path: String) -> [UInt8] {
        let file = open(path, O_RDONLY)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            guard count > 0 else { return bytes }
            bytes.append(contentsOf: buffer[..<count])
        }
    }
}
