import Foundation
import ProgramSupport
import Testing

extension BrowserTests {
    @Suite("Keyboard", .timeLimit(.minutes(30))) struct KeyboardTests {
        @Test("By keys alone one logs in, finds a gateway, upgrades it, sees how that went, and logs out")
        func upgrade() async throws {
            try await Daemon.with(mode: .tls) { daemon in
                try await daemon.add("ada", role: "super", company: "1")
                try await daemon.drop("1.2", Data("1.2".utf8))
                try await daemon.drop("1.4", Data("1.4".utf8))
                let gateway = try await daemon.simulate("depot", company: "2", "--delay", "0s")
                let bystander = try await daemon.simulate("mill", company: "2", "--delay", "0s")
                try await Browser.with(daemon) { browser in
                    try await browser.open("/login")
                    #expect(try await browser.focus.name == "User name")
                    try await browser.type("ada")
                    try await browser.press(.tab)
                    #expect(try await browser.focus.name == "Password")
                    try await browser.type("a guess")
                    try await browser.press(.enter)
                    try await browser.waitForText("The user name or the password is wrong.")
                    #expect(try await browser.focus.name == "Password")
                    try await browser.type(Daemon.password)
                    try await browser.press(.enter)
                    try await browser.waitForPage("/")

                    try await browser.walk(to: "To the content")
                    try await browser.press(.enter)
                    try await browser.press(.tab)
                    #expect(try await browser.focus.isInMain)

                    try await browser.walk(to: "Upgrade", back: true)
                    try await browser.press(.enter)
                    try await browser.waitForPage("/upgrade")
                    try await browser.walk(to: "Id, name or address")
                    try await browser.type("dep")
                    try await browser.press(.enter)
                    try await browser.waitForText("Only “dep” in id, name or address.")
                    #expect(try await browser.row("mill") == nil)
                    try await browser.walk(to: "Choose depot")
                    try await browser.press(.space)
                    try await browser.waitForText("1 checked")
                    try await browser.walk(to: "Version to send", back: true)
                    try await browser.press(.down)
                    try await browser.walk(to: "Upgrade the checked gateways")
                    try await browser.press(.enter)
                    try await browser.waitForPage("/upgrade/confirm")
                    try await browser.waitForText("Send version 1.2 to 1 gateway?")
                    try await browser.walk(to: "Send version 1.2")
                    try await browser.picture("keyboard-confirm")
                    try await browser.press(.enter)
                    try await browser.waitForPage("/upgrade")
                    try await browser.waitForRow("depot", toSay: "confirmed 1.2")

                    try await browser.walk(to: "Log out")
                    try await browser.press(.enter)
                    try await browser.waitForPage("/login")
                }
                #expect(try await daemon.gateway("mill")["state"].text == "null")
                gateway.terminate()
                bystander.terminate()
            }
        }

        @Test("Tab leads through everything on every page and out of it, and one sees where one is")
        func everyPage() async throws {
            try await Daemon.with(mode: .tls) { daemon in
                try await daemon.must("sample-companies")
                try await daemon.add("ada", role: "super", company: "1")
                try await daemon.add("ben", role: "admin", company: "2")
                try await daemon.drop("1.2", Data("1.2".utf8))
                // It has left again: a page that changes has no fixed order.
                try await daemon.report("depot", ["companyId": "2", "version": "0.5"])
                try await Browser.with(daemon) { browser in
                    try await browser.open("/login")
                    try await browser.walkThrough()
                    try await browser.logIn("ada")
                    for path in [
                        "/", "/upgrade?unfold=depot", "/gateway?id=depot", "/releases", "/users",
                        "/users/remove?username=ben", "/companies", "/events", "/profile",
                    ] {
                        try await browser.open(path)
                        try await browser.walkThrough()
                    }
                    try await browser.open("/upgrade")
                    try await browser.click(.button, "Upgrade depot")
                    try await browser.waitForPage("/upgrade/confirm")
                    try await browser.walkThrough()
                }
            }
        }

        @Test("The focus stays where it is while the page changes around it")
        func liveChange() async throws {
            try await Daemon.with(mode: .tls) { daemon in
                try await daemon.add("ada", role: "super", company: "1")
                try await daemon.drop("1.2", Data("1.2".utf8))
                let gateway = try await daemon.simulate("depot", company: "2", "--delay", "0s")
                try await Browser.with(daemon) { browser in
                    try await browser.logIn("ada")
                    try await hold("Online: 1", browser)
                    let last = try await daemon.simulate("mill", company: "2")
                    try await browser.waitForRow("mill", toSay: "online")
                    try await expectHeld(browser)

                    try await browser.open("/upgrade")
                    try await hold("History of depot", browser)
                    let first = try await daemon.simulate("cabin", company: "2")
                    try await browser.waitForRow("cabin", toSay: "online")
                    try await daemon.must("push", "--version", "1.2", "--gateway", "depot")
                    try await browser.waitForRow("depot", toSay: "confirmed 1.2")
                    try await expectHeld(browser)
                    first.terminate()
                    try await browser.waitForRow("cabin", toSay: "offline")
                    try await daemon.must("gateway", "remove", "cabin")
                    try await browser.wait(for: "the row to be gone") { try await browser.row("cabin") == nil }
                    try await expectHeld(browser)
                    try await browser.press(.tab)
                    #expect(try await browser.focus.name == "Choose mill")
                    last.terminate()
                }
                gateway.terminate()
            }
        }

        private func hold(_ stop: String, _ browser: Browser) async throws {
            try await browser.mark()
            try await browser.walk(to: stop)
            try await browser.run("window.held = document.activeElement")
        }

        private func expectHeld(_ browser: Browser, sourceLocation: SourceLocation = #_sourceLocation) async throws {
            #expect(try await browser.isMarked, sourceLocation: sourceLocation)
            #expect(
                try await browser.evaluate("return window.held === document.activeElement"),
                sourceLocation: sourceLocation)
            #expect(try await browser.focus.isOutlined, sourceLocation: sourceLocation)
        }
    }
}
