/// Takes the payload of one large PUBLISH while it comes, so that no memory need hold all of it.
///
/// It belongs to one connection and is called on its event loop, which waits for it.
package protocol PayloadReceiver: AnyObject {
    /// More bytes came. They are lent for the call, and lie in memory that the next read overwrites.
    func receive(_ bytes: UnsafeRawBufferPointer)

    /// All bytes have come.
    ///
    /// - Returns: the payload that the message gets.
    func finish() -> SharedBytes
}

/// Makes the receiver of a payload whose size in bytes has been announced. A payload in a small packet has none.
package typealias PayloadReceiverFactory = @Sendable (_ announced: Int) -> any PayloadReceiver
