import Foundation
import MQTTWire
import Testing

@Suite("Shared bytes")
struct SharedBytesTests {
    @Test("Copies, fills and slices", arguments: [0, 1, 4096, 100_000])
    func contents(count: Int) {
        let bytes = [UInt8].pattern(count)
        #expect([UInt8](SharedBytes(bytes)) == bytes)
        #expect([UInt8](SharedBytes(copying: bytes.span)) == bytes)
        let filled = SharedBytes(count: count) { memory in memory.copyBytes(from: bytes) }
        #expect(filled.count == count)
        #expect([UInt8](filled) == bytes)
        let slice = SharedSlice(filled, range: count / 3..<count + 5)
        #expect(slice.withUnsafeBytes { Array($0) } == Array(bytes[(count / 3)...]))
    }

    @Test("A mapped file has the file's bytes, also when it was deleted since; a missing one is named")
    func mapped() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "shared-bytes-\(UUID().uuidString)")
        for count in [0, 1, 1_000_000] {
            let bytes = [UInt8].pattern(count)
            try Data(bytes).write(to: file)
            let mapped = try SharedBytes(mappingFileAt: file.path)
            try FileManager.default.removeItem(at: file)
            #expect([UInt8](mapped) == bytes)
        }
        let error = #expect(throws: TransportError.self) { try SharedBytes(mappingFileAt: file.path) }
        #expect(error?.description == "cannot map \(file.path) into memory: No such file or directory")
    }
}
