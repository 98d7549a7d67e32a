import Operations

// codec-operations: the operations, and how often each is to be done; codec-operations COUNT NAME: does one.
let arguments = CommandLine.arguments.dropFirst()
if arguments.isEmpty {
    for operation in Operation.all { print("\(operation.count)\t\(operation.name)") }
} else {
    guard let count = arguments.first.flatMap({ Int($0) }),
        let operation = Operation.all.first(where: { $0.name == arguments.last })
    else { fatalError("codec-operations [COUNT NAME]") }
    operation.run(count)
}
