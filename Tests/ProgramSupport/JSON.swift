import Foundation

/// JSON as a program that knows nothing of our types reads it.
package struct JSON: @unchecked Sendable {
    // JSONSerialization's trees are never changed after they were read.
    private let value: Any?

    package init(_ value: Any?) { self.value = value }

    package subscript(_ member: String) -> JSON { JSON((value as? [String: Any])?[member]) }
    package subscript(_ index: Int) -> JSON { JSON(items.indices.contains(index) ? items[index].value : nil) }

    package var items: [JSON] { (value as? [Any])?.map(JSON.init) ?? [] }

    package var integer: Int? { (value as? NSNumber)?.intValue }

    /// Text as it is, numbers as JSON writes them, 1 or 0 for a Boolean, `null` for what is null or not there.
    package var text: String {
        switch value {
        case let text as String: text
        case let number as NSNumber: number.description
        default: "null"
        }
    }
}
