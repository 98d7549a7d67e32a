import Hummingbird
import NIOCore
import UpgradeAPI

/// A request's body as it arrives.
struct RequestBytes {
    private var iterator: RequestBody.AsyncIterator

    init(of request: Request) { iterator = request.body.makeAsyncIterator() }

    /// The next bytes; `nil` after the last.
    ///
    /// - Throws: a 400 when the sender has gone away: nobody reads it, but the sender's failure is no error of ours.
    mutating func next() async throws -> ByteBuffer? {
        do {
            return try await iterator.next()
        } catch {
            throw Problem(.badRequest, "the body ended early; nothing was kept")
        }
    }
}
