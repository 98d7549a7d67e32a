extension Migrations {
    /// What dashboards are drawn from, read from indexes alone however large the fleet is.
    static let figureIndexes = """
        -- Which gateways have sent bad frames lately; their number says nothing of when.
        ALTER TABLE gateway ADD COLUMN bad_frame_at INTEGER;
        CREATE INDEX gateway_bad_frames ON gateway (bad_frame_at, seen_by_company_id, company_id)
            WHERE bad_frame_at IS NOT NULL;
        CREATE INDEX gateway_failing ON gateway (latest_deployment_id, seen_by_company_id, company_id)
            WHERE upgrade_state IN ('failed', 'timedOut');
        -- While a gateway is online its last_seen moves; it is not in the index then.
        CREATE INDEX gateway_absent ON gateway (last_seen, seen_by_company_id, company_id)
            WHERE online = 0 AND enabled = 1;

        -- Counting by time of one state needs no sorting.
        DROP INDEX upgrade_by_settling;
        CREATE INDEX upgrade_by_outcome ON upgrade (state, settled_at) WHERE settled_at IS NOT NULL;
        -- With what a company's upgrades are counted by.
        DROP INDEX upgrade_by_gateway;
        CREATE INDEX upgrade_by_gateway ON upgrade (gateway_id, deployment_id, settled_at, state);
        -- Which deployments are running.
        CREATE INDEX upgrade_running ON upgrade (deployment_id) WHERE state = 'pending';
        """
}
