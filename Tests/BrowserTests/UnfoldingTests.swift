import Foundation
import ProgramSupport
import Testing

extension BrowserTests {
    @Suite("Histories", .timeLimit(.minutes(30))) struct UnfoldingTests {
        @Test("Rows unfold to their histories in place, and what was chosen and typed stays")
        func unfolding() async throws {
            try await Daemon.with(mode: .tls) { daemon in
                try await daemon.add("ada", role: "super", company: "1")
                try await daemon.drop("1.2", Data("1.2".utf8))
                try await daemon.drop("1.4", Data("1.4".utf8))
                let gateways = [
                    try await daemon.simulate("depot", company: "2", "--delay", "0s"),
                    try await daemon.simulate("harbour", company: "2"),
                    try await daemon.simulate("mill", company: "2"),
                ]
                try await Browser.with(daemon) { browser in
                    try await browser.logIn("ada")
                    try await browser.open("/upgrade")
                    try await browser.mark()
                    try await browser.fill("Id, name or address", with: "not sent yet")
                    try await browser.click(.checkbox, "Choose mill")
                    try await browser.choose("1.2", in: "Version to send")
                    try await browser.choose("1.2", in: "Version for harbour")
                    #expect(try await browser.unfolded.isEmpty)

                    try await unfold("mill", browser)
                    try await browser.wait(for: "the history of mill") { try await browser.unfolded == ["mill"] }
                    #expect(try await browser.focus.name == "History of mill")
                    try await unfold("depot", browser)
                    try await browser.wait(for: "two histories") { try await browser.unfolded == ["depot", "mill"] }
                    #expect(try await browser.focus.name == "History of depot")
                    #expect(try await browser.history(of: "depot")?.contains("Gateway created") == true)
                    #expect(try await browser.history(of: "depot")?.contains("order 1") == false)

                    // What happens now is told in the history that is open.
                    try await daemon.must("push", "--version", "1.4", "--gateway", "depot")
                    try await browser.wait(for: "the order in the history") {
                        try await browser.history(of: "depot")?.contains("order 1 for 1.4") == true
                    }
                    try await browser.waitForRow("depot", toSay: "confirmed 1.4")
                    #expect(try await browser.focus.name == "History of depot")
                    try await expectChoices(in: browser)
                    try await browser.picture("unfolded")
                    // On a phone it has the width of the list.
                    try await browser.resize(width: 390)
                    let share: Double = try await browser.evaluate(
                        """
                        const width = (selector) => document.querySelector(selector).getBoundingClientRect().width;
                        return width(".unfolded .history") / width(".group");
                        """)
                    #expect(share > 0.8)
                    try await browser.resize(width: 1280)

                    // A new release moves the other versions in the lists, and chooses none of them.
                    try await daemon.drop("1.6", Data("1.6".utf8))
                    try await browser.waitForRow("depot", toSay: "1.6 available")
                    try await expectChoices(in: browser)

                    try await unfold("mill", browser)
                    try await browser.wait(for: "one history") { try await browser.unfolded == ["depot"] }
                    #expect(try await browser.focus.name == "History of mill")
                    try await expectChoices(in: browser)
                    #expect(try await browser.isMarked)
                }
                for gateway in gateways { gateway.terminate() }
            }
        }

        @Test("What is unfolded stands in the address: it survives a reload, and going away and back")
        func address() async throws {
            try await Daemon.with(mode: .tls) { daemon in
                try await daemon.add("ada", role: "super", company: "1")
                let gateways = [
                    try await daemon.simulate("depot", company: "2"),
                    try await daemon.simulate("mill", company: "2"),
                ]
                try await Browser.with(daemon) { browser in
                    try await browser.logIn("ada")
                    try await browser.open("/upgrade?search=i&online=true")
                    #expect(try await browser.row("depot") == nil)
                    try await browser.click(.link, "History of mill")
                    try await browser.wait(for: "the history of mill") { try await browser.unfolded == ["mill"] }
                    try await browser.reload()
                    #expect(try await browser.unfolded == ["mill"])
                    #expect(try await browser.row("depot") == nil)

                    try await browser.open("/upgrade?unfold=mill")
                    try await browser.click(.link, "History of depot")
                    try await browser.wait(for: "both histories") { try await browser.unfolded == ["depot", "mill"] }
                    try await browser.reload()
                    #expect(try await browser.unfolded == ["depot", "mill"])
                    try await browser.click(.link, "Events")
                    try await browser.waitForPage("/events")
                    try await browser.driver.post("/back")
                    try await browser.waitForPage("/upgrade")
                    #expect(try await browser.unfolded == ["depot", "mill"])
                    try await browser.click(.link, "History of depot")
                    try await browser.wait(for: "the history of mill") { try await browser.unfolded == ["mill"] }
                    try await browser.reload()
                    #expect(try await browser.unfolded == ["mill"])
                }
                for gateway in gateways { gateway.terminate() }
            }
        }

        /// By its keys, at which the focus can be watched.
        private func unfold(_ id: String, _ browser: Browser) async throws {
            try await browser.run(
                "document.querySelector(`[aria-label='History of ${arguments[0]}'].unfold`).focus()", [id])
            try await browser.press(.enter)
        }

        private func expectChoices(
            in browser: Browser, sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            let choices: [String] = try await browser.evaluate(
                """
                return [...document.querySelectorAll("input[type=checkbox]:checked")].map((box) => box.ariaLabel).concat(
                  document.getElementById("chosen").textContent,
                  document.getElementById("version").value,
                  document.querySelector("[aria-label='Version for harbour']").value,
                  document.getElementById("search").value)
                """)
            #expect(
                choices == ["Choose mill", "1 checked", "1.2", "1.2", "not sent yet"],
                sourceLocation: sourceLocation)
        }
    }
}
