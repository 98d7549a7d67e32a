import Testing

/// Everything that can befall the daemon, one after the other: each wants the machine for itself.
@Suite("Faults", .serialized) enum Faults {}
