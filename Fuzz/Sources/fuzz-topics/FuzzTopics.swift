import FuzzSupport
import MQTTWire

/// Topic filters and names: the first line is a filter, the rest a name.
///
/// The matching that the broker does agrees with one that is written from the specification's words, level by level.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTopics(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: count)
    let parts = input.split(separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
    let filterText = String(decoding: parts[0], as: UTF8.self)
    for version in ProtocolVersion.allCases {
        guard let filter = try? TopicFilter(filterText, version: version) else { continue }
        check(filter.text == filterText, "\(filter) is not \(filterText)")
        guard parts.count == 2, let name = try? TopicName(String(decoding: parts[1], as: UTF8.self)) else { continue }
        let matched = String(decoding: filter.bytes[filter.matchedRange], as: UTF8.self)
        check(filter.matches(name) == matches(matched, name.text), "\(filter) and \(name)")
    }
    return 0
}

/// Sections 4.7.1 and 4.7.2 of MQTT 5.0.
private func matches(_ filter: String, _ name: String) -> Bool {
    let isSlash = { (byte: UInt8) in byte == UInt8(ascii: "/") }
    let filters = filter.utf8.split(omittingEmptySubsequences: false, whereSeparator: isSlash).map(Array.init)
    let names = name.utf8.split(omittingEmptySubsequences: false, whereSeparator: isSlash).map(Array.init)
    let isWildcard = filters[0] == [UInt8(ascii: "#")] || filters[0] == [UInt8(ascii: "+")]
    if names[0].first == UInt8(ascii: "$"), isWildcard { return false }
    for (index, level) in filters.enumerated() {
        if level == [UInt8(ascii: "#")] { return true }
        guard index < names.count, level == [UInt8(ascii: "+")] || level == names[index] else { return false }
    }
    return filters.count == names.count
}
