import Foundation
import Testing
import UpgradeCore

@Suite struct OfflineVerbTests {
    @Test func `init makes the folder once`() async throws {
        try await withTemporaryFolder { path in
            let data = path + "/data"
            let first = await umctl("init", data: data)
            #expect(first.status == 0)
            #expect(first.output.contains("super@gushenxing.com"))
            let marker = try Data(contentsOf: URL(filePath: data + "/installation.json"))
            let second = await umctl("init", data: data)
            #expect(second.status == 0)
            #expect(second.output.contains("already"))
            #expect(try Data(contentsOf: URL(filePath: data + "/installation.json")) == marker)
            let third = await umctl("init", "--username", "ada", "--password-stdin", data: data, input: ["secret-1"])
            #expect(third.status == 1)
            #expect(third.errors.contains("ada"))
        }
    }

    @Test func `init with a user of one's own asks for the password first`() async throws {
        try await withTemporaryFolder { data in
            let without = await umctl("init", "--username", "ada", data: data)
            #expect(without.status == 64)
            #expect(!FileManager.default.fileExists(atPath: data + "/installation.json"))
            let with = await umctl("init", "--username", "ada", "--password-stdin", data: data, input: ["secret-1"])
            #expect(with.status == 0)
            let installation = try await Installation.open(DataFolder(path: data))
            let users = UserService(store: installation.store, hasher: PasswordHasher())
            let user = try await users.find("ada", as: .operator)
            #expect(!user.mustChangePassword)
            try installation.store.close()
        }
    }

    @Test func `init and sample-companies work beside a daemon`() async throws {
        try await withTemporaryFolder { data in
            _ = await umctl("init", data: data)
            let lock = try FolderLock(DataFolder(path: data))
            #expect(await umctl("init", data: data).status == 0)
            #expect(await umctl("sample-companies", data: data).output == "made the companies 2 and 3\n")
            #expect(await umctl("sample-companies", data: data).output.contains("nothing was changed"))
            #expect(await umctl("backup", data + "/b", data: data).status == 0)
            let restore = await umctl("restore", data + "/b", data: data)
            #expect(restore.status == 1)
            #expect(restore.errors.contains("in use by process \(getpid())"))
            #expect(lock.folder.path == data)
        }
    }

    @Test func `verbs on a folder that nobody has initialised say how to`() async throws {
        try await withTemporaryFolder { data in
            for arguments in [["sample-companies"], ["backup", data + "/b"], ["import", data + "/x.json"]] {
                let run = await umctl(arguments, data: data)
                #expect(run.status == 1)
                #expect(run.errors.contains("umctl init"))
            }
            #expect(!FileManager.default.fileExists(atPath: data + "/b"))
        }
    }

    @Test func `backup and restore say what they did`() async throws {
        try await withTemporaryFolder { path in
            let data = path + "/data"
            _ = await umctl("init", data: data)
            #expect(await umctl("backup", path + "/b", data: data).output.hasPrefix("\(path)/b: "))
            let restore = await umctl("restore", path + "/b", data: data)
            #expect(restore.status == 0)
            #expect(restore.output.contains("before-restore-"))
            let other = path + "/other"
            _ = await umctl("init", data: other)
            let refused = await umctl("restore", path + "/b", data: other)
            #expect(refused.status == 1)
            #expect(refused.errors.contains("--force"))
            #expect(await umctl("restore", path + "/b", "--force", data: other).status == 0)
            let fake = await umctl("restore", "/etc/hostname", data: data)
            #expect(fake.status == 1)
            #expect(fake.errors.split(separator: "\n").count == 1)
        }
    }

    @Test func `import counts what it made and names what it refused`() async throws {
        try await withTemporaryFolder { path in
            let data = path + "/data"
            _ = await umctl("init", data: data)
            let good = path + "/companies.json"
            let bad = path + "/gateways.json"
            try Data(#"{"id":"2","name":"Zwei","registered":true}"#.utf8).write(to: URL(filePath: good))
            try Data("{\"gatewayId\":\"gw1\",\"companyId\":\"2\"}\n{\"gatewayId\":\"a/b\",\"companyId\":\"2\"}".utf8)
                .write(to: URL(filePath: bad))
            let run = await umctl("import", good, bad, data: data)
            #expect(run.status == 1)
            #expect(run.output == "\(good): created 1 company; there already: nothing\n")
            #expect(run.errors.contains("\(bad), line 2: "))
            #expect(run.errors.contains("nothing was taken over from \(bad)"))
            #expect(
                await umctl("import", good, data: data).output
                    == "\(good): created nothing; there already: 1 company\n")
        }
    }

    @Test func `doctor finds what is broken and says how to mend it`() async throws {
        try await withTemporaryFolder { path in
            let data = path + "/data"
            let none = await umctl("doctor", data: data)
            #expect(none.status == 1)
            #expect(none.output.contains("umctl init"))
            _ = await umctl("init", data: data)
            let well = await umctl("doctor", data: data)
            #expect(well.status == 0)
            #expect(well.output.contains("it is not running; start it with 'umd'"))
            #expect(well.output.contains("MQTT sessions: none are stored"))
            let sessions = data + "/broker/sessions.sqlite3"
            try FileManager.default.createDirectory(
                atPath: data + "/broker", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try Data(repeating: 0x5A, count: 8192).write(to: URL(filePath: sessions))
            let damaged = await umctl("doctor", data: data)
            #expect(damaged.status == 1)
            #expect(damaged.output.contains("BROKEN   MQTT sessions: \(sessions) is damaged"))
            try FileManager.default.removeItem(atPath: sessions)
            try FileManager.default.removeItem(atPath: data + "/umd.sqlite3")
            let broken = await umctl("doctor", data: data)
            #expect(broken.status == 1)
            #expect(broken.output.contains("umctl restore FILE"))
        }
    }
}
