import MQTTWire

extension PacketCases {
    static func connectionToServer() throws -> [PacketCase] {
        var cases = PacketCases(.toServer)
        cases.accept("PINGREQ", .all, "c0 00", .pingreq(Pingreq()))
        cases.accept("DISCONNECT", .all, "e0 00", .disconnect(Disconnect()))
        cases.accept(
            "DISCONNECT with will", .only5, "e0 01 04", .disconnect(Disconnect(reasonCode: .disconnectWithWill)))
        cases.accept(
            "DISCONNECT with session expiry", .only5, "e0 _ 00 _ 11 00000000 1f 'x';",
            .disconnect(
                Disconnect(properties: try Properties([.sessionExpiryInterval(0), .reasonString("x")]))))
        cases.acceptLoosely("DISCONNECT with needless lengths", .only5, "e0 02 0000", .disconnect(Disconnect()))
        cases.accept(
            "AUTH to begin again", .only5, "f0 _ 19 _ 15 'm' 16 0001 aa;",
            .auth(
                Auth(
                    reasonCode: .reauthenticate,
                    properties: try Properties([.authenticationMethod("m"), .authenticationData([0xAA])]))))
        cases.refuse("PINGREQ with a byte", .all, "c0 01 00", .malformedPacket)
        cases.refuse("PINGREQ with flags", .since311, "c1 00", .malformedPacket)
        cases.refuse("DISCONNECT with a byte", .before5, "e0 01 00", .malformedPacket)
        cases.refuse("DISCONNECT with flags", .since311, "e8 00", .malformedPacket)
        cases.refuse("DISCONNECT with a server's code", .only5, "e0 01 8e", .protocolError)
        cases.refuse("AUTH before 5.0", .before5, "f0 00", .protocolError)
        cases.refuse("AUTH with a server's code", .only5, "f0 _ 00 _ 15 'm';", .protocolError)
        cases.refuse("AUTH with nothing from a client", .only5, "f0 00", .protocolError)
        cases.refuse("AUTH without method", .only5, "f0 02 18 00", .protocolError)
        cases.refuse("AUTH with flags", .only5, "f1 00", .malformedPacket)
        cases.refuse("CONNACK to a server", .all, "20 02 0000", .protocolError)
        cases.refuse("SUBACK to a server", .all, "90 03 000a 00", .protocolError)
        cases.refuse("UNSUBACK to a server", .all, "b0 02 000a", .protocolError)
        cases.refuse("PINGRESP to a server", .all, "d0 00", .protocolError)
        cases.refuse("packet type 0", .all, "00 00", .malformedPacket)
        cases.refuse("a length of five bytes", .all, "c0 8080808001", .malformedPacket)
        cases.refuse("a length in too many bytes", .only5, "c0 8000", .malformedPacket)
        cases.acceptLoosely("a length in too many bytes", .before5, "c0 80808000", .pingreq(Pingreq()))
        return cases.all
    }

    static func connectionToClient() throws -> [PacketCase] {
        var cases = PacketCases(.toClient)
        cases.accept("PINGRESP", .all, "d0 00", .pingresp(Pingresp()))
        cases.accept(
            "DISCONNECT by the server", .only5, "e0 _ 9d _ 1c 'other:1883';",
            .disconnect(
                Disconnect(reasonCode: .serverMoved, properties: try Properties([.serverReference("other:1883")]))))
        cases.accept("AUTH that ends well", .only5, "f0 00", .auth(Auth(reasonCode: .success)))
        cases.accept(
            "AUTH that goes on", .only5, "f0 _ 18 _ 15 'm';",
            .auth(Auth(reasonCode: .continueAuthentication, properties: try Properties([.authenticationMethod("m")]))))
        cases.refuse("PINGRESP with a byte", .all, "d0 01 00", .malformedPacket)
        cases.refuse("DISCONNECT by the server", .before5, "e0 00", .protocolError)
        cases.refuse("DISCONNECT with a client's code", .only5, "e0 01 04", .protocolError)
        cases.refuse("DISCONNECT with session expiry", .only5, "e0 _ 00 _ 11 00000000;", .protocolError)
        cases.refuse("AUTH with a client's code", .only5, "f0 _ 19 _ 15 'm';", .protocolError)
        cases.refuse("PINGREQ to a client", .all, "c0 00", .protocolError)
        cases.refuse("SUBSCRIBE to a client", .all, "82 05 000a 0001 6200", .protocolError)
        cases.refuse("UNSUBSCRIBE to a client", .all, "a2 05 000a 0001 62", .protocolError)
        cases.refuse("CONNECT to a client", .all, "10 _ 'MQTT' 04 02 003c 'gw'", .protocolError)
        return cases.all
    }

    /// The whole catalogue.
    static func everything() throws -> [PacketCase] {
        try connect() + publish() + publishToClient() + connack() + acknowledgements(.toServer)
            + acknowledgements(.toClient) + subscriptions() + subscriptionAnswers() + connectionToServer()
            + connectionToClient()
    }
}
