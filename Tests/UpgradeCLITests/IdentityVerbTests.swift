import Foundation
import Testing

@Suite struct IdentityVerbTests {
    private static func gateway(_ id: String, enrolled: Bool) -> String {
        #"""
        {"id":"\#(id)","companyId":"2","claimedCompanyId":"2","name":"n","address":null,"latitude":null,"longitude":null,"enabled":true,
        "approved":true,"enrolled":\#(enrolled),"version":null,"lastUpgrade":null,"online":false,"lastSeen":null,"state":null,
        "targetVersion":null,"badFrames":0,"reason":null}
        """#
    }

    /// A daemon with three gateways, the second of which is enrolled, and whose secrets are its requests' numbers.
    private static func answer(_ request: StubDaemon.Request) -> StubDaemon.Answer {
        let parts = request.target.split(separator: "/").map(String.init)
        switch (request.method, parts.last) {
        case ("GET", _):
            let items = [
                gateway("gw1", enrolled: false), gateway("gw22", enrolled: true), gateway("gw3", enrolled: false),
            ]
            return .json(#"{"items":[\#(items.joined(separator: ","))],"nextCursor":null,"total":3}"#)
        case (_, "enroll") where parts[3] == "gone": return .problem(404, "no gateway")
        case (_, "enroll"):
            let id = parts[3].removingPercentEncoding ?? ""
            let secret = String(repeating: "0f", count: 16)
            return .json(#"{"gateway":"\#(id)","username":"\#(id)","password":"\#(secret)"}"#)
        case (_, "revoke"): return .json(gateway(parts[3], enrolled: false))
        default: return .problem(500, "what?")
        }
    }

    private static let secret = String(repeating: "0f", count: 16)

    @Test func `enrolling prints each secret in full, and warns that it is shown once`() async throws {
        try await withStub(Self.answer) { daemon, folder in
            let run = await umctl("gateway", "enroll", "gw1", "gateway-22", data: folder, columns: 20)
            #expect(run.status == 0)
            #expect(
                run.lines == [
                    "GATEWAY     USERNAME    PASSWORD", "gw1         gw1         \(Self.secret)",
                    "gateway-22  gateway-22  \(Self.secret)",
                ])
            #expect(run.errors.hasPrefix("umctl: these passwords are not shown again"))
            #expect(run.errors.split(separator: "\n").count == 1)
            #expect(
                daemon.requests.map(\.target) == [
                    "/api/v1/gateways/gw1/enroll", "/api/v1/gateways/gateway-22/enroll",
                ])
            #expect(daemon.requests.allSatisfy { $0.method == "POST" && $0.body.isEmpty })
            let quiet = await umctl("gateway", "enroll", "gw1", "--quiet", data: folder)
            #expect(quiet.errors.isEmpty)
            #expect(quiet.lines.last?.hasSuffix(Self.secret) == true)
        }
    }

    @Test func `enrolling with --json prints one object a line`() async throws {
        try await withStub(Self.answer) { _, folder in
            let run = await umctl("gateway", "--json", "enroll", "--all", data: folder)
            #expect(
                run.lines
                    == ["gw1", "gw22", "gw3"].map {
                        #"{"gateway":"\#($0)","password":"\#(Self.secret)","username":"\#($0)"}"#
                    })
        }
    }

    @Test func `what was enrolled before one fails is printed all the same`() async throws {
        try await withStub(Self.answer) { _, folder in
            let run = await umctl("gateway", "enroll", "gw1", "gone", "gw3", data: folder)
            #expect(run.status == 1)
            #expect(run.lines.count == 2)
            #expect(run.lines.last?.hasSuffix(Self.secret) == true)
            #expect(run.errors == "umctl: no gateway\n")
        }
    }

    @Test func `revoking all passes over those that have nothing to revoke`() async throws {
        try await withStub(Self.answer) { daemon, folder in
            let run = await umctl("gateway", "revoke", "--all", data: folder)
            #expect(run.lines == ["gw22 is revoked"])
            #expect(daemon.requests.last?.target == "/api/v1/gateways/gw22/revoke")
            let named = await umctl("gateway", "revoke", "gw1", "gw3", data: folder)
            #expect(named.lines == ["gw1 is revoked", "gw3 is revoked"])
        }
    }

    @Test
    func
        `the list shows what a gateway in quarantine claims, and approving a company's takes those that wait and are not disabled`()
        async throws
    {
        func waiting(_ id: String, _ claim: String = "\"2\"") -> String {
            Self.gateway(id, enrolled: false).replacing(#""companyId":"2""#, with: #""companyId":null"#)
                .replacing(#""claimedCompanyId":"2""#, with: #""claimedCompanyId":\#(claim)"#)
                .replacing(#""approved":true"#, with: #""approved":false"#)
        }
        let items = [
            Self.gateway("gw1", enrolled: false), waiting("gw2"),
            waiting("gw3").replacing(#""enabled":true"#, with: #""enabled":false"#), waiting("gw4", "null"),
        ]
        try await withStub { request in
            guard request.method == "GET" else { return .json(Self.gateway("gw2", enrolled: false)) }
            let shown = request.target.contains("company=9") ? [] : items
            return .json(#"{"items":[\#(shown.joined(separator: ","))],"nextCursor":null,"total":\#(shown.count)}"#)
        } _: { daemon, folder in
            let list = await umctl("gateway", "list", data: folder)
            #expect(list.lines.dropFirst().map { $0.split(separator: " ")[2] } == ["2", "2", "2", "(not"])
            #expect(list.lines.filter { $0.contains("  2 (not approved)  ") }.count == 2)
            let approved = await umctl("gateway", "approve", "--company", "2", data: folder)
            #expect(approved.lines.first == "gw2 is approved")
            #expect(
                daemon.requests.filter { $0.method == "POST" }.map(\.target) == [
                    "/api/v1/gateways/gw2/approve", "/api/v1/gateways/gw4/approve",
                ])
            let none = await umctl("gateway", "approve", "--company", "9", data: folder)
            #expect(none.status == 0)
            #expect(none.errors == "umctl: there was nothing to do for any gateway of company 9\n")
            #expect(await umctl("gateway", "enroll", "--company", "9", data: folder).errors == none.errors)
        }
    }

    @Test func `an MQTT account is added with filters that are sent as they are`() async throws {
        let created = #"{"name":"m","password":"secret","publish":["a/b","c"],"subscribe":["TOCLOUD/#"]}"#
        try await withStub { _ in
            .json(created, status: 201)
        } _: { daemon, folder in
            let arguments = [
                "mqtt-account", "add", "m", "--publish", "a/b", "--publish", "c", "--subscribe", "TOCLOUD/#",
            ]
            let run = await umctl(arguments, data: folder)
            #expect(run.status == 0)
            #expect(run.lines.contains { $0.hasPrefix("password") && $0.hasSuffix("secret") })
            #expect(run.errors == "umctl: this password is not shown again\n")
            #expect(daemon.requests.first?.target == "/api/v1/mqtt-accounts")
            #expect(
                String(decoding: daemon.requests.first?.body ?? Data(), as: UTF8.self)
                    == #"{"name":"m","publish":["a/b","c"],"subscribe":["TOCLOUD/#"]}"#)
            let json = await umctl(arguments + ["--json", "--quiet"], data: folder)
            #expect(json.lines == [created])
            #expect(json.errors.isEmpty)
        }
    }

    @Test func `MQTT accounts are listed and removed`() async throws {
        try await withStub { request in
            request.method == "DELETE"
                ? .init(status: 204, body: "")
                : .json(
                    #"{"items":[{"name":"m","publish":[],"subscribe":["a/#","b"]}],"nextCursor":null,"total":1}"#)
        } _: { daemon, folder in
            let list = await umctl("mqtt-account", "list", data: folder)
            #expect(list.lines == ["ACCOUNT  MAY PUBLISH TO  MAY SUBSCRIBE TO", "m        -               a/# b"])
            let removed = await umctl("mqtt-account", "remove", "m 1", data: folder)
            #expect(removed.lines == ["MQTT account m 1 is removed"])
            #expect(daemon.requests.last?.target == "/api/v1/mqtt-accounts/m%201")
        }
    }
}
