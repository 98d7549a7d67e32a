import ServiceLifecycle
import UpgradeCore

/// Runs the engine; it ends after the broker, whose last events it still takes.
struct EngineService: Service {
    let engine: UpgradeEngine

    func run() async throws {
        await cancelWhenGracefulShutdown { await engine.run() }
    }
}

/// Stops the broker, which was started before so that its port was known to be free.
struct BrokerService: Service {
    let link: BrokerLink

    func run() async throws {
        // Cancelled or shut down: either way it is time to stop.
        try? await gracefulShutdown()
        await link.stop()
    }
}

/// Watches the folder that releases are dropped into, and tells the engine of every release that changes, uploaded ones included.
struct FolderService: Service {
    let releaseStore: ReleaseStore
    let engine: UpgradeEngine

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await releaseStore.watchFolder() }
                tasks.addTask { for await _ in releaseStore.changes { engine.releasesChanged() } }
                try await tasks.waitForAll()
            }
        }
    }
}

/// Removes what has grown old from the event log.
struct RetentionService: Service {
    let retention: EventRetention

    func run() async throws {
        await cancelWhenGracefulShutdown { await retention.run() }
    }
}

/// Has `/readyz` say no as soon as the shutdown begins: as the last service it is the first to be told.
struct ShutdownNotice: Service {
    let readiness: Readiness

    func run() async throws {
        try? await gracefulShutdown()
        readiness.stops()
    }
}
