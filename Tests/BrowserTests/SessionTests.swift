import Foundation
import ProgramSupport
import Testing

extension BrowserTests {
    @Suite("Sessions that end elsewhere", .timeLimit(.minutes(30))) struct SessionTests {
        @Test("An open page goes to the log-in by itself, and after it to where it was")
        func openPage() async throws {
            try await Daemon.with(mode: .tls) { daemon in
                try await daemon.must("sample-companies")
                try await daemon.add("ben", role: "admin", company: "2")
                let gateway = try await daemon.simulate("depot", company: "2")
                try await Browser.with(daemon) { browser in
                    try await browser.logIn("ben")
                    try await browser.open("/users")
                    try await browser.open("/upgrade?search=dep")
                    try await browser.waitForText("depot")

                    // Somebody else gives ben another password. The stream ends at once, though there is nothing to tell.
                    try await daemon.must("user", "passwd", "ben", "--password-stdin", input: "another password\n")
                    try await browser.waitForPage("/login")
                    try await expectNothingLeft(browser)
                    try await browser.open("/upgrade?search=dep")
                    try await browser.waitForPage("/login")
                    try await browser.enter("ben", password: Daemon.password)
                    try await browser.waitForText("The user name or the password is wrong.")
                    try await browser.enter("ben", password: "another password")
                    try await browser.waitForPage("/upgrade")
                    #expect(try await browser.location == "/upgrade?search=dep")
                    #expect(try await browser.row("depot") != nil)

                    // Or another role, which the page that was open is not for.
                    try await daemon.must("user", "set", "ben", "--role", "user")
                    try await browser.waitForPage("/login")
                    try await browser.enter("ben", password: "another password")
                    try await browser.wait(for: "a refusal") {
                        try await browser.text.contains("You may not do this")
                    }
                    #expect(try await browser.location == "/upgrade?search=dep")
                    #expect(
                        try await browser.names(of: .link, in: "nav[aria-label=Pages]") == ["Dashboard", "Releases"])

                    try await browser.open("/profile")
                    try await daemon.must("user", "remove", "ben")
                    try await browser.waitForPage("/login")
                    try await expectNothingLeft(browser)
                    try await browser.open("/login")
                    try await browser.enter("ben", password: "another password")
                    try await browser.waitForText("The user name or the password is wrong.")
                }
                gateway.terminate()
            }
        }

        @Test("A page that has not learnt of the end does nothing any more")
        func oldForm() async throws {
            try await Daemon.with(mode: .tls) { daemon in
                try await daemon.must("sample-companies")
                try await daemon.add("ben", role: "admin", company: "2")
                try await Browser.with(daemon, scripts: .off) { browser in
                    for change in [
                        ["user", "passwd", "ben", "--password-stdin"], ["user", "set", "ben", "--role", "user"],
                    ] {
                        try await browser.logIn("ben")
                        try await browser.open("/users")
                        try await browser.fill("User name", with: "eve")
                        try await browser.fill("First password", with: Daemon.password)
                        let outcome = try await Program.run(
                            "umctl", ["--data", daemon.data] + change, input: Daemon.password + "\n")
                        #expect(outcome.status == 0)
                        try await browser.click(.button, "Create the user")
                        try await browser.waitForPage("/login")
                        #expect(try await daemon.umctl("user", "list").output.contains("eve") == false)
                    }
                }
            }
        }

        @Test(
            "After the log-out the browser's way back leads to the log-in, and shows nothing of the fleet",
            arguments: [true, false])
        func wayBack(scripted: Bool) async throws {
            try await Daemon.with(mode: .tls) { daemon in
                try await daemon.must("sample-companies")
                try await daemon.add("ben", role: "admin", company: "2")
                let gateway = try await daemon.simulate("depot", company: "2")
                try await daemon.must("gateway", "rename", "depot", "Depot by the river")
                try await Browser.with(daemon, scripts: scripted ? .on : .off) { browser in
                    try await browser.logIn("ben")
                    let pages = ["/users", "/events", "/profile", "/upgrade", "/gateway?id=depot"]
                    for path in pages { try await browser.open(path) }
                    // The id stands in the address that the log-in leads back to; the name was on the page alone.
                    let before: String = try await browser.driver.get("/source")
                    #expect(before.contains("Depot by the river"))
                    try await browser.logOut()
                    for _ in pages {
                        try await browser.driver.post("/back")
                        try await browser.waitForPage("/login")
                        let source: String = try await browser.driver.get("/source")
                        #expect(!source.contains("by the river") && !source.contains("Log out"))
                    }
                }
                gateway.terminate()
            }
        }

        /// Neither by the browser's way back, nor with what it still has.
        private func expectNothingLeft(
            _ browser: Browser, sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            let answers: [Int] = try await browser.evaluate(
                """
                const paths = ["/api/v1/gateways", "/api/v1/stream", "/api/v1/releases"];
                return Promise.all(paths.map(async (path) => (await fetch(path)).status))
                """)
            #expect(answers == [401, 401, 401], sourceLocation: sourceLocation)
            try await browser.driver.post("/back")
            try await browser.waitForPage("/login", sourceLocation: sourceLocation)
            #expect(try await !browser.has(.button, "Log out"), sourceLocation: sourceLocation)
            #expect(
                try await browser.names(of: .link) == ["To the content", "Upgrade Manager"],
                sourceLocation: sourceLocation)
        }
    }
}
