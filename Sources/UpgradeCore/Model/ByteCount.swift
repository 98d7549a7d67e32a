/// A number of bytes for a message: `1 byte`, `2 bytes`.
package func byteCount(_ count: some BinaryInteger) -> String { count == 1 ? "1 byte" : "\(count) bytes" }
