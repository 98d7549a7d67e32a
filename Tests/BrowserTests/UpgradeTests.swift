import Foundation
import ProgramSupport
import Testing

extension BrowserTests {
    @Suite("Upgrades", .timeLimit(.minutes(30))) struct UpgradeTests {
        @Test("An order is confirmed before it is sent, and its row becomes pending and confirmed by itself")
        func order() async throws {
            try await Daemon.with(mode: .tls) { daemon in
                try await daemon.add("ada", role: "super", company: "1")
                try await daemon.drop("1.2", Data("1.2".utf8))
                let gateway = try await daemon.simulate("depot", company: "2", "--delay", "0s")
                let bystander = try await daemon.simulate("mill", company: "2", "--delay", "0s")
                try await Browser.with(daemon) { browser in
                    try await browser.logIn("ada")
                    try await browser.click(.link, "Upgrade")
                    try await browser.waitForPage("/upgrade")
                    try await browser.click(.checkbox, "Choose depot")
                    try await browser.choose("1.2", in: "Version to send")
                    try await browser.click(.button, "Upgrade the checked gateways")
                    try await browser.waitForPage("/upgrade/confirm")
                    let question: String = try await browser.evaluate(
                        "return document.querySelector('main').innerText")
                    #expect(question.contains("Send version 1.2 to 1 gateway?"))
                    #expect(question.contains("depot"))
                    #expect(!question.contains("mill"))
                    #expect(try await daemon.gateway("depot")["state"].text == "null")

                    // As long as its program is held up, nothing can be confirmed.
                    gateway.signal(SIGSTOP)
                    try await browser.click(.button, "Send version 1.2")
                    try await browser.waitForPage("/upgrade")
                    try await browser.mark()
                    try await browser.waitForRow("depot", toSay: "pending")
                    try await browser.picture("upgrade-pending")
                    gateway.signal(SIGCONT)
                    try await browser.waitForRow("depot", toSay: "confirmed")
                    #expect(try await browser.row("depot")?.contains("1.2") == true)
                    #expect(try await browser.row("mill")?.contains("confirmed") == false)
                    #expect(try await browser.isMarked)
                }
                #expect(try await daemon.gateway("mill")["state"].text == "null")
                #expect(try await daemon.json("deployment", "list")["items"][0]["createdBy"].text == "ada")
                gateway.terminate()
                bystander.terminate()
            }
        }

        @Test("Who cancels the question has sent nothing")
        func cancel() async throws {
            try await Daemon.with(mode: .tls) { daemon in
                try await daemon.must("sample-companies")
                try await daemon.add("ben", role: "admin", company: "2")
                try await daemon.drop("1.2", Data("1.2".utf8))
                let own = try await daemon.simulate("depot", company: "2")
                let other = try await daemon.simulate("quarry", company: "3")
                try await Browser.with(daemon) { browser in
                    try await browser.logIn("ben")
                    try await browser.open("/upgrade")
                    #expect(try await browser.row("quarry") == nil)
                    try await browser.click(.button, "Upgrade all of this company")
                    try await browser.waitForPage("/upgrade/confirm")
                    try await browser.waitForText("1 gateway")
                    #expect(try await !browser.shows("quarry"))
                    try await browser.click(.link, "Cancel")
                    try await browser.waitForPage("/upgrade")
                }
                #expect(try await daemon.json("deployment", "list")["total"].integer == 0)
                own.terminate()
                other.terminate()
            }
        }

        @Test("Gateways come and go on an open page", arguments: ["/", "/upgrade"])
        func liveChange(path: String) async throws {
            try await Daemon.with(mode: .tls) { daemon in
                try await daemon.add("ada", role: "super", company: "1")
                try await Browser.with(daemon) { browser in
                    try await browser.logIn("ada")
                    try await browser.open(path)
                    try await browser.waitForText("No gateway has reported yet.")
                    try await browser.mark()
                    let gateway = try await daemon.simulate("depot", company: "2")
                    try await browser.waitForText("depot")
                    try await browser.wait(for: "one that is online") { try await isOnline(browser, path) }
                    gateway.terminate()
                    try await browser.wait(for: "none that is online") { try await !isOnline(browser, path) }
                    let again = try await daemon.simulate("depot", company: "2")
                    try await browser.wait(for: "it to be back") { try await isOnline(browser, path) }
                    #expect(try await browser.isMarked)
                    again.terminate()
                }
            }
        }

        private func isOnline(_ browser: Browser, _ path: String) async throws -> Bool {
            guard path == "/" else { return try await browser.row("depot")?.contains("online") == true }
            return try await browser.text.contains(/(?i)\bonline\s+1\b/)
        }
    }
}
