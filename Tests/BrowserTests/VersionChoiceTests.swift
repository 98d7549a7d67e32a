import Foundation
import ProgramSupport
import Testing

extension BrowserTests {
    @Suite("Versions to choose from", .timeLimit(.minutes(30))) struct VersionChoiceTests {
        @Test(
            "Releases come to the list and leave it while the page is open; what was chosen stays, unless it is gone",
            arguments: ["/upgrade", "/gateway?id=depot"])
        func liveChoice(path: String) async throws {
            try await Daemon.with(mode: .tls) { daemon in
                try await daemon.add("ada", role: "super", company: "1")
                let gateway = try await daemon.simulate("depot", company: "2")
                try await Browser.with(daemon) { browser in
                    try await browser.logIn("ada")
                    try await browser.open(path)
                    try await browser.mark()
                    try await browser.waitForText("There is no release to send yet.")
                    #expect(try await !browser.names(of: .button, in: "main").contains { $0.hasPrefix("Upgrade") })
                    try await daemon.drop("1.2", Data("1.2".utf8))
                    try await browser.wait(for: "the first release") { try await browser.versions == ["1.2"] }
                    #expect(try await browser.names(of: .button, in: "main").contains { $0.hasPrefix("Upgrade") })
                    try await daemon.drop("1.4", Data("1.4".utf8))
                    try await browser.wait(for: "the second") { try await browser.versions == ["1.4", "1.2"] }
                    #expect(try await browser.version == "1.4", "nobody chose: the newest is offered")

                    try await browser.run("document.getElementById('version').focus()")
                    try await browser.press(.down)
                    #expect(try await browser.version == "1.2")
                    try await daemon.drop("1.6", Data("1.6".utf8))
                    try await browser.wait(for: "the third") { try await browser.versions == ["1.6", "1.4", "1.2"] }
                    #expect(try await browser.version == "1.2")
                    #expect(try await browser.focus.name == "Version to send")
                    try await daemon.must("release", "remove", "1.4")
                    try await browser.wait(for: "one less") { try await browser.versions == ["1.6", "1.2"] }
                    #expect(try await browser.version == "1.2")
                    #expect(try await browser.loss == "")
                    try await daemon.must("release", "remove", "1.2")
                    try await browser.wait(for: "it to be gone") { try await browser.versions == ["1.6"] }
                    #expect(try await browser.version == "1.6")
                    #expect(
                        try await browser.loss
                            == "Version to send: 1.2 is not available any more, so 1.6 is chosen now.")
                    #expect(try await browser.focus.name == "Version to send")

                    // Also what the page offers first is a choice, once somebody has made it.
                    try await daemon.drop("1.7", Data("1.7".utf8))
                    try await browser.wait(for: "another") { try await browser.versions == ["1.7", "1.6"] }
                    try await browser.choose("1.6", in: "Version to send")
                    try await browser.choose("1.7", in: "Version to send")
                    #expect(try await browser.loss == "")
                    try await daemon.drop("1.8", Data("1.8".utf8))
                    try await browser.wait(for: "the last") { try await browser.versions == ["1.8", "1.7", "1.6"] }
                    #expect(try await browser.version == "1.7")
                    #expect(try await browser.isMarked)
                }
                gateway.terminate()
            }
        }
    }
}

extension Browser {
    fileprivate var versions: [String] {
        get async throws {
            try await evaluate(
                "return [...document.getElementById('version')?.options ?? []].map((one) => one.textContent)")
        }
    }

    fileprivate var version: String {
        get async throws { try await evaluate("return document.getElementById('version').value") }
    }

    fileprivate var loss: String {
        get async throws { try await evaluate("return document.getElementById('lost').textContent") }
    }
}
