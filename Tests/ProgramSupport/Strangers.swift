import Glibc

/// Connections that say nothing.
package final class Strangers {
    package struct CannotConnect: Error {}

    private var descriptors: [Int32] = []

    package init(_ count: Int, to port: UInt16) throws {
        for _ in 0..<count {
            // What is not accepted must not be waited for.
            guard let descriptor = Loopback.connect(to: port, waits: false) else { throw CannotConnect() }
            descriptors.append(descriptor)
        }
    }

    deinit { leave() }

    package func leave() {
        for descriptor in descriptors { close(descriptor) }
        descriptors = []
    }
}
