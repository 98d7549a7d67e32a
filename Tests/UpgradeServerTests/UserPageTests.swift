import Testing
import UpgradeServer

@Suite("Pages by which people manage users and companies", .serialized)
struct UserPageTests {
    @Test("Who sees these pages, and who is sent away")
    func access() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let people = try await [server.logIn(.user2), server.logIn(.admin2), server.logIn(.root)]
            let other = "username=\(Person.admin3.rawValue)"
            let table: [(path: String, statuses: [UInt])] = [
                ("/users", [403, 200, 200]), ("/users/change?\(other)", [403, 404, 200]),
                ("/users/remove?\(other)", [403, 404, 200]), ("/companies", [403, 403, 200]),
                ("/companies/change?id=2", [403, 403, 200]), ("/companies/change?id=nowhere", [403, 403, 404]),
            ]
            for (path, statuses) in table {
                let stranger = try await server.send("GET", path)
                #expect(stranger.status == 303 && stranger.headers["location"]?.hasPrefix("/login") == true)
                for (person, expected) in zip(people, statuses) {
                    let answer = try await server.send("GET", path, headers: person.browser)
                    #expect(answer.status == expected, "\(path)")
                    #expect(answer.headers["content-type"] == "text/html; charset=utf-8")
                }
            }
            for path in [
                "/users", "/users/change", "/users/password", "/users/remove", "/companies", "/companies/change",
            ] {
                #expect(try await server.sendForm(path, [:]).headers["location"]?.hasPrefix("/login") == true)
                let refused = try await server.submit(path, [:], by: people[0])
                #expect(refused.status == 403 && refused.body.contains("<h2>You may not do this</h2>"), "\(path)")
                let unsigned = try await server.sendForm(path, [:], headers: [("Cookie", people[2].cookie)])
                #expect(unsigned.status == 403 && unsigned.body.contains("This form is out of date"), "\(path)")
                let foreign = try await server.sendForm(
                    path, ["csrfToken": people[2].csrfToken],
                    headers: [("Cookie", people[2].cookie), ("Origin", "http://evil.example")])
                #expect(foreign.status == 403, "\(path)")
            }
        }
    }

    @Test("An admin makes and sees users of the own company, and gives no more than an admin may")
    func admin() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let admin = try await server.logIn(.admin2)
            let page = try await server.send("GET", "/users", headers: admin.browser).body
            #expect(page.contains(Person.user2.rawValue) && !page.contains(Person.admin3.rawValue))
            #expect(!page.contains("<option>super</option>") && !page.contains(#"<option value="3""#))
            #expect(!page.contains("/users/change?username=\(Person.admin2.rawValue.replacing("@", with: "%40"))"))
            var form = ["username": "new@example.com", "role": "user", "companyId": "2", "password": "long enough"]
            let created = try await server.submit("/users", form, by: admin)
            #expect(created.headers["location"] == "/users?done=created")
            let after = try await server.send("GET", "/users?done=created", headers: admin.browser).body
            #expect(after.contains("The user is created.") && after.contains("new@example.com"))
            _ = try await server.logIn("new@example.com", "long enough")
            form["username"] = "more@example.com"
            for (field, value) in [("role", "super"), ("companyId", "3"), ("companyId", "1")] {
                let refused = try await server.submit("/users", form.merging([field: value]) { $1 }, by: admin)
                #expect(refused.status == 403, "\(field) \(value)")
            }
            for path in ["/users/change", "/users/password", "/users/remove"] {
                for (name, status) in [(Person.admin3, 404), (.root, 404), (.admin2, 403)] as [(Person, UInt)] {
                    var fields = ["username": name.rawValue]
                    if path == "/users/change" {
                        fields.merge(["role": "user", "companyId": "2", "name": "x"]) { $1 }
                    }
                    #expect(try await server.submit(path, fields, by: admin).status == status, "\(path) \(name)")
                }
            }
        }
    }

    @Test("What is wrong with a form stands beside the field, and what was typed is kept, inert")
    func problems() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let root = try await server.logIn(.root)
            let hostile = #""><script>alert(1)</script>"#
            let good = [
                "username": #""><script>alert(1)"#, "name": hostile, "role": "user", "companyId": "2",
                "password": "long enough",
            ]
            for (field, value, id) in [
                ("username", "a b", "username-problem"), ("username", Person.user2.rawValue, "username-problem"),
                ("role", "king", "role-problem"), ("role", "super", "role-problem"),
                ("companyId", "", "company-problem"), ("companyId", "nowhere", "company-problem"),
                ("password", "short", "password-problem"), ("name", "a\u{7}b", "name-problem"),
            ] {
                let answer = try await server.submit("/users", good.merging([field: value]) { $1 }, by: root)
                #expect(answer.status == (value == Person.user2.rawValue ? 409 : 422), "\(field)")
                #expect(answer.body.contains(#"id="\#(id)""#), "\(field): \(value)")
                #expect(answer.body.contains("&lt;script&gt;") && !answer.body.contains("<script>"))
                #expect(!answer.body.contains("long enough"), "a password is not sent back")
            }
            #expect(try await server.submit("/users", good, by: root).status == 303)
            let list = try await server.send("GET", "/users", headers: root.browser).body
            #expect(list.contains("&lt;script&gt;") && !list.contains("<script>"))
        }
    }

    @Test("A user is changed, given a password and removed; the last super user stays")
    func life() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let root = try await server.logIn(.root)
            let name = Person.user2.rawValue
            let session = try await server.logIn(.user2)
            let page = try await server.send("GET", "/users/change?username=user2%40example.com", headers: root.browser)
            #expect(page.body.contains("<option selected>user</option>"))
            #expect(page.body.contains(#"<option value="2" selected>"#))
            let changes = ["username": name, "name": "Ute", "role": "admin", "companyId": "3"]
            #expect(
                try await server.submit("/users/change", changes, by: root).headers["location"]
                    == "/users?done=changed")
            #expect(try await server.send("GET", "/api/v1/me", headers: session.headers).status == 401)
            let user = try await server.send("GET", "/api/v1/users/\(name)", headers: root.headers)
            #expect(
                try user.member("role") == "admin" && user.member("companyId") == "3" && user.member("name") == "Ute")
            let empty = try await server.submit("/users/change", changes.merging(["name": " "]) { $1 }, by: root)
            #expect(empty.status == 422 && empty.body.contains("name-problem"))
            let short = try await server.submit(
                "/users/password", ["username": name, "password": "short"], by: root)
            #expect(
                short.status == 422 && short.body.contains("password-problem") && short.body.contains(#"value="Ute""#))
            let reset = ["username": name, "password": "another one"]
            #expect(
                try await server.submit("/users/password", reset, by: root).headers["location"]
                    == "/users?done=password")
            _ = try await server.logIn(name, "another one")
            let question = try await server.send("GET", "/users/remove?username=\(name)", headers: root.browser).body
            #expect(question.contains("Remove user2@example.com?"))
            #expect(
                try await server.submit("/users/remove", ["username": name], by: root).headers["location"]
                    == "/users?done=removed")
            #expect(try await server.tryLogIn(name, "another one").status == 401)

            let first = "super@gushenxing.com"
            #expect(try await server.submit("/users/remove", ["username": first], by: root).status == 303)
            let last = try await server.submit("/users/remove", ["username": Person.root.rawValue], by: root)
            #expect(last.status == 403, "nobody removes oneself")
            let list = try await server.send("GET", "/users", headers: root.browser).body
            #expect(list.contains(Person.root.rawValue) && !list.contains(first))
        }
    }

    @Test("A super user adds, renames and registers companies")
    func companies() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let root = try await server.logIn(.root)
            let form = ["id": "acme", "name": "Acme & <b>Sons", "registered": "yes"]
            let added = try await server.submit("/companies", form, by: root)
            #expect(added.headers["location"] == "/companies?done=created")
            let list = try await server.send("GET", "/companies?done=created", headers: root.browser).body
            #expect(list.contains("The company is added.") && list.contains("Acme &amp; &lt;b&gt;Sons"))
            let taken = try await server.submit("/companies", form, by: root)
            #expect(taken.status == 409 && taken.body.contains("id-problem"))
            #expect(taken.body.contains(#"value="Acme &amp; &lt;b&gt;Sons""#) && taken.body.contains(" checked"))
            for (field, value) in [("id", "a/b"), ("id", ""), ("name", " ")] {
                let refused = try await server.submit(
                    "/companies", form.merging(["id": "other"]) { $1 }.merging([field: value]) { $1 }, by: root)
                #expect(refused.status == 422 && refused.body.contains("\(field)-problem"), "\(field)")
            }
            let page = try await server.send("GET", "/companies/change?id=acme", headers: root.browser).body
            #expect(page.contains(" checked") && page.contains("Company acme"))
            let changed = try await server.submit("/companies/change", ["id": "acme", "name": "Acme"], by: root)
            #expect(changed.headers["location"] == "/companies?done=changed")
            let after = try await server.send("GET", "/companies/change?id=acme", headers: root.browser).body
            #expect(!after.contains(" checked") && after.contains(#"value="Acme""#))
            let empty = try await server.submit("/companies/change", ["id": "acme", "name": ""], by: root)
            #expect(empty.status == 422 && empty.body.contains("name-problem"))
        }
    }

    @Test("Whoever must change the password does nothing else")
    func forced() async throws {
        try await withLogInServer { server in
            let visitor = try await server.logIn("super@gushenxing.com", "gushenxing123")
            for path in ["/users", "/companies"] {
                let page = try await server.send("GET", path, headers: visitor.browser)
                #expect(page.headers["location"] == "/profile", "\(path)")
                let form = ["id": "9", "name": "Nine"]
                #expect(try await server.submit(path, form, by: visitor).headers["location"] == "/profile", "\(path)")
            }
        }
    }
}
