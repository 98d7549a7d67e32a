import CPosix

/// Bytes that never change once they are here, shared by reference: the one copy of a payload, whoever sends or reads it.
///
/// `@unchecked Sendable` because the memory is written before the initialiser returns and only read afterwards, and freed by the last owner.
public final class SharedBytes: @unchecked Sendable {
    private enum Storage {
        case allocated
        case mapped
    }

    private let base: UnsafeMutableRawPointer?
    private let storage: Storage
    /// The file that is mapped, to send from.
    private let file: Descriptor?
    /// How many bytes there are.
    public let count: Int

    /// No bytes.
    public static let empty = SharedBytes(adopting: nil, count: 0)

    /// Takes over memory that came from `malloc` (or `realloc`) and that nobody else writes or frees.
    init(adopting base: UnsafeMutableRawPointer?, count: Int) {
        self.base = base
        self.count = count
        storage = .allocated
        file = nil
    }

    /// Allocates, aligned for any type, and lets the closure fill all of it; it is not called where there is nothing to fill.
    public init(count: Int, filledBy fill: (UnsafeMutableRawBufferPointer) -> Void) {
        // malloc's 16-byte alignment: more would go through posix_memalign, which costs four times as much.
        let base = count > 0 ? malloc(count) : nil
        precondition(count <= 0 || base != nil, "out of memory: \(count) bytes")
        self.base = base
        self.count = base == nil ? 0 : count
        storage = .allocated
        file = nil
        // Whatever copies bytes of Foundation's traps at a buffer without an address.
        if base != nil { fill(UnsafeMutableRawBufferPointer(start: base, count: count)) }
    }

    /// A copy of bytes that their owner will reuse.
    public convenience init(copying bytes: UnsafeRawBufferPointer) {
        self.init(count: bytes.count) { $0.copyMemory(from: bytes) }
    }

    /// A copy of a span's bytes.
    public convenience init(copying bytes: Span<UInt8>) {
        self.init(count: bytes.count) { memory in
            bytes.withUnsafeBytes { memory.copyMemory(from: $0) }
        }
    }

    /// A copy of an array's bytes.
    public convenience init(_ bytes: [UInt8]) {
        self.init(count: bytes.count) { memory in
            bytes.withUnsafeBytes { memory.copyMemory(from: $0) }
        }
    }

    /// Maps a whole file, read-only, without reading it first, and keeps it open.
    ///
    /// Connections send it from the file itself, and fail should it have become shorter. Who reads the bytes here must know that nobody shortens the file:
    /// reading beyond its new end kills the process. Throws `TransportError.cannotMap`.
    public init(mappingFileAt path: String) throws(TransportError) {
        let raw = cposix_open(path, O_RDONLY | O_CLOEXEC, 0)
        guard raw >= 0 else { throw .cannotMap(path: path, .last) }
        let file = Descriptor(adopting: raw)
        var status = stat()
        guard fstat(file.rawValue, &status) == 0 else { throw .cannotMap(path: path, .last) }
        storage = .mapped
        count = Int(status.st_size)
        guard count > 0 else {
            base = nil
            self.file = nil
            return
        }
        let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, file.rawValue, 0)
        guard let address, cposix_is_map_failed(address) == 0 else { throw .cannotMap(path: path, .last) }
        base = address
        self.file = consume file
    }

    /// The file that the bytes are the whole of, good as long as this object is; nil if they are memory alone.
    var fileDescriptor: Int32? {
        switch file {
        case .some(let file): file.rawValue
        case .none: nil
        }
    }

    deinit {
        guard let base else { return }
        switch storage {
        case .allocated: free(base)
        case .mapped: munmap(base, count)
        }
    }

    /// Lends the bytes; the pointer is good only inside the closure.
    @inlinable
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(pointer)
    }

    /// Lends the bytes as a span, which cannot leave the closure.
    public func withSpan<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let bytes = pointer.assumingMemoryBound(to: UInt8.self)
        return try body(bytes.span)
    }

    /// All of the memory, good as long as this object is.
    @usableFromInline
    var pointer: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base, count: count)
    }
}

extension Array where Element == UInt8 {
    /// A copy of shared bytes.
    public init(_ bytes: SharedBytes) {
        self = bytes.withUnsafeBytes { Array($0) }
    }
}

/// A run of shared bytes.
public struct SharedSlice: Sendable {
    /// Whose bytes they are.
    public let bytes: SharedBytes
    /// Which of them.
    public let range: Range<Int>

    /// All bytes.
    public init(_ bytes: SharedBytes) {
        self.bytes = bytes
        range = 0..<bytes.count
    }

    /// Those of the bytes that lie in a range; what lies beyond the end is left out.
    public init(_ bytes: SharedBytes, range: Range<Int>) {
        self.bytes = bytes
        self.range = range.clamped(to: 0..<bytes.count)
    }

    /// How many bytes the run has.
    public var count: Int { range.count }

    /// Lends the run's bytes; the pointer is good only inside the closure.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(rebasing: bytes.pointer[range]))
    }
}
