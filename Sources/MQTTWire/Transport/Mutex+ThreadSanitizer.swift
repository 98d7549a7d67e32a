#if THREAD_SANITIZER
    import CPosix

    /// What stands in for `Synchronization.Mutex` under ThreadSanitizer.
    ///
    /// A `Mutex` that two threads want at once is handed over by the kernel, which ThreadSanitizer does not see: it reports every such hand-over as a
    /// race. Locks of pthreads are ones that it follows.
    package struct TraceableMutex<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
        // Unchecked: `value` is touched by who holds `lock` alone.
        private let lock: UnsafeMutablePointer<pthread_mutex_t>
        private let value: UnsafeMutablePointer<Value>

        package init(_ initial: consuming sending Value) {
            lock = .allocate(capacity: 1)
            pthread_mutex_init(lock, nil)
            value = .allocate(capacity: 1)
            value.initialize(to: initial)
        }

        deinit {
            value.deinitialize(count: 1)
            value.deallocate()
            pthread_mutex_destroy(lock)
            lock.deallocate()
        }

        package borrowing func withLock<Result: ~Copyable, Failure: Error>(
            _ body: (inout sending Value) throws(Failure) -> sending Result
        ) throws(Failure) -> sending Result {
            pthread_mutex_lock(lock)
            defer { pthread_mutex_unlock(lock) }
            return try body(&value.pointee)
        }
    }

    typealias Mutex<Value: ~Copyable> = TraceableMutex<Value>
#endif
