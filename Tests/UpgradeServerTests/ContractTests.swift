import FoundationEssentials
import HTTPTypes
import Hummingbird
import Testing
import UpgradeAPI

@testable import UpgradeCore
@testable import UpgradeServer

/// Sentences of the API's contract that no route of its own stands for.
@Suite("The contract of the API", .serialized)
struct ContractTests {
    @Test("An upload that is cut off leaves nothing behind", .timeLimit(.minutes(2)))
    func abortedUploads() async throws {
        try await withServer { server in
            let folder = server.dataFolder + "/releases"
            func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder) }
            let boundary = "Content-Type: multipart/form-data; boundary=limit\r\n"
            let part = "--limit\r\nContent-Disposition: form-data; name="
            let form = "\(part)\"version\"\r\n\r\n1.2\r\n\(part)\"file\"; filename=\"x\"\r\n\r\n"
            for (head, body) in [
                ("PUT /api/v1/releases/1.2 HTTP/1.1\r\nContent-Length: 1000000\r\n", "some bytes"),
                ("PUT /api/v1/releases/1.2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", "5\r\nbytes\r\n"),
                ("POST /releases HTTP/1.1\r\nContent-Length: 1000000\r\n\(boundary)", form + "some bytes"),
            ] {
                let connection = try RawConnection(port: UInt16(server.http.port))
                connection.send("\(head)Host: localhost\r\n\r\n\(body)")
                try await eventually("the upload is being written") { try !names().isEmpty }
                connection.close()
                try await eventually("nothing is left of it") { try names().isEmpty }
            }
            #expect(try await server.send("GET", "/api/v1/releases").member("total") == "0")
        }
    }

    @Test(
        "Each error has its status and a problem document",
        arguments: [
            (DomainError.notFound(.gateway, "x"), 404), (.forbidden("x"), 403), (.conflict("x"), 409),
            (.invalid(field: "f", problem: "p"), 422), (.unavailable("x"), 503), (.storageFull, 507),
        ] as [(DomainError, Int)])
    func statuses(error: DomainError, status: Int) throws {
        let problem = try #require(Problem(error))
        #expect(problem.status == status && !problem.title.isEmpty && !problem.detail.isEmpty)
        #expect(problem.field == (status == 422 ? "f" : nil))
        #expect(problem.response().headers[.contentType] == "application/problem+json")
        #expect(problem.response().status.code == status)
    }

    @Test("A page of a list has from 1 to 1000 items, and a cursor that an address may carry as it is")
    func paging() async throws {
        try await withServer { server in
            for id in ["7", "é&%", "9"] {
                let json = #"{"id":"\#(id)","name":"C"}"#
                #expect(try await server.send("POST", "/api/v1/companies", json: json).status == 201)
            }
            for (limit, status) in [("0", 422), ("1", 200), ("1000", 200), ("1001", 422), ("-1", 422)] {
                let answer = try await server.send("GET", "/api/v1/companies?limit=\(limit)")
                #expect(answer.status == UInt(status), "\(limit)")
            }
            for list in ["companies", "events"] {
                var cursors: [String] = []
                var path = "/api/v1/\(list)?limit=1"
                while let cursor = try await server.send("GET", path).member("nextCursor") {
                    #expect(cursor.wholeMatch(of: /[A-Za-z0-9_.~-]+/) != nil)
                    cursors.append(cursor)
                    path = "/api/v1/\(list)?limit=1&cursor=\(cursor)"
                }
                #expect(cursors.count >= 3 && Set(cursors).count == cursors.count)
            }
        }
    }

    @Test("What another company ordered is not there, nor anything that could be done to its gateways")
    func otherCompanies() async throws {
        try await withFleet { server in
            let (root, admin) = (try await server.logIn(.root), try await server.logIn(.admin2))
            let order = try await server.send(
                "POST", "/api/v1/deployments", json: #"{"version":1.2,"target":{"gateways":["gw3"]}}"#,
                headers: root.headers)
            #expect(order.status == 201)
            let id = try #require(try order.member("id"))
            let token = try await server.send("POST", "/api/v1/tokens", json: #"{"name":"t"}"#, headers: root.headers)
            let tokenID = try #require(try token.member("id"))
            for (method, path) in [
                ("GET", "/deployments/\(id)"), ("GET", "/deployments/\(id)/gateways"),
                ("POST", "/deployments/\(id)/cancel"), ("POST", "/gateways/gw3/enable"),
                ("POST", "/gateways/gw3/enroll"), ("POST", "/gateways/gw3/revoke"), ("DELETE", "/tokens/\(tokenID)"),
            ] {
                let answer = try await server.send(method, "/api/v1\(path)", headers: admin.headers)
                #expect(answer.status == 404, "\(method) \(path)")
            }
            for query in ["gateway=gw3", "user=\(Person.root.rawValue)"] {
                let events = try await server.send("GET", "/api/v1/events?\(query)", headers: admin.headers)
                #expect(try events.member("total") == "0", "\(query)")
            }
            let mine = try await server.send("GET", "/api/v1/deployments", headers: admin.headers)
            #expect(try mine.member("total") == "0")
        }
    }
}
