public import UpgradeProtocol

/// What is to be different about a gateway; nil leaves a thing as it is.
public struct GatewayChanges: Sendable, Equatable {
    /// The new name.
    public var name: String?
    /// An empty one takes the address away.
    public var address: String?
    /// Degrees north, −90 to 90.
    public var latitude: Double?
    /// Degrees east, −180 to 180.
    public var longitude: Double?
    /// The company to bind it to; also ends its quarantine.
    public var companyID: CompanyID?

    /// A change to a gateway.
    public init(
        name: String? = nil, address: String? = nil, latitude: Double? = nil, longitude: Double? = nil,
        companyID: CompanyID? = nil
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
        if let address { checked.address = try TextRules.address(address) ?? "" }
        try Self.check(latitude, field: "latitude", within: -90...90)
        try Self.check(longitude, field: "longitude", within: -180...180)
        return checked
    }

    func apply(to gateway: inout Gateway) {
        if let name { gateway.name = name }
        if let address { gateway.address = address.isEmpty ? nil : address }
        if let latitude { gateway.latitude = latitude }
        if let longitude { gateway.longitude = longitude }
        if let companyID { gateway.companyID = companyID }
    }

    private static func check(
        _ degrees: Double?, field: String, within range: ClosedRange<Double>
    ) throws(DomainError) {
        guard let degrees, !range.contains(degrees) else { return }
        throw .invalid(field: field, problem: "\(degrees) is not between \(range.lowerBound) and \(range.upperBound)")
    }
}
