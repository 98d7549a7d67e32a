import Synchronization

/// Messages from any thread to one receiver on a loop, handed over in batches: the loop is woken for the first message only, and the receiver gets
/// everything that has come since in one call.
public final class Mailbox<Message: Sendable>: Sendable {
    private let loop: EventLoop
    private let messages = Mutex<[Message]>([])
    private let deliver: @Sendable ([Message]) -> Void

    /// A mailbox whose batches the closure gets, on the loop's thread.
    public init(loop: EventLoop, deliver: @escaping @Sendable ([Message]) -> Void) {
        self.loop = loop
        self.deliver = deliver
    }

    /// Hands a message over; messages of one thread arrive in the order in which it posted them. Returns false when the loop has stopped.
    @discardableResult
    public func post(_ message: Message) -> Bool {
        let wasEmpty = messages.withLock { messages in
            messages.append(message)
            return messages.count == 1
        }
        return wasEmpty ? wake() : true
    }

    private func wake() -> Bool {
        loop.execute { [self] in
            deliver(
                messages.withLock { messages in
                    let batch = messages
                    messages = []
                    return batch
                })
        }
    }
}
