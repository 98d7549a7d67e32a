import MQTTBroker
import Testing

@Suite("Limits that fit into the memory there is")
struct LimitTests {
    @Test("Much memory changes nothing")
    func plenty() {
        let limits = Limits().fitting(memory: 64 << 30)
        #expect(limits.bufferedBytes == Limits().bufferedBytes)
        #expect(limits.subscriptionBytes == Limits().subscriptionBytes)
    }

    @Test("With little, all budgets shrink in proportion, to half of it together", arguments: [1 << 30, 1 << 20, 0])
    func little(memory: Int) {
        let limits = Limits().fitting(memory: memory)
        let sum = limits.bufferedBytes + limits.subscriptionBytes + limits.willBytes + limits.retainedBytes
        #expect(sum <= memory / 2)
        #expect(sum >= memory / 2 - 4)
        #expect(limits.bufferedBytes >= limits.willBytes)
    }
}
