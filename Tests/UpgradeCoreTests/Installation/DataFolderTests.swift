import Foundation
import Testing

@testable import UpgradeCore

@Suite struct DataFolderTests {
    @Test func `the option beats UM_DATA, which beats XDG_DATA_HOME, which beats the home folder`() throws {
        var environment = ["UM_DATA": "/um", "XDG_DATA_HOME": "/xdg", "HOME": "/home/me"]
        #expect(try DataFolder.resolved(option: "/option", environment: environment).path == "/option")
        #expect(try DataFolder.resolved(option: nil, environment: environment).path == "/um")
        environment["UM_DATA"] = ""
        #expect(try DataFolder.resolved(option: nil, environment: environment).path == "/xdg/upgrade-manager")
        environment["XDG_DATA_HOME"] = "relative"
        let home = "/home/me/.local/share/upgrade-manager"
        #expect(try DataFolder.resolved(option: nil, environment: environment).path == home)
        #expect(throws: InstallationError.noHome) { try DataFolder.resolved(option: nil, environment: [:]) }
    }

    @Test func `a folder that is made is for its owner alone, also where it was there before`() async throws {
        try await withTemporaryFolder { path in
            let folder = DataFolder(path: path + "/a/b")
            try folder.create()
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
            try folder.create()
            for path in [folder.path, folder.releases, folder.broker, folder.resources, folder.tls] {
                let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
                #expect(mode == 0o700, "\(path)")
            }
        }
    }

    @Test func `a file in the place of the folder is named`() async throws {
        try await withTemporaryFolder { path in
            try Data().write(to: URL(filePath: path + "/file"))
            #expect(throws: InstallationError.unusable(path: path + "/file", problem: "it is not a folder")) {
                try DataFolder(path: path + "/file").create()
            }
        }
    }

    @Test func `what cannot be made is refused in the system's words`() throws {
        #expect(throws: InstallationError.unusable(path: "/proc/none", problem: "No such file or directory")) {
            try DataFolder(path: "/proc/none").create()
        }
    }

    @Test func `one process at a time has the lock, and it ends with its owner`() async throws {
        try await withTemporaryFolder { path in
            let folder = DataFolder(path: path)
            do {
                let lock = try FolderLock(folder)
                #expect(throws: InstallationError.locked(folder: path, processID: getpid())) { try FolderLock(folder) }
                #expect(try FolderLock.ifFree(folder)?.folder == nil)
                #expect(lock.folder == folder)
            }
            #expect(try FolderLock.ifFree(folder)?.folder == folder)
        }
    }
}
