import Synchronization

/// Wakes the engine when the next deadline is due. One timer, set again only when something is due earlier.
final class Alarm: Sendable {
    private struct Setting {
        var deadline: Duration
        var task: Task<Void, Never>
    }

    private let time: any TimeSource
    private let action: @Sendable () -> Void
    private let setting = Mutex<Setting?>(nil)

    init(time: any TimeSource, action: @escaping @Sendable () -> Void) {
        self.time = time
        self.action = action
    }

    /// Lets the alarm go off at `deadline` of the monotonic clock, if it would not go off earlier anyway.
    func set(_ deadline: Duration) {
        setting.withLock { setting in
            if let current = setting, current.deadline <= deadline { return }
            setting?.task.cancel()
            setting = Setting(deadline: deadline, task: Task { await self.goOff(at: deadline) })
        }
    }

    func stop() {
        setting.withLock { setting in
            setting?.task.cancel()
            setting = nil
        }
    }

    private func goOff(at deadline: Duration) async {
        do { try await time.sleep(until: deadline) } catch { return }
        setting.withLock { setting in
            if setting?.deadline == deadline { setting = nil }
        }
        action()
    }
}
