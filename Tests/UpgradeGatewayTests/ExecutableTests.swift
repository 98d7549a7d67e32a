import Foundation
import Testing
import UpgradeGateway
import UpgradeProtocol

@Suite("Executables and files")
struct ExecutableTests {
    @Test("It is written whole, runnable, in place of what was there, and reads as it was")
    func writes() async throws {
        try await withTemporaryFolder { folder in
            let path = "\(folder)/program"
            let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
            try Executable([1, 2, 3]).write(to: path, permissions: 0o600)
            try Executable(bytes).write(to: path)
            let again = try Executable(contentsOf: path, requestedVersion: Version("1.2"))
            #expect([UInt8](again) == bytes)
            #expect(again.requestedVersion == (try Version("1.2")))
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == 0o755)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["program"])
        }
    }

    @Test("It is a collection of its bytes", arguments: [[], [7], Array(UInt8.min...UInt8.max)])
    func collection(bytes: [UInt8]) {
        let executable = Executable(bytes)
        #expect(executable.count == bytes.count)
        #expect(Array(executable) == bytes)
        #expect(executable.indices.map { executable[$0] } == bytes)
        #expect(executable.suffix(3).elementsEqual(bytes.suffix(3)))
        #expect(executable.withSpan { $0.count } == bytes.count)
    }

    @Test("A file that cannot be read or written is named")
    func errors() throws {
        let error = #expect(throws: FileError.self) { try Executable([1]).write(to: "/nowhere/at/all") }
        #expect(error?.description == "cannot write /nowhere/at/all: No such file or directory")
        #expect(throws: FileError.self) { try Executable(contentsOf: "/nowhere/at/all") }
    }
}
