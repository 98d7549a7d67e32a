/// Ends the program, and says why, unless something holds: an optimised `precondition` would keep the reason for itself.
public func check(
    _ condition: @autoclosure () -> Bool, _ reason: @autoclosure () -> String = "",
    file: StaticString = #fileID, line: UInt = #line
) {
    guard !condition() else { return }
    fatalError(reason(), file: file, line: line)
}
