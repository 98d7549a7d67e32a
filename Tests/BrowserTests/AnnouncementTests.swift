import Foundation
import ProgramSupport
import Testing

extension BrowserTests {
    @Suite("Announcements", .timeLimit(.minutes(30))) struct AnnouncementTests {
        @Test(
            "Whoever hears a page is told in a sentence what changed on it, once for many changes",
            arguments: ["/", "/upgrade"])
        func summary(path: String) async throws {
            try await Daemon.with(mode: .tls) { daemon in
                try await daemon.add("ada", role: "super", company: "1")
                try await Browser.with(daemon) { browser in
                    try await browser.logIn("ada")
                    try await browser.open(path)
                    try await browser.run(
                        """
                        window.told = [];
                        const announcer = document.getElementById("announcer");
                        new MutationObserver(() => window.told.push(announcer.textContent)).observe(announcer, { childList: true });
                        """)
                    let role: String = try await browser.evaluate("return document.getElementById('announcer').role")
                    #expect(role == "status")
                    var gateways: [Program] = []
                    for id in ["depot", "harbour", "mill"] {
                        gateways.append(try await daemon.simulate(id, company: "2"))
                    }
                    try await browser.wait(for: "the sentence") {
                        let told: [String] = try await browser.evaluate("return window.told")
                        return told.last?.hasPrefix("3 gateways, 3 online, ") == true
                    }
                    let told: [String] = try await browser.evaluate("return window.told")
                    #expect(Set(told).count == told.count, "nothing is said twice: \(told)")
                    for gateway in gateways { gateway.terminate() }
                }
            }
        }
    }
}
