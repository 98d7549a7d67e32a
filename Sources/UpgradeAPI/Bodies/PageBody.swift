/// One page of a list.
public struct PageBody<Item: Codable & Sendable>: Codable, Sendable {
    /// The items of this page, in the list's order.
    public var items: [Item]
    /// How many items the whole list has, after the filters.
    public var total: Int
    /// What to pass as `cursor` for the next page; nil on the last one. URL-safe characters only.
    @Nullable public var nextCursor: String?

    /// A page of a list.
    public init(items: [Item], total: Int, nextCursor: String?) {
        self.items = items
        self.total = total
        self.nextCursor = nextCursor
    }
}

extension PageBody: Equatable where Item: Equatable {}

/// Which part of a list is asked for.
public struct PageQuery: Sendable, Equatable {
    /// At most this many items: 1 to 1000, 100 when left out.
    public var limit: Int?
    /// ``PageBody/nextCursor`` of the page before; nil asks for the first.
    public var cursor: String?

    /// Asks for a page.
    public init(limit: Int? = nil, cursor: String? = nil) {
        self.limit = limit
        self.cursor = cursor
    }

    var items: [QueryItem] { [("limit", limit.map(String.init)), ("cursor", cursor)] }
}
