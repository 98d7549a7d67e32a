import FoundationEssentials
import UpgradeProtocol

/// Takes over the predecessor's companies, gateways and user names from files that mongoexport wrote.
///
/// What is there already stays as it is, so that the same files can be imported again.
public struct PredecessorImport: Sendable {
    private let store: Store

    /// An import into this store; a daemon may be working on it.
    public init(into store: Store) {
        self.store = store
    }

    /// Takes over files, companies first whatever their order; each as a whole or not at all.
    ///
    /// - Returns: What became of each file, in the order in which they were taken over.
    /// - Throws: ``FileError`` for a file that cannot be read; nothing has changed then. ``DomainError`` when the database
    ///   does not take what it is given.
    public func run(files: [String]) async throws -> [ImportReport] {
        var reports: [ImportReport] = []
        for file in try files.map(PredecessorFile.init(path:)).sorted(by: { $0.rank < $1.rank }) {
            var report = ImportReport(file: file.path)
            report.refused = file.refusals
            if file.refusals.isEmpty { report = try await take(file, report) }
            reports.append(report)
        }
        return reports
    }

    private func take(_ file: PredecessorFile, _ report: ImportReport) async throws -> ImportReport {
        try await store.write { transaction in
            var report = report
            for record in file.records.sorted(by: { $0.kind < $1.kind }) { try transaction.take(record, &report) }
            if report.created != ImportReport.Counts() {
                let created = report.created
                try transaction.append(
                    EventDraft(
                        .imported, by: Principal.operatorName,
                        "\(created.companies) companies, \(created.gateways) gateways and \(created.users) users from \(file.path)"
                    ))
            }
            return report
        }
    }
}

/// A file, read and understood.
private struct PredecessorFile {
    let path: String
    var records: [PredecessorRecord] = []
    var refusals: [ImportReport.Refusal] = []

    init(path: String) throws {
        self.path = path
        let name = path.split(separator: "/").last.map(String.init) ?? path
        var data = Data()
        try FileBytes.read(path) { data.append(contentsOf: $0) }
        for record in JSONRecords.read(data) {
            do {
                records.append(try PredecessorRecord(try record.result.get(), fileName: name))
            } catch let refusal as ImportReport.Refusal {
                refusals.append(refusal)
            } catch {
                refusals.append(ImportReport.Refusal(line: record.line, reason: "\(error)"))
            }
        }
    }

    /// Companies are named by gateways and users, so that files of companies come first.
    var rank: Int { records.map(\.kind.rawValue).min() ?? 0 }
}

extension Transaction {
    fileprivate func take(_ record: PredecessorRecord, _ report: inout ImportReport) throws {
        switch record {
        case .company(let company):
            if try companies.find(company.id, in: .everything) != nil {
                report.skipped.companies += 1
            } else {
                try companies.insert(company, at: time)
                report.created.companies += 1
            }
        case .gateway(let id, let company, let details):
            if try gateways.find(id, in: .everything) != nil {
                report.skipped.gateways += 1
            } else {
                try makeCompanyIfAbsent(company, &report)
                try insert(id, company: company, details)
                report.created.gateways += 1
            }
        case .user(let user):
            if try users.find(user.username, in: .everything) != nil {
                report.skipped.users += 1
            } else {
                try makeCompanyIfAbsent(user.companyID, &report)
                try users.insert(user, passwordHash: nil, at: time)
                report.created.users += 1
            }
        }
    }

    private func makeCompanyIfAbsent(_ id: CompanyID, _ report: inout ImportReport) throws {
        guard try companies.find(id, in: .everything) == nil else { return }
        try companies.insert(Company(id: id, name: "New Company \(id)", registered: false), at: time)
        report.created.companies += 1
    }

    private func insert(_ id: GatewayID, company: CompanyID, _ details: PredecessorRecord.GatewayDetails) throws {
        try gateways.insert(id, company: company, claimed: nil, at: time)
        guard var gateway = try gateways.find(id, in: .everything) else { return }
        gateway.name = details.name
        gateway.address = details.address
        gateway.latitude = details.latitude
        gateway.longitude = details.longitude
        try gateways.update(gateway)
        if let version = details.version { try gateways.recordImportedVersion(version, of: id) }
    }
}
