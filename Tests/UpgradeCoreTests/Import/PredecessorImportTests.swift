import Foundation
import Testing
import UpgradeProtocol

@testable import UpgradeCore

@Suite struct PredecessorImportTests {
    private static let companies = """
        {"_id":{"$oid":"57600000"},"id":"2","name":"Zwei","registered":true}
        {"_id":{"$oid":"57600001"},"companyId":{"$numberInt":"3"},"name":"Drei","registered":false}
        """
    private static let gateways = """
        [{"_id":{"$oid":"1"},"gatewayId":"gw1","companyId":"2","name":"Eins","address":"Berlin","latitude":{"$numberDouble":"52.5"},
          "longitude":"13.4","version":{"$numberDouble":"0.5"}},
         {"gatewayId":"gw2","companyId":9,"name":"","version":1.10}]
        """
    private static let users = """
        {"username":"ada@example.com","password":"$2a$10$xyz","name":"Ada","role":"Admin","companyId":"2"}
        {"username":"bob@example.com","role":"user","companyId":"3"}
        """

    @Test func `companies, gateways and user names are taken over, in whatever order the files come`() async throws {
        try await withImport { store, write in
            let reports = try await PredecessorImport(into: store).run(
                files: [
                    write("users.json", Self.users), write("gateways.json", Self.gateways),
                    write("companies.json", Self.companies),
                ])
            #expect(reports.flatMap(\.refused) == [])
            #expect(reports.map(\.created.companies) == [2, 1, 0])
            #expect(reports.map(\.created.gateways) == [0, 2, 0])
            #expect(reports.map(\.created.users) == [0, 0, 2])

            let gateway = try await store.read { try $0.gateways.find("gw1", in: .everything) }
            #expect(gateway?.name == "Eins")
            #expect(gateway?.latitude == 52.5)
            #expect(gateway?.longitude == 13.4)
            #expect(gateway?.version == "0.5")
            let other = try await store.read { try $0.gateways.find("gw2", in: .everything) }
            #expect(other?.name == "New Gateway gw2")
            #expect(other?.version == "1.1")
            let company = try await store.read { try $0.companies.find("3", in: .everything) }
            #expect(company?.name == "Drei")
            let (user, hash) = try await store.read {
                (
                    try $0.users.find("ada@example.com", in: .everything),
                    try $0.users.passwordHash(of: "ada@example.com")
                )
            }
            #expect(user?.role == .admin)
            #expect(hash == nil)
        }
    }

    @Test func `a second import changes nothing`() async throws {
        try await withImport { store, write in
            let files = try [write("companies.json", Self.companies), write("gateways.json", Self.gateways)]
            _ = try await PredecessorImport(into: store).run(files: files)
            _ = try await CompanyService(store: store).update("2", name: "Renamed", as: .operator)
            let again = try await PredecessorImport(into: store).run(files: files)
            #expect(again.map(\.created) == [ImportReport.Counts(), ImportReport.Counts()])
            #expect(again.map(\.skipped.companies) == [2, 0])
            #expect(again.map(\.skipped.gateways) == [0, 2])
            let company = try await CompanyService(store: store).find("2", as: .operator)
            #expect(company.name == "Renamed")
        }
    }

    @Test func `one bad record keeps its whole file out, and every bad record is named with its line`() async throws {
        try await withImport { store, write in
            let text = """
                {"gatewayId":"good","companyId":"2"}
                {"gatewayId":"a/b","companyId":"2"}

                {"gatewayId":"gw3","companyId":"2","latitude":"north"}
                {"gatewayId":"gw4"}
                {"gatewayId":"gw5","companyId":"2","version":"Infinity"}
                {"gatewayId":"gw6" "companyId":"2"}
                """
            let report = try await PredecessorImport(into: store).run(files: [write("gateways.json", text)])[0]
            #expect(report.refused.map(\.line) == [2, 4, 5, 6, 7])
            #expect(report.refused[1].reason.contains("north"))
            #expect(report.refused[2].reason == "companyId: is missing")
            #expect(report.refused[3].reason.contains("Infinity"))
            #expect(report.created == ImportReport.Counts())
            let absent = try await store.read { try $0.gateways.find("good", in: .everything) }
            #expect(absent == nil)
        }
    }

    @Test(arguments: ["hello", "[1, 2]", #"{"a":"#, #"{"name":"?"}"#])
    func `what is no export is refused with its line`(text: String) async throws {
        try await withImport { store, write in
            let report = try await PredecessorImport(into: store).run(files: [write("export.json", text)])[0]
            #expect(report.refused.map(\.line) == [1])
        }
    }

    @Test func `a super user of another company is refused`() async throws {
        try await withImport { store, write in
            let text = #"{"username":"eve","role":"super","companyId":"2"}"#
            let report = try await PredecessorImport(into: store).run(files: [write("users.json", text)])[0]
            #expect(report.refused.count == 1)
        }
    }

    @Test func `a file that is not there stops everything before it begins`() async throws {
        try await withImport { store, write in
            await #expect(throws: FileError.self) {
                try await PredecessorImport(into: store).run(files: [
                    write("companies.json", Self.companies), "/nowhere",
                ])
            }
            let absent = try await store.read { try $0.companies.find("3", in: .everything) }
            #expect(absent == nil)
        }
    }

    private func withImport(
        _ body: (_ store: Store, _ write: (_ name: String, _ text: String) throws -> String) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { path in
            let store = try Store.open(at: path + "/store.sqlite3", ifAbsent: .creates)
            try await body(store) { name, text in
                try Data(text.utf8).write(to: URL(filePath: path + "/" + name))
                return path + "/" + name
            }
            try store.close()
        }
    }
}
