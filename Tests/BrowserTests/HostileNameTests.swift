import Foundation
import ProgramSupport
import Testing

extension BrowserTests {
    @Suite("Hostile names", .timeLimit(.minutes(30))) struct HostileNameTests {
        /// What gateways and companies may be called.
        private static let ids = [
            "<img src=x data-hit onerror=window.hit=1>",
            "\"><svg data-hit onload=window.hit=1>",
            "' autofocus data-hit onfocus='window.hit=1",
            "{{csrfToken}}{{{user}}}{{>page}}",
            "javascript:window.hit=1",
            "\u{202E}live\u{2066}\u{200F}\u{200B}",
            String(repeating: "W", count: 64),
        ]
        private static let longest = String(repeating: "W", count: 128)
        /// What everything may be called that people name.
        private static let markup =
            "</title></bdi></option><script data-hit>window.hit=1</script>\"><img src=x data-hit onerror='window.hit=1'>"
        private static let company = ids[0]
        private static let admin = "<img\"'data-hit>{{{user}}}"
        private static let user = "javascript:window.hit=1"

        private static let everybodys = [
            "/", "/?company=" + encoded(company), "/?company=" + encoded(ids[5]), "/releases", "/profile",
            "/" + encoded(markup), "/?" + encoded(markup) + "=" + encoded(markup),
        ]

        private static let admins =
            [
                "/upgrade", "/upgrade?unfold=" + (ids + [longest]).map(encoded).joined(separator: "%2F"),
                "/upgrade?search=" + encoded(ids[5] + "\n" + markup),
                "/upgrade?version=" + encoded(markup), "/upgrade?running=" + encoded(longest),
                "/users", "/users/change?username=" + encoded(user), "/users/remove?username=" + encoded(user),
                "/users/change?username=" + encoded(markup),
                "/events", "/events?gateway=" + encoded(ids[1]), "/events?user=" + encoded(markup),
                "/events?gateway=" + encoded(markup), "/events?kind=" + encoded(markup),
            ]
            + (ids + [longest]).map { "/gateway?id=" + encoded($0) }
            + [ids[0], longest].map { "/gateway/remove?id=" + encoded($0) }

        private static let supers =
            ["/companies", "/users/change?username=" + encoded(admin), "/releases/remove?version=1.2"]
            + ids.map { "/companies/change?id=" + encoded($0) }

        @Test("Whatever gateways, companies and people are called, it is text on every page, and fits")
        func everyPage() async throws {
            try await Daemon.with(mode: .tls) { daemon in
                let gateway = try await populate(daemon)
                try await Browser.with(daemon) { browser in
                    try await browser.open("/login?next=" + Self.encoded("javascript:window.hit=1"))
                    try await expectInert(browser)
                    try await browser.enter(Self.markup, password: Self.markup)
                    try await browser.waitForText("The user name or the password is wrong.")
                    try await expectInert(browser)

                    try await browser.logIn(Self.longest)
                    try await name(String(repeating: "W", count: 256), browser)
                    try await look(at: Self.everybodys + Self.admins + Self.supers, browser)
                    // As they are, but for what cannot be seen.
                    try await browser.open("/upgrade")
                    let names = try await browser.names(of: .link, in: "tbody")
                    for id in Self.ids where id != Self.ids[5] { #expect(names.contains(id)) }
                    #expect(names.contains("⟨U+202E⟩live⟨U+2066⟩⟨U+200F⟩⟨U+200B⟩"))
                    try await confirm(browser)
                    try await browser.logOut()

                    try await browser.logIn(Self.admin)
                    try await name(Self.markup, browser)
                    try await look(
                        at: [
                            "/", "/upgrade?unfold=" + Self.encoded(Self.ids[0]), "/users", "/events", "/profile",
                            "/gateway?id=" + Self.encoded(Self.ids[0]), "/gateway?id=" + Self.encoded(Self.longest),
                        ], browser)
                    try await confirm(browser)
                    try await browser.logOut()

                    try await browser.logIn(Self.user)
                    try await look(at: ["/", "/releases", "/profile", "/upgrade"], browser)
                }
                gateway.kill()
            }
        }

        private static func encoded(_ text: String) -> String {
            text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        }

        /// - Returns: A gateway that has failed.
        private func populate(_ daemon: Daemon) async throws -> Program {
            for (place, id) in Self.ids.enumerated() {
                try await daemon.must(
                    "company", "add", id, place.isMultiple(of: 2) ? Self.markup : String(repeating: "W", count: 256))
            }
            try await daemon.add(Self.longest, role: "super", company: "1")
            try await daemon.add(Self.admin, role: "admin", company: Self.company)
            try await daemon.add(Self.user, role: "user", company: Self.ids[5])
            try await daemon.drop("1.2", Data("1.2".utf8))
            for (place, id) in (Self.ids.dropFirst() + [Self.longest]).enumerated() {
                try await daemon.report(id, ["companyId": Self.company, "version": "0.5"])
                guard place < 3 else { continue }
                try await daemon.must(
                    "gateway", "rename", id, [Self.markup, String(repeating: "W", count: 256), "{{{user}}}"][place])
            }
            try await daemon.report("plain", ["companyId": Self.ids[5], "version": "0.5"])
            try await daemon.report("simple", ["companyId": Self.ids[6], "version": "0.5"])
            // What is no status, and a failure with a reason.
            try await daemon.report(Self.ids[1], ["companyId": Self.markup, "version": Self.markup])
            let gateway = try await daemon.simulate(Self.ids[0], company: Self.company)
            gateway.signal(SIGSTOP)
            try await daemon.must("push", "--version", "1.2", "--gateway", Self.ids[0], "--gateway", Self.ids[2])
            let failure = [
                "companyId": Self.company, "version": "0.5", "failedVersion": "1.2",
                "failed": Self.markup + "\n" + Self.ids[5] + Self.longest,
            ]
            let failed = try await poll(within: .seconds(60), every: .milliseconds(200)) {
                try await daemon.report(Self.ids[0], failure)
                return try await daemon.gateway(Self.ids[0])["state"].text == "failed"
            }
            #expect(failed)
            return gateway
        }

        private func name(_ name: String, _ browser: Browser) async throws {
            try await browser.open("/profile")
            try await browser.fill("Name", with: name)
            try await browser.click(.button, "Change the name")
            try await browser.waitForText("The name is changed.")
        }

        private func look(at paths: [String], _ browser: Browser) async throws {
            for path in paths {
                try await browser.open(path)
                try await expectInert(browser)
                try await browser.picture("hostile" + path.prefix { $0 != "?" && $0 != "%" }.replacing("/", with: "-"))
            }
        }

        private func confirm(_ browser: Browser) async throws {
            try await browser.open("/upgrade?company=" + Self.encoded(Self.company))
            try await browser.click(.checkbox, "Choose all shown here")
            try await browser.click(.button, "Upgrade the checked gateways")
            try await browser.waitForText("Send version 1.2 to 8 gateways?")
            try await expectInert(browser)
            try await browser.open("/upgrade")
            try await browser.click(.button, "Upgrade all of this company")
            try await browser.waitForPage("/upgrade/confirm")
            try await expectInert(browser)
        }

        private func expectInert(_ browser: Browser, sourceLocation: SourceLocation = #_sourceLocation) async throws {
            let intruders: [String] = try await browser.evaluate(
                #"""
                const found = window.hit === undefined ? [] : ["a script that ran"];
                for (const one of document.querySelectorAll("*")) {
                  if (["img", "iframe", "object", "embed", "style", "base"].includes(one.localName)) found.push(one.outerHTML);
                  if (one.localName === "script" && one.getAttribute("src") !== "/script.js") found.push(one.outerHTML);
                  for (const { name, value } of one.attributes) {
                    const leads = ["href", "src", "action", "formaction"].includes(name);
                    if (/^(on|data-hit)/.test(name) || (leads && !/^[/#]/.test(value))) found.push(`${name}=${value}`);
                  }
                }
                const words = document.title + document.documentElement.innerText;
                return found.concat(words.match(/[\u200B\u200E\u200F\u202A-\u202E\u2066-\u2069]/g)?.map(escape) ?? []);
                """#)
            let place = try await browser.location
            #expect(intruders.isEmpty, "\(place): \(intruders)", sourceLocation: sourceLocation)
            try await browser.expectNoFaults(widths: [1280, 390], schemes: ["light"], sourceLocation: sourceLocation)
        }
    }
}
