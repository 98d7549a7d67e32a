import MQTTWire
import Testing

@Suite("A share of a turn")
struct TurnShareTests {
    @Test("It is used up by the first piece of work that takes longer, and by any that ends later")
    func expensivePieces() {
        var share = TurnShare(.milliseconds(1))
        #expect(!share.isUsedUp)
        let start = MonotonicTime.now
        while MonotonicTime.now - start < .milliseconds(2) {}
        share.use()
        #expect(share.isUsedUp)
    }

    @Test("Cheap pieces use it up too, some later than the clock says")
    func cheapPieces() {
        var share = TurnShare(.milliseconds(1))
        let start = MonotonicTime.now
        while MonotonicTime.now - start < .milliseconds(2) { share.use() }
        for _ in 0..<16 { share.use() }
        #expect(share.isUsedUp)
    }
}
