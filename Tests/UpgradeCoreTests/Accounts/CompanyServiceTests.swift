import Testing
import UpgradeProtocol

@testable import UpgradeCore

@Suite("Companies")
struct CompanyServiceTests {
    @Test("a company is created unregistered, renamed and registered, each with its event")
    func life() async throws {
        try await withStore { store in
            let companies = CompanyService(store: store)
            try await store.addCompanies()
            let created = try await companies.create("acme", name: "  Acme  ", as: .boss)
            #expect(created == Company(id: "acme", name: "Acme", registered: false))
            _ = try await companies.update("acme", name: "Acme Inc.", as: .boss)
            let updated = try await companies.update("acme", registered: true, as: .boss)
            #expect(updated == Company(id: "acme", name: "Acme Inc.", registered: true))
            #expect(try await companies.find("acme", as: .boss) == updated)
            _ = try await companies.update("acme", name: "Acme Inc.", registered: true, as: .boss)
            let events = try await EventService(store: store).list(
                EventFilter(company: "acme"), page: .first, as: .boss)
            #expect(events.items.map(\.kind) == [.companyRegistered, .companyRenamed, .companyCreated])
            #expect(events.items.allSatisfy { $0.actor == "boss" })
        }
    }

    @Test("a taken id, an unknown company and a bad name are refused")
    func refusals() async throws {
        try await withStore { store in
            let companies = CompanyService(store: store)
            try await store.addCompanies()
            #expect(await domainError { try await companies.create("2", name: "Two", as: .boss) }?.isConflict == true)
            #expect(await domainError { try await companies.update("9", name: "x", as: .boss) }?.isNotFound == true)
            for name in ["", " ", "a\nb", "a\u{202E}b", String(repeating: "x", count: 257)] {
                #expect(await domainError { try await companies.create("4", name: name, as: .boss) }?.field == "name")
            }
            #expect(try await companies.list(page: .first, as: .boss).total == 3)
        }
    }

    @Test("others than super users see their own company alone and change none")
    func scope() async throws {
        try await withStore { store in
            let companies = CompanyService(store: store)
            try await store.addCompanies()
            for principal in [Principal.adminOf2, .userOf2] {
                #expect(try await companies.list(page: .first, as: principal).items.map(\.id) == ["2"])
                #expect(await domainError { try await companies.find("3", as: principal) }?.isNotFound == true)
                #expect(
                    await domainError { try await companies.create("4", name: "x", as: principal) }?.isForbidden == true
                )
                #expect(
                    await domainError { try await companies.update("2", name: "x", as: principal) }?.isForbidden == true
                )
            }
        }
    }
}
