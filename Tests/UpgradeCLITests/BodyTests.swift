import Foundation
import Testing
import UpgradeAPI
import UpgradeProtocol

@Suite struct BodyTests {
    @Test func `a gateway has every member, null where there is nothing`() throws {
        let body = GatewayBody(
            id: try .init("gw1"), companyId: nil, claimedCompanyId: try .init("2"), name: "Eins", address: nil,
            latitude: nil,
            longitude: nil, enabled: true, approved: false, enrolled: true, version: nil, lastUpgrade: nil,
            online: false,
            lastSeen: nil,
            state: nil, targetVersion: nil, badFrames: 0, reason: nil)
        let json =
            #"{"address":null,"approved":false,"badFrames":0,"claimedCompanyId":"2","companyId":null,"enabled":true,"enrolled":true,"explanation":null,"id":"gw1","lastSeen":null,"lastUpgrade":null,"latitude":null,"longitude":null,"name":"Eins","online":false,"reason":null,"state":null,"targetVersion":null,"version":null}"#
        #expect(try encoded(body) == json)
        #expect(try APICoding.decodeResponse(GatewayBody.self, from: Data(json.utf8)) == body)
    }

    @Test func `the other bodies have the members of the interface`() throws {
        let time = try #require(RFC3339Time("2026-11-22T04:20:46.123Z"))
        #expect(
            try encoded(CompanyBody(id: .init("2"), name: "Zwei/é", registered: true))
                == #"{"id":"2","name":"Zwei/é","registered":true}"#)
        #expect(
            try encoded(
                ReleaseBody(version: .init("1.10"), size: 3, sha256: "ab", addedAt: time, state: .changed, gateways: 4))
                == #"{"addedAt":"2026-11-22T04:20:46.123Z","gateways":4,"sha256":"ab","size":3,"state":"changed","version":1.1}"#
        )
        #expect(
            try encoded(
                UpgradeBody(
                    gatewayId: .init("gw1"), deploymentId: 7, state: .timedOut, attempts: 1, fromVersion: .init("0.5"),
                    sentAt: time, deliveredAt: nil, settledAt: nil, reason: nil))
                == #"{"attempts":1,"deliveredAt":null,"deploymentId":7,"fromVersion":0.5,"gatewayId":"gw1","reason":null,"sentAt":"2026-11-22T04:20:46.123Z","settledAt":null,"state":"timedOut"}"#
        )
        #expect(
            try encoded(
                EventBody(id: 1, time: time, kind: "k", actor: nil, gatewayId: nil, companyId: nil, detail: "d"))
                == #"{"actor":null,"companyId":null,"detail":"d","gatewayId":null,"id":1,"kind":"k","time":"2026-11-22T04:20:46.123Z"}"#
        )
        #expect(
            try encoded(UserBody(username: "u", name: "n", role: .super, companyId: .init("1")))
                == #"{"companyId":"1","name":"n","role":"super","username":"u"}"#)
        #expect(
            try encoded(EnrolledBody(gateway: .init("gw1"), username: "gw1", password: "p"))
                == #"{"gateway":"gw1","password":"p","username":"gw1"}"#)
        #expect(
            try encoded(MQTTAccountBody(name: "m", publish: [], subscribe: ["a/#"]))
                == #"{"name":"m","publish":[],"subscribe":["a/#"]}"#)
        #expect(
            try encoded(MQTTAccountBody(name: "m", publish: ["a"], subscribe: [], password: "p"))
                == #"{"name":"m","password":"p","publish":["a"],"subscribe":[]}"#)
        #expect(
            try encoded(PageBody(items: [1], total: 1, nextCursor: nil))
                == #"{"items":[1],"nextCursor":null,"total":1}"#)
    }

    @Test(arguments: ["1", "0.5", "12.25", "0.000001", "999999999.999999", "1.2"])
    func `a version goes out as the number it is, and comes in as number or string`(text: String) throws {
        let order = DeploymentOrder(version: try .init(text), target: .all)
        let json = try encoded(order)
        #expect(json == #"{"target":{"all":true},"version":\#(text)}"#)
        let quoted = #"{"target":{"all":true},"version":"\#(text)"}"#
        #expect(try APICoding.decodeRequest(DeploymentOrder.self, from: Data(json.utf8)) == order)
        #expect(try APICoding.decodeRequest(DeploymentOrder.self, from: Data(quoted.utf8)) == order)
    }

    @Test(arguments: [
        (#"{"version":1.2,"target":{"all":true},"extra":1}"#, "extra"),
        (#"{"version":"1.0.1","target":{"all":true}}"#, "version"),
        (#"{"version":1.0000001,"target":{"all":true}}"#, "version"),
        (#"{"version":-1,"target":{"all":true}}"#, "version"),
        (#"{"version":true,"target":{"all":true}}"#, "version"),
        (#"{"version":null,"target":{"all":true}}"#, "version"),
        (#"{"target":{"all":true}}"#, "version"),
        (#"{"version":1.2}"#, "target"),
        (#"{"version":1.2,"target":{"all":true,"company":"2"}}"#, "target"),
        (#"{"version":1.2,"target":{"all":false}}"#, "target.all"),
        (#"{"version":1.2,"target":{"gateways":[]}}"#, "target.gateways"),
        (#"{"version":1.2,"target":{"gateways":["gw1","a/b"]}}"#, "target.gateways[1]"),
        (#"{"version":1.2,"target":{"everyone":true}}"#, "target"),
    ])
    func `a bad request body is refused, naming the member`(json: String, member: String) {
        #expect {
            try APICoding.decodeRequest(DeploymentOrder.self, from: Data(json.utf8))
        } throws: { error in
            (error as? RequestBodyError)?.member == member
        }
    }

    @Test(arguments: ["", "[]", "nonsense", "1", #"{"name":"#])
    func `what is no object is refused as a whole`(json: String) {
        #expect {
            try APICoding.decodeRequest(CompanyPatch.self, from: Data(json.utf8))
        } throws: { error in
            (error as? RequestBodyError).map { $0.member == nil && !$0.detail.isEmpty } ?? false
        }
    }

    @Test func `a patch leaves out what stays`() throws {
        #expect(try encoded(GatewayPatch(name: "n")) == #"{"name":"n"}"#)
        let place = GatewayPatch(address: .clear, latitude: .set(47.5))
        #expect(try encoded(place) == #"{"address":null,"latitude":47.5}"#)
        #expect(try APICoding.decodeRequest(GatewayPatch.self, from: Data(try encoded(place).utf8)) == place)
        #expect(try APICoding.decodeRequest(CompanyPatch.self, from: Data("{}".utf8)) == CompanyPatch())
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (1_466_000_000_123, "2016-06-15T14:13:20.123Z"),
        (-1, "1969-12-31T23:59:59.999Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (4_102_444_799_999, "2099-12-31T23:59:59.999Z"), (Int64.min, "0000-01-01T00:00:00.000Z"),
        (Int64.max, "9999-12-31T23:59:59.999Z"),
    ])
    func `times are RFC 3339 in UTC`(milliseconds: Int64, text: String) {
        let time = RFC3339Time(unixMilliseconds: milliseconds)
        #expect(time.description == text)
        #expect(RFC3339Time(text) == time)
    }

    @Test func `times are read with any offset and precision, and only if they are times`() {
        #expect(RFC3339Time("2016-06-15T16:13:20+02:00")?.unixMilliseconds == 1_466_000_000_000)
        #expect(RFC3339Time("2016-06-15t14:13:20.1239z")?.unixMilliseconds == 1_466_000_000_123)
        #expect(RFC3339Time("2016-06-15T14:13:20.1Z")?.unixMilliseconds == 1_466_000_000_100)
        for text in [
            "", "2016-06-15", "2016-06-15T14:13:20", "2016-02-30T00:00:00Z", "2016-13-01T00:00:00Z",
            "2016-06-15T25:00:00Z", "2016-06-15T14:13:20.Z", "2016-06-15T14:13:20Zx",
        ] {
            #expect(RFC3339Time(text) == nil, "\(text)")
        }
    }

    private func encoded(_ body: some Encodable) throws -> String {
        String(decoding: try APICoding.encode(body), as: UTF8.self)
    }
}
