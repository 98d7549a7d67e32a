import Foundation
import ProgramSupport
import Testing

extension BrowserTests {
    @Suite("Without scripts", .timeLimit(.minutes(30))) struct ScriptlessTests {
        @Test("Where no script runs, the fleet is watched and upgraded, and users are made, all the same")
        func work() async throws {
            try await Daemon.with(mode: .tls) { daemon in
                try await daemon.must("sample-companies")
                try await daemon.add("ada", role: "super", company: "1")
                try await daemon.drop("1.2", Data("1.2".utf8))
                try await Browser.with(daemon, scripts: .off) { browser in
                    try await browser.logIn("ada")
                    try await browser.waitForText("No gateway has reported yet.")
                    let dashboard = try await browser.openWindow()

                    let gateway = try await daemon.simulate("depot", company: "2", "--delay", "0s")
                    let bystander = try await daemon.simulate("mill", company: "2", "--delay", "0s")
                    try await browser.open("/upgrade")
                    #expect(try await !browser.evaluate("return document.documentElement.matches('.scripted')"))
                    #expect(try await !browser.has(.checkbox, "Choose all shown here"))
                    try await unfold(browser)
                    try await order(browser)
                    try await makeUser(browser)
                    try await addRelease(browser, daemon)

                    // It has asked for itself anew meanwhile.
                    try await browser.switchTo(dashboard)
                    try await browser.waitForRow("depot", toSay: "confirmed 1.2")
                    try await browser.picture("scriptless-dashboard")
                    try await browser.logOut()
                    let complaints = try await browser.complaints()
                    #expect(complaints.isEmpty, "\(complaints)")
                    gateway.terminate()
                    bystander.terminate()
                }
                #expect(try await daemon.gateway("mill")["state"].text == "null")
            }
        }

        private func unfold(_ browser: Browser) async throws {
            try await browser.click(.link, "History of depot")
            try await browser.wait(for: "the history of depot") { try await browser.unfolded == ["depot"] }
            try await browser.waitForText("Gateway created")
            try await browser.click(.link, "History of mill")
            try await browser.wait(for: "both histories") { try await browser.unfolded == ["depot", "mill"] }
            try await browser.picture("scriptless-unfolded")
            try await browser.click(.link, "History of depot")
            try await browser.wait(for: "the history of mill alone") { try await browser.unfolded == ["mill"] }
        }

        private func order(_ browser: Browser) async throws {
            try await browser.fill("Id, name or address", with: "dep")
            try await browser.choose("online", in: "Connection")
            try await browser.click(.button, "Show")
            try await browser.waitForText("Only “dep” in id, name or address; online.")
            #expect(try await browser.row("mill") == nil)
            try await browser.click(.checkbox, "Choose depot")
            try await browser.click(.button, "Upgrade the checked gateways")
            try await browser.waitForText("Send version 1.2 to 1 gateway?")
            try await browser.click(.button, "Send version 1.2")
            try await browser.waitForText("Order 1: version 1.2 for 1 gateway.")
            try await browser.wait(for: "depot to have confirmed") {
                try await browser.reload()
                return try await browser.row("depot")?.contains("confirmed 1.2") == true
            }
        }

        private func makeUser(_ browser: Browser) async throws {
            try await browser.click(.link, "Users")
            try await browser.waitForPage("/users")
            try await browser.fill("User name", with: "eve")
            try await browser.choose("user", in: "Role")
            try await browser.choose("2: Company 2", in: "Company")
            try await browser.fill("First password", with: Daemon.password)
            try await browser.click(.button, "Create the user")
            try await browser.waitForText("The user is created.")
            try await browser.waitForRow("eve", toSay: "user")
        }

        private func addRelease(_ browser: Browser, _ daemon: Daemon) async throws {
            try await TemporaryFolder.with { folder in
                let file = folder + "/any name.bin"
                try Data(repeating: 7, count: 2 << 20).write(to: URL(filePath: file))
                try await browser.click(.link, "Releases")
                try await browser.choose(file: file, in: "Executable")
                try await browser.fill("Version, such as 1.2", with: "1.4")
                try await browser.click(.button, "Upload")
                try await browser.waitForText("The release is added.")
                try await browser.waitForRow("1.4", toSay: "2.0 MiB")
            }
        }
    }
}
