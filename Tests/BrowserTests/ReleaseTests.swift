import Foundation
import ProgramSupport
import Testing

extension BrowserTests {
    @Suite("Releases", .timeLimit(.minutes(10))) struct ReleaseTests {
        @Test("A new release is told at once on any page, with the way to send it for those who may")
        func prompt() async throws {
            try await Daemon.with(mode: .tls) { daemon in
                try await daemon.must("sample-companies")
                try await daemon.add("ada", role: "super", company: "1")
                try await daemon.add("dora", role: "user", company: "2")
                try await Browser.with(daemon) { browser in
                    try await browser.logIn("ada")
                    try await browser.open("/profile")
                    try await browser.mark()
                    try await daemon.drop("1.2", Data("1.2".utf8))
                    try await browser.waitForText("Release 1.2 is available")
                    #expect(try await browser.isMarked)
                    try await browser.click(.link, "Upgrade to 1.2")
                    try await browser.waitForPage("/upgrade")
                    #expect(try await !browser.shows("is available"))

                    try await daemon.drop("1.4", Data("1.4".utf8))
                    try await browser.waitForText("Release 1.4 is available")
                    try await browser.click(.button, "Dismiss")
                    try await browser.click(.link, "Events")
                    try await browser.waitForPage("/events")
                    try await daemon.drop("1.6", Data("1.6".utf8))
                    try await browser.waitForText("Release 1.6 is available")
                    #expect(try await !browser.shows("Release 1.4 is available"))
                    try await browser.logOut()

                    try await browser.logIn("dora")
                    try await daemon.drop("1.8", Data("1.8".utf8))
                    try await browser.waitForText("Release 1.8 is available")
                    #expect(try await !browser.has(.link, "Upgrade to 1.8"))
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
                        try await browser.wait(for: "a refusal") {
                            let problem: String = try await browser.evaluate(
                                "return document.getElementById('upload-problem').innerText")
                            return problem.contains("2.5")
                        }
                    }
                }
                #expect(try await daemon.json("release", "list")["total"].integer == 1)
                #expect(try await daemon.json("release", "show", "2.5")["size"].integer == 3 << 20)
            }
        }

        @Test("No page has anything wrong that a look at it finds, on a phone as on a desk, light and dark")
        func looks() async throws {
            try await Daemon.with(mode: .tls) { daemon in
                try await daemon.must("sample-companies")
                try await daemon.add("ada", role: "super", company: "1")
                try await daemon.drop("1.2", Data("1.2".utf8))
                let gateway = try await daemon.simulate("depot", company: "2")
                try await daemon.must("gateway", "rename", "depot", "<script>alert(1)</script>")
                try await Browser.with(daemon) { browser in
                    try await browser.logIn("ada")
                    let pages = [
                        "/", "/upgrade", "/gateway?id=depot", "/releases", "/users", "/companies", "/events",
                        "/profile",
                    ]
                    for width in [390, 768, 1280] {
                        try await browser.resize(width: width)
                        for scheme in ["light", "dark"] {
                            try await browser.devTools(
                                "Emulation.setEmulatedMedia",
                                ["features": [["name": "prefers-color-scheme", "value": scheme]]])
                            for page in pages {
                                try await browser.open(page)
                                let faults = try await browser.faults()
                                #expect(faults.isEmpty, "\(page), \(width) wide, \(scheme): \(faults)")
                            }
                        }
                    }
                    let complaints = try await browser.complaints()
                    #expect(complaints.isEmpty, "\(complaints)")
                    let foreign = try await browser.foreignRequests()
                    #expect(foreign.isEmpty, "\(foreign)")
                }
                gateway.terminate()
            }
        }
    }
}
