import Foundation
import ProgramSupport
import Testing

extension BrowserTests {
    @Suite("Looks", .timeLimit(.minutes(30))) struct LookTests {
        private static let everybodys = ["/", "/?state=failed", "/releases", "/profile", "/nowhere"]
        private static let admins = [
            "/upgrade", "/upgrade?unfold=depot%2Fmill%2Fquay", "/upgrade?search=nothing", "/upgrade?order=1",
            "/upgrade/cancel?order=1", "/gateway?id=depot",
            "/gateway?id=mill", "/gateway/remove?id=depot", "/gateway?id=nothing", "/users",
            "/users/change?username=cleo", "/users/remove?username=cleo", "/events", "/events?kind=nothing",
        ]
        private static let supers = [
            "/?company=2", "/?company=nothing", "/companies", "/companies/change?id=2",
            "/releases/remove?version=1.2",
        ]

        @Test("No page has anything wrong that a look at it finds, on a phone as on a desk, light and dark")
        func looks() async throws {
            try await Daemon.with(mode: .tls) { daemon in
                try await daemon.must("sample-companies")
                try await daemon.add("ada", role: "super", company: "1")
                try await daemon.add("ben", role: "admin", company: "2")
                try await daemon.add("cleo", role: "user", company: "2")
                try await daemon.drop("1.2", Data("1.2".utf8))
                // Upgraded, held up, failed, away, and of another company.
                let gateways = [
                    try await daemon.simulate("depot", company: "2", "--delay", "0s"),
                    try await daemon.simulate("mill", company: "2"),
                    try await daemon.simulate("quay", company: "2", "--delay", "0s", "--fail-rate", "1"),
                    try await daemon.simulate("quarry", company: "3"),
                ]
                try await daemon.report("barn", ["companyId": "2", "version": "0.5"])
                gateways[1].signal(SIGSTOP)
                try await daemon.must("push", "--version", "1.2", "--company", "2")
                try await daemon.expect("depot", "state", is: "confirmed", within: .seconds(60))
                try await daemon.expect("quay", "state", is: "failed", within: .seconds(60))
                try await daemon.expect("mill", "state", is: "pending")

                try await Browser.with(daemon) { browser in
                    try await browser.open("/login")
                    try await browser.expectNoFaults()
                    try await browser.enter("ada", password: "a guess")
                    try await browser.waitForText("The user name or the password is wrong.")
                    try await browser.expectNoFaults()
                    for (username, paths) in [
                        ("ada", Self.everybodys + Self.admins + Self.supers),
                        ("ben", ["/", "/upgrade", "/gateway?id=mill", "/releases", "/users", "/companies"]),
                        ("cleo", ["/", "/?state=failed", "/?state=timedOut", "/releases", "/upgrade"]),
                    ] {
                        try await browser.logIn(username)
                        for path in paths {
                            try await browser.open(path)
                            try await browser.expectNoFaults()
                        }
                        if username == "ada" { try await confirm(browser) }
                        try await browser.logOut()
                    }
                    let foreign = try await browser.foreignRequests()
                    #expect(foreign.isEmpty, "\(foreign)")
                }
                gateways[1].kill()
                for gateway in gateways { gateway.terminate() }
            }
        }

        private func confirm(_ browser: Browser) async throws {
            try await browser.open("/upgrade?company=2")
            try await browser.click(.button, "Upgrade the checked gateways")
            try await browser.waitForText("Nothing was ordered: check at least one gateway.")
            try await browser.expectNoFaults(refusedAt: "/upgrade/confirm")
            try await browser.open("/upgrade?company=2")
            try await browser.click(.checkbox, "Choose all shown here")
            try await browser.click(.button, "Upgrade the checked gateways")
            try await browser.waitForText("Send version 1.2 to 3 gateways?")
            try await browser.expectNoFaults()
        }
    }
}
