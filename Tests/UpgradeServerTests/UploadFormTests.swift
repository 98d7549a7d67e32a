import Testing
import UpgradeServer

/// The form that adds a release, as a browser without scripts sends it.
@Suite("Upload by a form", .serialized)
struct UploadFormTests {
    @Test("A file comes through byte for byte, also where it looks like the end of one")
    func bytes() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let root = try await server.logIn(.root)
            var large: [UInt8] = []
            while large.count < 3 << 20 { large += "\r\n--limi\r\r\n--limi\n\r\n-".utf8 + [UInt8(large.count % 256)] }
            let files = [large, Array("\r\n--limi".utf8), Array("\r".utf8), [0]]
            for (number, file) in files.enumerated() {
                let answer = try await server.sendForm(
                    "/releases", ["version": "1.\(number)", "csrfToken": root.csrfToken], file: file,
                    headers: root.browser)
                #expect(answer.headers["location"] == "/releases?done=added")
                let direct = try await server.send(
                    "PUT", "/api/v1/releases/2.\(number)", bytes: file, headers: root.headers)
                let added = try await server.send("GET", "/api/v1/releases/1.\(number)", headers: root.headers)
                #expect(try added.member("sha256") == direct.member("sha256"))
                #expect(try added.member("size") == "\(file.count)")
            }
        }
    }

    @Test("What is wrong is said on the page, beside what was typed")
    func problems() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let root = try await server.logIn(.root)
            for (version, status, problem) in [
                ("1.2", 303, ""), ("1.2", 409, "Version 1.2 exists already"), ("one", 422, "value=\"one\""),
                ("", 422, "aria-invalid"),
            ] {
                let answer = try await server.submit("/releases", ["version": version, "file": "it"], by: root)
                #expect(answer.status == status, "\(version)")
                #expect(answer.body.contains(problem), "\(version)")
            }
        }
    }

    @Test("What is no form with a file, or only the beginning of one, is refused and leaves nothing behind")
    func malformed() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let root = try await server.logIn(.root)
            let token = part("csrfToken", root.csrfToken) + part("version", "1.2")
            let file = part("file", "it")
            let end = "--limit--\r\n"
            let cases = [
                ("", 400), (token, 400), (token + file, 400), (token + file.dropLast(2) + end, 400),
                (token + end, 422), (file + end, 403), (token + token + file + end, 422),
                (token + file + part("isSuper", "yes") + end, 422), (token + file + file + end, 422),
                (part("x", String(repeating: "x", count: 20 << 10)) + token + file + end, 413),
                (token + "--limit\r\n" + String(repeating: "x", count: 10 << 10) + "\r\n\r\n" + end, 422),
                (token + "--limit\r\nContent-Type: text/plain\r\n\r\nit\r\n" + end, 422),
                (token + "--limit or not" + file + end, 422),
            ]
            for (body, status) in cases {
                let answer = try await post(body, "multipart/form-data; boundary=limit", to: server, by: root)
                #expect(answer.status == status, "\(body.prefix(400))")
            }
            for type in ["multipart/form-data", "multipart/form-data; boundary=", "application/x-www-form-urlencoded"] {
                #expect(try await post(token + file + end, type, to: server, by: root).status == 415, "\(type)")
            }
            #expect(try await server.send("GET", "/api/v1/releases", headers: root.headers).member("total") == "0")
        }
    }

    private func part(_ name: String, _ value: String) -> String {
        "--limit\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n"
    }

    private func post(
        _ body: String, _ type: String, to server: Server.Endpoints, by visitor: Visitor
    ) async throws -> Answer {
        try await server.send(
            "POST", "/releases", bytes: Array(body.utf8), headers: [("Content-Type", type)] + visitor.browser)
    }
}
