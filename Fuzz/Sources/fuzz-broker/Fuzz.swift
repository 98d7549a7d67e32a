import Logging
import MQTTWire

@testable import MQTTBroker

/// Three connections to a broker, in any order and at any time: the first byte says how many loops it has and whether it has a store, each further one what
/// happens next.
///
/// Whatever they do: two well-behaved subscribers to everything stay connected, every packet that the broker sends is one, and when all have gone nothing is
/// left of them.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzBroker(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = Input(bytes: UnsafeBufferPointer(start: start, count: count)[...])
    guard let choice = input.next() else { return 0 }
    let bench = Bench(loops: choice & 1 == 0 ? 1 : 2, hasStore: choice & 2 != 0, isTight: choice & 4 != 0)
    // An observer that is more particular than the other.
    let observers = [
        Observer(bench, "observer one", version: .v3_1_1, qos: .atLeastOnce, properties: []),
        Observer(
            bench, "observer two", version: .v5_0, qos: .exactlyOnce,
            properties: [.receiveMaximum(2), .topicAliasMaximum(1), .maximumPacketSize(600)]),
    ]
    bench.settle(observers)
    var parties = (0..<3).map { _ in Party(bench) }
    while let operation = input.next() {
        let party = Int(operation & 3)
        let argument = input.next() ?? 0
        switch (operation >> 2) & 15 {
        case _ where party == 3: bench.take(operation >> 2, argument, observers)
        case 0, 1: parties[party].send(Array(input.next(Int(argument))))
        case 2: parties[party].close()
        case 3: parties[party].finish()
        case 4:
            parties[party].close()
            parties[party] = Party(bench)
        case 5: parties[party].receive()
        case 6: parties[party].isAcknowledging.toggle()
        default: parties[party].send(Template.packet(operation >> 2, argument, parties[party].version))
        }
        if operation & 0x80 == 0 { bench.settle(observers) }
        for party in parties where party.isAcknowledging { party.receive() }
    }
    bench.settle(observers)
    for observer in observers { observer.checkAlive(bench) }
    for party in parties { party.close() }
    bench.settle(observers)
    for observer in observers { observer.leave() }
    bench.end()
    return 0
}

/// The bytes that say what happens.
struct Input {
    var bytes: Slice<UnsafeBufferPointer<UInt8>>

    mutating func next() -> UInt8? { bytes.popFirst() }

    mutating func next(_ count: Int) -> Slice<UnsafeBufferPointer<UInt8>> {
        defer { bytes = bytes.dropFirst(count) }
        return bytes.prefix(count)
    }
}
