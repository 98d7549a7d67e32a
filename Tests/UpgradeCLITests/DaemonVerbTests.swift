import Foundation
import Synchronization
import Testing

@Suite struct DaemonVerbTests {
    private static let deployment =
        #"{"counts":{"cancelled":0,"confirmed":1,"failed":0,"pending":1,"timedOut":0},"createdAt":"2026-11-22T04:20:46.123Z","createdBy":"operator","id":7,"target":{"gateways":["gw1","gw2"]},"version":1.2}"#

    @Test func `a list fetches every page and prints one`() async throws {
        try await withStub { request in
            request.target.contains("cursor=abc")
                ? .json(#"{"items":[{"id":"3","name":"Drei","registered":false}],"nextCursor":null,"total":2}"#)
                : .json(#"{"items":[{"id":"2","name":"Zwei","registered":true}],"nextCursor":"abc","total":2}"#)
        } _: { _, folder in
            let table = await umctl("company", "list", data: folder)
            #expect(table.lines == ["COMPANY  NAME  REGISTERED", "2        Zwei  yes", "3        Drei  no"])
            let json = await umctl("company", "--json", "list", data: folder)
            #expect(
                json.lines == [
                    #"{"items":[{"id":"2","name":"Zwei","registered":true},{"id":"3","name":"Drei","registered":false}],"nextCursor":null,"total":2}"#
                ])
        }
    }

    @Test(arguments: [(401, 77), (403, 77), (404, 1), (409, 1), (422, 1), (507, 1), (500, 1)])
    func `a refusal is the daemon's own line, and its exit code tells why`(status: Int, code: Int32) async throws {
        try await withStub { _ in
            .problem(status, "no, because")
        } _: { _, folder in
            let run = await umctl("company", "list", data: folder)
            #expect(run.status == code)
            #expect(run.errors == "umctl: no, because\n")
            #expect(run.output.isEmpty)
        }
    }

    @Test func `something else on the socket is told from the daemon`() async throws {
        try await withStub { _ in
            .init(type: "text/html", body: "<html>")
        } _: { _, folder in
            let run = await umctl("company", "list", data: folder)
            #expect(run.status == 69)
            #expect(run.errors.split(separator: "\n").count == 1)
        }
    }

    @Test func `what is asked for becomes the request`() async throws {
        try await withStub { _ in
            .problem(404, "not there")
        } _: { daemon, folder in
            _ = await umctl("push", "--version", "1.20", "--gateway", "gw1", "--gateway", "gw 2", data: folder)
            _ = await umctl(
                "gateway", "list", "--version", "1.0", "--no-online", "--search", "a&b", "--company", "é", data: folder)
            _ = await umctl("gateway", "move", "..", "--company", "2", data: folder)
            _ = await umctl(
                "user", "add", "ada", "--role", "admin", "--company", "2", "--password-stdin", data: folder,
                input: ["secret 1"])
            let requests = daemon.requests
            #expect(requests[0].method == "POST")
            #expect(requests[0].headers["content-type"] == "application/json")
            #expect(
                String(decoding: requests[0].body, as: UTF8.self)
                    == #"{"target":{"gateways":["gw1","gw 2"]},"version":1.2}"#)
            #expect(
                requests[1].target == "/api/v1/gateways?company=%C3%A9&version=1&online=false&search=a%26b&limit=1000")
            #expect(requests[2].target == "/api/v1/gateways/%2E%2E")
            #expect(String(decoding: requests[2].body, as: UTF8.self) == #"{"companyId":"2"}"#)
            #expect(
                String(decoding: requests[3].body, as: UTF8.self)
                    == #"{"companyId":"2","password":"secret 1","role":"admin","username":"ada"}"#)
        }
    }

    @Test func `a token goes along, and without one none`() async throws {
        try await withStub { _ in
            .problem(401, "log in")
        } _: { daemon, folder in
            _ = await umctl("company", "list", data: folder, environment: ["UM_TOKEN": "t0ken"])
            _ = await umctl("company", "list", data: folder)
            #expect(daemon.requests.map { $0.headers["authorization"] } == ["Bearer t0ken", nil])
        }
    }

