#if THREAD_SANITIZER
    import MQTTWire

    typealias Mutex<Value: ~Copyable> = TraceableMutex<Value>
#endif
