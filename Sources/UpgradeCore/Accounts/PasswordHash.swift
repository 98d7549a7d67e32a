import FoundationEssentials

/// A password as the database keeps it: scrypt's parameters, salt and result in one text,
/// `$scrypt$ln=15,r=8,p=3$SALT$HASH` with the last two in Base64.
struct PasswordHash: Sendable {
    let cost: Scrypt.Cost
    let salt: [UInt8]
    let hash: [UInt8]

    private static let saltLength = 16
    private static let hashLength = 32

    init(hashing password: String, cost: Scrypt.Cost) throws(CryptoError) {
        let salt = try randomBytes(Self.saltLength)
        self.init(
            cost: cost, salt: salt,
            hash: try Scrypt.derive(
                from: Array(password.utf8), salt: salt, cost: cost, byteCount: Self.hashLength))
    }

    /// Reads what ``description`` wrote; nil for anything else.
    init?(_ text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt", let cost = Scrypt.Cost(parts[2]),
            let salt = Data(base64Encoded: String(parts[3])), let hash = Data(base64Encoded: String(parts[4])),
            !salt.isEmpty, hash.count == Self.hashLength
        else { return nil }
        self.init(cost: cost, salt: Array(salt), hash: Array(hash))
    }

    private init(cost: Scrypt.Cost, salt: [UInt8], hash: [UInt8]) {
        self.cost = cost
        self.salt = salt
        self.hash = hash
    }

    /// A hash that no password has, for names that nobody has: comparing with it takes as long as with a real one.
    static func decoy(cost: Scrypt.Cost) -> PasswordHash {
        PasswordHash(cost: cost, salt: Array(repeating: 0, count: saltLength), hash: [])
    }

    func matches(_ password: String) throws(CryptoError) -> Bool {
        let derived = try Scrypt.derive(
            from: Array(password.utf8), salt: salt, cost: cost, byteCount: Self.hashLength)
        return isEqualInConstantTime(derived, hash)
    }
}

extension PasswordHash: CustomStringConvertible {
    var description: String {
        "$scrypt$ln=\(cost.logN),r=\(cost.r),p=\(cost.p)"
            + "$\(Data(salt).base64EncodedString())$\(Data(hash).base64EncodedString())"
    }
}

extension Scrypt.Cost {
    fileprivate init?(_ text: Substring) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].hasPrefix("ln="), parts[1].hasPrefix("r="), parts[2].hasPrefix("p="),
            let logN = Int(parts[0].dropFirst(3)), let r = Int(parts[1].dropFirst(2)),
            let p = Int(parts[2].dropFirst(2)),
            // What this machine can be asked to pay; also keeps the arithmetic of `memory` within its bounds.
            (1...20).contains(logN), (1...16).contains(r), (1...16).contains(p)
        else { return nil }
        self.init(logN: logN, r: r, p: p)
    }
}
