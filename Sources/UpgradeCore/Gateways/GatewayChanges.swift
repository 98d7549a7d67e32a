public import UpgradeProtocol

/// What is to be different about a gateway; nil and ``Change/keep`` leave a thing as it is.
public struct GatewayChanges: Sendable, Equatable {
    /// The new name.
    public var name: String?
    /// The new address; an empty one takes it away too.
    public var address: Change<String>
    /// Degrees north, −90 to 90.
    public var latitude: Change<Double>
    /// Degrees east, −180 to 180.
    public var longitude: Change<Double>
    /// The company to bind it to; also ends its quarantine.
    public var companyID: CompanyID?

    /// A change to a gateway.
    public init(
        name: String? = nil, address: Change<String> = .keep, latitude: Change<Double> = .keep,
        longitude: Change<Double> = .keep, companyID: CompanyID? = nil
    ) {
        self.name = name
        self.address = address
        self.latitude = latitude
        self.longitude = longitude
        self.companyID = companyID
    }

    /// The same with its texts trimmed.
    ///
    /// - Throws: ``DomainError/invalid(field:problem:)``.
    func checked() throws(DomainError) -> GatewayChanges {
        var checked = self
        if let name { checked.name = try TextRules.name(name) }
        if case .set(let address) = address {
            checked.address = try TextRules.address(address).map { .set($0) } ?? .clear
        }
        try Self.check(latitude, field: "latitude", within: -90...90)
        try Self.check(longitude, field: "longitude", within: -180...180)
        return checked
    }

    func apply(to gateway: inout Gateway) {
        if let name { gateway.name = name }
        address.apply(to: &gateway.address)
        latitude.apply(to: &gateway.latitude)
        longitude.apply(to: &gateway.longitude)
        if let companyID { gateway.companyID = companyID }
    }

    private static func check(
        _ degrees: Change<Double>, field: String, within range: ClosedRange<Double>
    ) throws(DomainError) {
        guard case .set(let degrees) = degrees, !range.contains(degrees) else { return }
        throw .invalid(field: field, problem: "\(degrees) is not between \(range.lowerBound) and \(range.upperBound)")
    }
}
