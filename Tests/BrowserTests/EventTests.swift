import Foundation
import ProgramSupport
import Testing

extension BrowserTests {
    @Suite("Events", .timeLimit(.minutes(30))) struct EventTests {
        @Test(
            "What happens appears at the top by itself, as the filter lets it, and whoever reads stays where they are")
        func liveLog() async throws {
            try await Daemon.with(mode: .tls) { daemon in
                try await daemon.add("ada", role: "super", company: "1")
                for number in 10..<50 { try await daemon.must("company", "add", "\(number)", "Company \(number)") }
                try await Browser.with(daemon) { browser in
                    try await browser.logIn("ada")
                    try await browser.open("/events?kind=companyCreated")
                    try await browser.mark()
                    try await browser.fill("User", with: "not sent yet")
                    let before = try await browser.rowTop("49")
                    #expect(try await browser.newest.contains("Company 49"))

                    // Reading further down, with the focus on the page's last link.
                    try await browser.run("window.scrollTo({ top: 600, behavior: 'instant' })")
                    try await browser.run("document.getElementById('user').focus({ preventScroll: true })")
                    let place = try await browser.rowTop("30")
                    try await daemon.must(
                        "user", "add", "ben", "--role", "user", "--company", "1", "--password-stdin",
                        input: "a good password\n")
                    try await daemon.must("company", "add", "50", "Company 50")
                    try await browser.wait(for: "the new event") {
                        try await browser.newest.contains("Company 50")
                    }
                    #expect(try await !browser.shows("user created ben"))
                    #expect(try await abs(browser.rowTop("30") - place) < 2, "what is read does not move")
                    #expect(try await browser.rowTop("49") < before, "it stands below the new one, scrolled away")
                    #expect(try await browser.focus.name == "User")
                    #expect(try await browser.isMarked)
                    let typed: String = try await browser.evaluate("return document.getElementById('user').value")
                    #expect(typed == "not sent yet")

                    try await browser.open("/events?gateway=nobody")
                    try await browser.waitForText("No event is as you chose.")
                    try await browser.mark()
                    try await daemon.report("nobody", ["companyId": "2", "version": "0.5"])
                    try await browser.wait(for: "the first event") { try await !browser.newest.isEmpty }
                    #expect(try await browser.isMarked)
                }
            }
        }
    }
}

extension Browser {
    /// What the first row of the log says.
    fileprivate var newest: String {
        get async throws {
            try await evaluate("return document.querySelector('#log tbody tr')?.innerText ?? ''")
        }
    }

    /// How far below the window's top the event of a company's making stands.
    fileprivate func rowTop(_ company: String) async throws -> Double {
        try await evaluate(
            """
            return [...document.querySelectorAll("#log tbody tr")].find((row) =>
              row.innerText.includes(`Company ${arguments[0]}`)).getBoundingClientRect().top
            """, [company])
    }
}