    @Test func `an upload sends every byte and says how far it is`() async throws {
        try await withStub { request in
            .json(
                #"{"addedAt":"2026-11-22T04:20:46Z","gateways":0,"sha256":"00","size":\#(request.body.count),"state":"available","version":1.2}"#,
                status: 201)
        } _: { daemon, folder in
            let executable = Data((0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
            try executable.write(to: URL(filePath: folder + "/firmware"))
            let run = await umctl("release", "add", "1.2", folder + "/firmware", data: folder)
            #expect(run.status == 0)
            #expect(daemon.requests.first?.body == executable)
            #expect(daemon.requests.first?.target == "/api/v1/releases/1.2")
            #expect(run.lines.first == "0 % of 976.6 KiB sent")
            #expect(run.lines.last?.hasPrefix("release 1.2: 1000000 bytes") == true)
            #expect(!run.output.contains("\r"))
            let bar = await umctl(
                "release", "add", "1.2", folder + "/firmware", data: folder, columns: 80, isTerminal: true)
            #expect(bar.output.contains("\r"))
            #expect(bar.output.contains("[####"))
            let quiet = await umctl("release", "add", "1.2", folder + "/firmware", "--quiet", data: folder)
            #expect(quiet.output.isEmpty)
        }
    }

    @Test func `push --wait names every gateway that did not confirm`() async throws {
        let polls = Atomic(0)
        try await withStub { request in
            if request.method == "POST" { return .json(Self.deployment, status: 201) }
            if request.target.contains("/gateways") {
                return .json(
                    #"""
                    {"items":[{"gatewayId":"gw1","deploymentId":7,"state":"confirmed","attempts":1,"fromVersion":0.5,"sentAt":null,"deliveredAt":null,"settledAt":null,"reason":null},
                    {"gatewayId":"gw2","deploymentId":7,"state":"failed","attempts":1,"fromVersion":0.5,"sentAt":null,"deliveredAt":null,"settledAt":null,"reason":"disk full"}],"nextCursor":null,"total":2}
                    """#)
            }
            let isDone = polls.add(1, ordering: .relaxed).newValue > 1
            return .json(
                isDone
                    ? Self.deployment.replacing(#""failed":0,"pending":1"#, with: #""failed":1,"pending":0"#)
                    : Self.deployment)
        } _: { _, folder in
            let run = await umctl(
                "push", "--version", "1.2", "--gateway", "gw1", "--gateway", "gw2", "--wait", data: folder)
            #expect(run.status == 1)
            #expect(run.errors == "umctl: gw2 did not confirm 1.2: failed: disk full\n")
            #expect(
                run.lines == [
                    "deployment 7: version 1.2 to 2 gateways", "1 confirmed, 1 pending of 2",
                    "1 confirmed, 1 failed of 2",
                ])
        }
    }

    @Test func `push --wait stops when its time is up`() async throws {
        try await withStub { request in
            request.target.contains("/gateways")
                ? .json(
                    #"{"items":[{"gatewayId":"gw2","deploymentId":7,"state":"pending","attempts":0,"fromVersion":null,"sentAt":null,"deliveredAt":null,"settledAt":null,"reason":null}],"nextCursor":null,"total":1}"#
                )
                : .json(Self.deployment)
        } _: { _, folder in
            let run = await umctl(
                "push", "--version", "1.2", "--all", "--wait", "--timeout", "1s", "--json", data: folder)
            #expect(run.status == 1)
            #expect(run.errors == "umctl: gw2 did not confirm 1.2: still pending\n")
            #expect(run.lines == [Self.deployment])
        }
    }

    @Test(arguments: [40, 60, 80, 200])
    func `a table fits the terminal`(columns: Int) async throws {
        let items = (0..<5).map { number in
            """
            {"id":\(number),"time":"2026-11-22T04:20:46.123Z","kind":"upgradeConfirmed","actor":"somebody@example.com",
            "gatewayId":"gateway-\(number)","companyId":"2","detail":"\(String(repeating: "漢字 detail ", count: 12))"}
            """
        }
        try await withStub { _ in
            .json(#"{"items":[\#(items.joined(separator: ","))],"nextCursor":null,"total":5}"#)
        } _: { _, folder in
            let run = await umctl("events", data: folder, columns: columns)
            #expect(run.lines.count == 6)
            for line in run.lines {
                let width = line.unicodeScalars.reduce(0) { $0 + ($1.value >= 0x2E80 ? 2 : 1) }
                #expect(width <= columns)
            }
            if columns >= 80 { #expect(run.lines[1].hasPrefix("2026-11-22 04:20:46Z")) }
        }
    }

    @Test func `text from a gateway cannot steer the terminal`() async throws {
        try await withStub { _ in
            .json(
                #"{"items":[{"id":1,"time":"2026-11-22T04:20:46Z","kind":"messageRefused","actor":null,"gatewayId":"gw1","companyId":"2","detail":"\u001b[2Jboo\n"}],"nextCursor":null,"total":1}"#
            )
        } _: { _, folder in
            let run = await umctl("events", data: folder)
            #expect(!run.output.contains("\u{1B}"))
            #expect(run.lines.count == 2)
        }
    }

    @Test func `following events shows the past once, then what comes, and only what is wanted`() async throws {
        let past =
            #"{"actor":null,"companyId":"2","detail":"0.5","gatewayId":"gw1","id":1,"kind":"versionReported","time":"2026-11-22T04:20:46.000Z"}"#
        let next = past.replacing(#""id":1"#, with: #""id":2"#)
        let other = past.replacing("gw1", with: "gw9").replacing(#""id":1"#, with: #""id":3"#)
        try await withStub { request in
            request.target.hasSuffix("/stream")
                ? .init(
                    type: "text/event-stream",
                    body:
                        ": hello\n\nevent: event\ndata: \(past)\n\nevent: other\r\ndata: {}\r\n\r\nevent: event\ndata: \(other)\n\nid: 2\nevent: event\ndata: \(next)\n\n"
                )
                : .json(#"{"items":[\#(past)],"nextCursor":null,"total":1}"#)
        } _: { _, folder in
            let run = await umctl("events", "--follow", "--gateway", "gw1", "--json", data: folder)
            #expect(run.lines == [past, next])
            #expect(run.status == 69)
        }
    }
}
