import Foundation
import ProgramSupport
import Testing

extension BrowserTests {
    @Suite("Roles", .timeLimit(.minutes(30))) struct RoleTests {
        private struct Person {
            var name: String
            var role: String
            var company: String
            var links: [String]
            var refused: Set<String> = []
        }

        private static let people = [
            Person(
                name: "ada", role: "super", company: "1",
                links: ["Dashboard", "Upgrade", "Releases", "Users", "Companies", "Events"]),
            Person(
                name: "ben", role: "admin", company: "2",
                links: ["Dashboard", "Upgrade", "Releases", "Users", "Events"], refused: ["/companies"]),
            Person(
                name: "cleo", role: "user", company: "2", links: ["Dashboard", "Releases"],
                refused: ["/companies", "/upgrade", "/users", "/events"]),
        ]

        private static let pages = ["/", "/upgrade", "/releases", "/users", "/companies", "/events", "/profile"]

        @Test("Everybody sees the pages of their role, and the gateways of their company")
        func pages() async throws {
            try await Daemon.with(mode: .tls) { daemon in
                try await daemon.must("sample-companies")
                for person in Self.people {
                    try await daemon.add(person.name, role: person.role, company: person.company)
                }
                try await daemon.drop("1.2", .init("1.2".utf8))
                let own = try await daemon.simulate("harbour", company: "2")
                let other = try await daemon.simulate("quarry", company: "3")
                try await Browser.with(daemon) { browser in
                    for person in Self.people {
                        try await browser.logIn(person.name)
                        let links = try await browser.names(of: .link, in: "nav[aria-label=Pages]")
                        #expect(links == person.links, "\(person.name)")
                        for path in Self.pages {
                            try await browser.open(path)
                            let status: Int = try await browser.evaluate(
                                "return performance.getEntriesByType('navigation')[0].responseStatus")
                            #expect(
                                status == (person.refused.contains(path) ? 403 : 200), "\(path) for \(person.name)")
                            try await browser.picture("\(person.role)\(path.replacing("/", with: "-"))")
                            guard person.role != "super" else { continue }
                            #expect(try await !browser.shows("quarry"), "\(path) for \(person.name)")
                        }
                        try await browser.open("/")
                        try await browser.waitForText("harbour")
                        #expect(try await browser.shows("quarry") == (person.role == "super"))
                        let answers: [Int] = try await browser.evaluate(
                            """
                            const paths = ["/gateways/quarry", "/api/v1/gateways/quarry", "/api/v1/gateways/harbour"];
                            return Promise.all(paths.map(async (path) => (await fetch(path)).status))
                            """)
                        switch person.role {
                        case "super": #expect(answers == [200, 200, 200])
                        case "admin": #expect(answers == [404, 404, 200])
                        default: #expect(answers == [403, 404, 200])
                        }
                        try await browser.logOut()
                    }
                }
                own.terminate()
                other.terminate()
            }
        }

        @Test("An admin makes a user of the own company, and can make no other")
        func users() async throws {
            try await Daemon.with(mode: .tls) { daemon in
                try await daemon.must("sample-companies")
                try await daemon.add("ben", role: "admin", company: "2")
                try await Browser.with(daemon) { browser in
                    try await browser.logIn("ben")
                    try await browser.click(.link, "Users")
                    try await browser.waitForPage("/users")
                    let roles: [String] = try await browser.evaluate(
                        "return [...document.querySelectorAll('select[name=role] option')].map((one) => one.text)")
                    #expect(Set(roles) == ["admin", "user"])
                    let companies: [String] = try await browser.evaluate(
                        "return [...document.querySelectorAll('select[name=companyId] option')].map((one) => one.value)"
                    )
                    #expect(companies == ["2"])
                    try await browser.fill("User name", with: "dora")
                    try await browser.choose("user", in: "Role")
                    try await browser.fill("First password", with: Daemon.password)
                    try await browser.click(.button, "Create the user")
                    try await browser.waitForRow("dora", toSay: "user")
                    try await browser.logOut()
                    try await browser.enter("dora", password: Daemon.password)
                    try await browser.waitForPage("/")
                    #expect(
                        try await browser.names(of: .link, in: "nav[aria-label=Pages]") == ["Dashboard", "Releases"])
                }
            }
        }
    }
}
