import MQTTWire
import Testing

@Test("MQTT-4.3.3-10, MQTT-4.3.3-12: a packet id stands for one message until PUBREL")
func exactlyOnceReceiver() throws {
    var receiver = ExactlyOnceReceiver<String>()
    let id = PacketID.first
    #expect(receiver.receipt(for: id) == nil)
    receiver.receive(id, receipt: "kept")
    #expect(receiver.receipt(for: id) == "kept")
    #expect(receiver.count == 1)
    let (first, second) = (receiver.release(id), receiver.release(id))
    #expect(first && !second)
    #expect(receiver.receipt(for: id) == nil)
}
