import GRDB
import UpgradeProtocol

struct UserTable {
    let database: Database

    private static let columns = "username, name, role, company_id, must_change_password"

    func find(_ username: String, in scope: Scope) throws -> User? {
        let user = try Row.fetchOne(
            database.cachedStatement(sql: "SELECT \(Self.columns) FROM user WHERE username = ?"),
            arguments: [username]
        ).map(User.init(row:))
        guard let user, scope.contains(user.companyID) else { return nil }
        return user
    }

    /// By user name.
    func list(in scope: Scope, _ request: PageRequest) throws -> Page<User> {
        var conditions = Conditions()
        if case .company(let own, claims: _) = scope { conditions.require("company_id = ?", own.rawValue) }
        let list = KeysetList(columns: Self.columns, source: "user", conditions: conditions, key: "username")
        return try database.page(list, request, item: User.init(row:), cursor: { Cursor(key: $0.username) })
    }

    /// How the user's password is stored; nil when there is no such user, or nobody gave the user a password yet.
    func passwordHash(of username: String) throws -> String? {
        try String.fetchOne(
            database.cachedStatement(sql: "SELECT password_hash FROM user WHERE username = ?"), arguments: [username])
    }

    /// The first super user by user name.
    func firstSuperUser() throws -> User? {
        try Row.fetchOne(
            database.cachedStatement(
                sql: "SELECT \(Self.columns) FROM user WHERE role = 'super' ORDER BY username LIMIT 1")
        ).map(User.init(row:))
    }

    func superUsers() throws -> Int {
        try Int.fetchOne(database, sql: "SELECT count(*) FROM user WHERE role = 'super'") ?? 0
    }

    func anyHasBootstrapPassword() throws -> Bool {
        try Bool.fetchOne(database, sql: "SELECT EXISTS (SELECT 1 FROM user WHERE must_change_password = 1)") ?? false
    }

    /// How many have no password yet, as after an import.
    func countWithoutPassword() throws -> Int {
        try Int.fetchOne(database, sql: "SELECT count(*) FROM user WHERE password_hash IS NULL") ?? 0
    }

    func insert(_ user: User, passwordHash: String?, at time: Timestamp) throws {
        try database.execute(
            sql: """
                INSERT INTO user (username, name, role, company_id, password_hash, must_change_password, created_at)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                user.username, user.name, user.role.rawValue, user.companyID.rawValue, passwordHash,
                user.mustChangePassword, time.milliseconds,
            ])
    }

    /// Writes everything but the password.
    func update(_ user: User) throws {
        try database.execute(
            sql: "UPDATE user SET name = ?, role = ?, company_id = ?, must_change_password = ? WHERE username = ?",
            arguments: [
                user.name, user.role.rawValue, user.companyID.rawValue, user.mustChangePassword, user.username,
            ])
    }

    func setPasswordHash(_ hash: String, of username: String) throws {
        try database.execute(
            sql: "UPDATE user SET password_hash = ? WHERE username = ?", arguments: [hash, username])
    }

    func delete(_ username: String) throws {
        try database.execute(sql: "DELETE FROM user WHERE username = ?", arguments: [username])
    }
}

extension DatabaseAccess {
    var users: UserTable { UserTable(database: database) }
}

extension User {
    fileprivate init(row: Row) throws {
        self.init(
            username: row["username"], name: row["name"], role: try row.name("role"),
            companyID: try row.companyID("company_id"), mustChangePassword: row["must_change_password"])
    }
}
