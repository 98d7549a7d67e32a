extension Migrations {
    /// Events are listed by their latest time, and those of one gateway, kind and hour that differ are rows of their own.
    static let eventIndexes = """
        DROP INDEX event_coalesced;
        CREATE INDEX event_coalesced ON event (gateway_id, kind, hour) WHERE hour IS NOT NULL;

        -- Each ends with the number, by which events of the same time are sorted.
        DROP INDEX event_by_gateway;
        CREATE INDEX event_by_gateway ON event (gateway_id, time) WHERE gateway_id IS NOT NULL;
        DROP INDEX event_by_company;
        CREATE INDEX event_by_company ON event (company_id, time) WHERE company_id IS NOT NULL;
        DROP INDEX event_by_actor;
        CREATE INDEX event_by_actor ON event (actor, time) WHERE actor IS NOT NULL;
        DROP INDEX event_by_kind;
        CREATE INDEX event_by_kind ON event (kind, time);
        """
}
