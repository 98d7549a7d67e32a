import Foundation
import ProgramSupport
import Testing

extension BrowserTests {
    @Suite("Releases", .timeLimit(.minutes(30))) struct ReleaseTests {
        @Test("A new release is told at once on any page, with the way to send it for those who may")
        func prompt() async throws {
            try await Daemon.with(mode: .tls) { daemon in
                try await daemon.must("sample-companies")
                try await daemon.add("ada", role: "super", company: "1")
                try await daemon.add("dora", role: "user", company: "2")
                try await Browser.with(daemon) { browser in
                    try await browser.logIn("ada")
                    try await browser.mark()
                    try await daemon.drop("1.2", Data("1.2".utf8))
                    try await browser.waitForText("Release 1.2 is available")
                    #expect(try await browser.isMarked)
                    #expect(try await browser.has(.button, "Dismiss"))
                    try await browser.click(.link, "Upgrade to 1.2")
                    try await browser.waitForPage("/upgrade")
                    try await browser.waitForReleasesToBeKnown()
                    #expect(try await !browser.shows("is available"))

                    // As long as nobody has said so, it is told on the next page, too.
                    try await daemon.drop("1.4", Data("1.4".utf8))
                    try await browser.waitForText("Release 1.4 is available")
                    try await browser.click(.link, "Users")
                    try await browser.waitForPage("/users")
                    try await browser.waitForText("Release 1.4 is available")
                    try await browser.click(.button, "Dismiss")
                    #expect(try await !browser.shows("Release 1.4 is available"))
                    try await browser.click(.link, "Events")
                    try await browser.waitForPage("/events")
                    try await browser.waitForReleasesToBeKnown()
                    #expect(try await !browser.shows("Release 1.4 is available"))
                    try await daemon.drop("1.6", Data("1.6".utf8))
                    try await browser.waitForText("Release 1.6 is available")
                    #expect(try await !browser.shows("Release 1.4 is available"))
                    try await browser.logOut()

                    try await browser.logIn("dora")
                    try await browser.open("/profile")
                    try await browser.mark()
                    try await daemon.drop("1.8", Data("1.8".utf8))
                    try await browser.waitForText("Release 1.8 is available")
                    #expect(try await browser.isMarked)
                    #expect(try await !browser.has(.link, "Upgrade to 1.8"))
                    #expect(try await browser.has(.button, "Dismiss"))
                }
            }
        }

        @Test("What was told of a release goes from open pages with it, and the one before is told of again")
        func removal() async throws {
            try await Daemon.with(mode: .tls) { daemon in
                try await daemon.add("ada", role: "super", company: "1")
                try await Browser.with(daemon) { browser in
                    try await browser.logIn("ada")
                    // A page that nothing refreshes, and one that lives.
                    for path in ["/profile", "/"] {
                        try await browser.open(path)
                        try await browser.waitForReleasesToBeKnown()
                        try await browser.mark()
                        try await daemon.drop("1.2", Data("1.2".utf8))
                        try await browser.waitForText("Release 1.2 is available")
                        try await daemon.drop("1.4", Data("1.4".utf8))
                        try await browser.waitForText("Release 1.4 is available")
                        try await daemon.must("release", "remove", "1.4")
                        try await browser.waitForText("Release 1.2 is available")
                        #expect(try await !browser.shows("Release 1.4 is available"))
                        try await daemon.must("release", "remove", "1.2")
                        try await browser.wait(for: "the prompt to go") { try await !browser.shows("is available") }
                        #expect(try await browser.isMarked)
                    }
                }
            }
        }

        @Test("A file is uploaded by the form, and a second one of that version is refused with the reason")
        func upload() async throws {
            try await Daemon.with(mode: .tls) { daemon in
                try await daemon.add("ada", role: "super", company: "1")
                try await TemporaryFolder.with { folder in
                    let file = folder + "/2.5"
                    try Data(repeating: 7, count: 3 << 20).write(to: URL(filePath: file))
                    try await Browser.with(daemon) { browser in
                        try await browser.logIn("ada")
                        try await browser.open("/releases")
                        try await browser.choose(file: file, in: "Executable")
                        try await browser.click(.button, "Upload")
                        try await browser.waitForText("The release is added.")
                        try await browser.waitForRow("2.5", toSay: "3.0 MiB")

                        try await browser.choose(file: file, in: "Executable")
                        try await browser.click(.button, "Upload")
                        try await browser.waitForText("Version 2.5 exists already")
                    }
                }
                #expect(try await daemon.json("release", "list")["total"].integer == 1)
                #expect(try await daemon.json("release", "show", "2.5")["size"].integer == 3 << 20)
            }
        }
    }
}
