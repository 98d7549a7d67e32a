import COpenSSL

/// OpenSSL's way to the socket of a `TLSConnection`.
///
/// OpenSSL's own would write with a call that raises SIGPIPE, and would report that the peer takes no more in a way that binds the next write to the
/// same bytes; through this one a record that is begun is always taken (see `TLSConnection.transmit`).
enum SocketBIO {
    /// `nonisolated(unsafe)`: made once, under the lock of a static's initialisation, and only read afterwards.
    nonisolated(unsafe) private static let method: OpaquePointer? = {
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket of a loop") else {
            return nil
        }
        BIO_meth_set_write(method) { bio, bytes, count in
            guard let bio, let connection = owner(of: bio), let bytes, count > 0 else { return -1 }
            copenssl_bio_clear_retry(bio)
            return connection.transmit(UnsafeRawBufferPointer(start: bytes, count: Int(count))) ? count : -1
        }
        BIO_meth_set_read(method) { bio, bytes, count in
            guard let bio, let connection = owner(of: bio), let bytes, count > 0 else { return -1 }
            copenssl_bio_clear_retry(bio)
            switch connection.receive(UnsafeMutableRawBufferPointer(start: bytes, count: Int(count))) {
            case .bytes(let count): return Int32(count)
            case .ended: return 0
            case .failed: return -1
            case .wouldBlock:
                copenssl_bio_retry_read(bio)
                return -1
            }
        }
        BIO_meth_set_ctrl(method) { bio, command, _, _ in
            switch command {
            case BIO_CTRL_FLUSH, BIO_CTRL_DUP: return 1
            case BIO_CTRL_EOF: return bio.flatMap(owner)?.hasSeenEnd == true ? 1 : 0
            default: return 0
            }
        }
        return method
    }()

    /// A BIO over the connection's socket, which must not outlive it; nil without memory.
    static func make(for connection: TLSConnection) -> OpaquePointer? {
        guard let method, let bio = BIO_new(method) else { return nil }
        BIO_set_data(bio, Unmanaged.passUnretained(connection).toOpaque())
        return bio
    }

    /// The connection that reads and writes through it; it outlives the BIO.
    static func owner(of bio: OpaquePointer) -> TLSConnection? {
        BIO_get_data(bio).map { Unmanaged<TLSConnection>.fromOpaque($0).takeUnretainedValue() }
    }
}
