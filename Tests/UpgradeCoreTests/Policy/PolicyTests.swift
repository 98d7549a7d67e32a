import Testing
import UpgradeProtocol

@testable import UpgradeCore

/// The table of roles in the mission, written down a second time and compared cell by cell.
@Suite("Policy")
struct PolicyTests {
    private static let rows: [(Permission, super: Policy.Reach, admin: Policy.Reach, user: Policy.Reach)] = [
        (.viewDashboard, .everything, .ownCompanyAndClaims, .ownCompany),
        (.viewGateways, .everything, .ownCompanyAndClaims, .ownCompany),
        (.viewReleases, .everything, .everything, .everything),
        (.viewCompanies, .everything, .ownCompany, .ownCompany),
        (.viewDeployments, .everything, .ownCompany, .nothing),
        (.viewEvents, .everything, .ownCompany, .nothing),
        (.viewUsers, .everything, .ownCompany, .nothing),
        (.orderUpgrades, .everything, .ownCompany, .nothing),
        (.manageGateways, .everything, .ownCompanyAndClaims, .nothing),
        (.moveGateways, .everything, .nothing, .nothing),
        (.manageUsers, .everything, .ownCompany, .nothing),
        (.manageCompanies, .everything, .nothing, .nothing),
        (.manageReleases, .everything, .nothing, .nothing),
        (.manageMQTTAccounts, .everything, .nothing, .nothing),
        (.viewMetrics, .everything, .nothing, .nothing),
        (.editOwnProfile, .everything, .ownCompany, .ownCompany),
        (.manageOwnTokens, .everything, .ownCompany, .ownCompany),
    ]

    @Test("every cell of the table, and no permission without a row")
    func cells() {
        #expect(Set(Self.rows.map(\.0)) == Set(Permission.allCases))
        for row in Self.rows {
            #expect(Policy.reach(of: .super, for: row.0) == row.super, "\(row.0), super")
            #expect(Policy.reach(of: .admin, for: row.0) == row.admin, "\(row.0), admin")
            #expect(Policy.reach(of: .user, for: row.0) == row.user, "\(row.0), user")
        }
    }

    @Test("a scope follows from the reach, or the role is refused in words", arguments: Permission.allCases)
    func scopes(permission: Permission) throws {
        for principal in [Principal.boss, .adminOf2, .userOf2] {
            switch Policy.reach(of: principal.role, for: permission) {
            case .nothing:
                #expect(!principal.may(permission))
                let error = #expect(throws: DomainError.self) { try principal.scope(for: permission) }
                #expect(error?.isForbidden == true)
                #expect(error?.description.hasPrefix("the role \(principal.role.rawValue) may not ") == true)
            case .ownCompany:
                #expect(try principal.scope(for: permission) == .company("2", claims: false))
            case .ownCompanyAndClaims:
                #expect(try principal.scope(for: permission) == .company("2", claims: true))
            case .everything:
                #expect(try principal.scope(for: permission) == .everything)
            }
        }
    }

    @Test("the operator at the control socket may everything")
    func theOperator() throws {
        for permission in Permission.allCases {
            #expect(try Principal.operator.scope(for: permission) == .everything)
        }
    }

    @Test("a scope contains the own company's gateways, and with claims those in quarantine that name it")
    func gateways() {
        let narrow = Scope.company("2", claims: false)
        let wide = Scope.company("2", claims: true)
        #expect(narrow.contains(company: "2", claimedCompany: "3"))
        #expect(!narrow.contains(company: nil, claimedCompany: "2"))
        #expect(wide.contains(company: nil, claimedCompany: "2"))
        #expect(!wide.contains(company: "3", claimedCompany: "2"), "a claim counts in quarantine alone")
        #expect(!wide.contains(company: nil, claimedCompany: nil))
        #expect(Scope.everything.contains(company: nil, claimedCompany: nil))
    }
}
