import Foundation
import ProgramSupport
import Testing

/// What people take the parts of a page for.
enum Role: String {
    case button
    case link
    /// What one writes into.
    case field
    case checkbox
    /// One of several, from a list that opens.
    case choice
    case heading
}

/// What people do at a page: they find things by what these are and what they are called.
extension Browser {
    /// The visible thing with this name; nil if there is none. A name that begins so is good enough if none is the same.
    func find(_ role: Role, _ name: String) async throws -> Element? {
        try await evaluate(Self.finding, [role.rawValue, name])
    }

    func has(_ role: Role, _ name: String) async throws -> Bool { try await find(role, name) != nil }

    /// The names of everything visible of this kind.
    func names(of role: Role, in part: String = "body") async throws -> [String] {
        try await evaluate(Self.naming + "return all(arguments[0], arguments[1]).map(name)", [role.rawValue, part])
    }

    func click(_ role: Role, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        // The page may change between the finding and the clicking.
        try await wait(for: "the \(role) \"\(name)\" to click", sourceLocation: sourceLocation) {
            guard let element = try await find(role, name) else { return false }
            // What stays at the edge of a window may cover it.
            try await run("arguments[0].scrollIntoView({ block: 'nearest', behavior: 'instant' })", [element.argument])
            try await driver.post("/element/\(element.id)/click")
            return true
        }
    }

    /// Writes into a field, in place of what stood there.
    func fill(
        _ name: String, with text: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await wait(for: "the field \"\(name)\"", sourceLocation: sourceLocation) {
            guard let element = try await find(.field, name) else { return false }
            try await driver.post("/element/\(element.id)/clear")
            try await driver.post("/element/\(element.id)/value", ["text": text])
            return true
        }
    }

    /// Chooses a file, as by the dialogue of a file field.
    func choose(file path: String, in name: String) async throws {
        try await wait(for: "the field \"\(name)\"") {
            guard let element = try await find(.field, name) else { return false }
            try await driver.post("/element/\(element.id)/value", ["text": path])
            return true
        }
    }

    /// Chooses from a list.
    func choose(
        _ option: String, in name: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await wait(for: "\"\(option)\" in the list \"\(name)\"", sourceLocation: sourceLocation) {
            guard let list = try await find(.choice, name) else { return false }
            let found: Element? = try await evaluate(
                "return [...arguments[0].options].find((one) => one.text.trim() === arguments[1])",
                [list.argument, option])
            guard let found else { return false }
            try await driver.post("/element/\(found.id)/click")
            return try await evaluate("return arguments[0].selected", [found.argument])
        }
    }

    /// What the row of a table says whose header has these words; nil if there is no such row.
    func row(_ header: String) async throws -> String? {
        try await evaluate(
            """
            return [...document.querySelectorAll("tr")].find((row) =>
              row.querySelector("th[scope=row]")?.innerText.split(/\\s+/).includes(arguments[0]))?.innerText
            """, [header])
    }

    func waitForRow(
        _ header: String, toSay words: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await wait(for: "the row of \(header) to say \"\(words)\"", sourceLocation: sourceLocation) {
            try await row(header)?.contains(words) == true
        }
    }

    /// The gateways of which rows, page and address alike say that their histories are open, in the order of the page.
    var unfolded: [String] {
        get async throws {
            let shown: [String] = try await evaluate(
                """
                return [...document.querySelectorAll(".unfold[aria-expanded=true]")].filter((link) =>
                  document.getElementById(link.getAttribute("aria-controls"))?.checkVisibility()
                  && link.closest("tr").nextElementSibling.contains(document.getElementById(link.getAttribute("aria-controls"))))
                  .map((link) => link.closest("[data-gateway]").dataset.gateway)
                """)
            let query = URLComponents(string: try await location)?.queryItems
            let asked = query?.first { $0.name == "unfold" }?.value?.split(separator: "/").map(String.init) ?? []
            return shown.sorted() == asked.sorted() ? shown : ["shown"] + shown + ["asked for"] + asked
        }
    }

    /// What the open history of a gateway says; nil if it is folded.
    func history(of id: String) async throws -> String? {
        try await evaluate(
            "return document.querySelector(`.unfolded [aria-label='History of ${arguments[0]}']`)?.innerText", [id])
    }

    /// Logs in on the page for it, which is shown.
    func enter(_ username: String, password: String) async throws {
        try await fill("User name", with: username)
        try await fill("Password", with: password)
        try await click(.button, "Log in")
    }

    /// Comes as somebody, and sees the dashboard.
    func logIn(_ username: String, password: String = Daemon.password) async throws {
        try await open("/login")
        try await enter(username, password: password)
        try await waitForPage("/")
    }

    func logOut() async throws {
        try await click(.button, "Log out")
        try await waitForPage("/login")
    }

    /// Waits until the page has asked which releases there are, and has told of what is new to it.
    func waitForReleasesToBeKnown(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await wait(for: "the page to ask for the releases", sourceLocation: sourceLocation) {
            try await evaluate(
                """
                const asked = performance.getEntriesByType("resource").some((one) => one.name.includes("/api/v1/releases?"));
                // The answer is read in the tasks that follow.
                return asked && new Promise((done) => setTimeout(() => done(true), 50));
                """)
        }
    }

    /// Makes a mark that a reload would wipe off.
    func mark() async throws { try await run("window.isMarked = true") }

    /// Whether the page is still the one that was marked.
    var isMarked: Bool {
        get async throws { try await evaluate("return window.isMarked === true") }
    }

    private static let naming = """
        const kinds = {
          button: "button, [role=button], input[type=submit]",
          link: "a[href]",
          field: "input:not([type=hidden], [type=checkbox], [type=submit]), textarea",
          checkbox: "input[type=checkbox]",
          choice: "select",
          heading: "h1, h2, h3, h4",
        };
        const plain = (text) => text.replace(/\\s+/g, " ").trim();
        function name(element) {
          const by = element.getAttribute("aria-labelledby");
          const label = element.getAttribute("aria-label")
            ?? by?.split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join(" ")
            ?? (element.labels?.length ? [...element.labels].map((one) => one.textContent).join(" ") : null);
          return plain(label ?? element.textContent);
        }
        const all = (kind, part) => [...document.querySelectorAll(part)].flatMap((one) => [...one.querySelectorAll(kinds[kind])])
          .filter((one) => one.checkVisibility({ visibilityProperty: true }));

        """

    private static let finding =
        naming + """
            const [kind, wanted] = arguments;
            const found = all(kind, "body");
            return found.find((one) => name(one) === wanted) ?? found.find((one) => name(one).startsWith(wanted)) ?? null;
            """
}

/// Who and what the tests have at their daemons.
extension Daemon {
    /// What everybody's password is whom ``add(_:role:company:)`` adds.
    static let password = "a good password"

    /// Runs a verb that must succeed.
    func must(_ arguments: String..., input: String? = nil) async throws {
        let outcome = try await Program.run("umctl", ["--data", data] + arguments, input: input)
        try #require(outcome.status == 0, "umctl \(arguments.joined(separator: " ")): \(outcome.errors)")
    }

    func add(_ username: String, role: String, company: String) async throws {
        try await must(
            "user", "add", username, "--role", role, "--company", company, "--password-stdin",
            input: Self.password + "\n")
    }

    /// Starts a gateway, and waits until the daemon knows it.
    func simulate(_ id: String, company: String, _ options: String...) async throws -> Program {
        let connection = mode == .tls ? ["--ca", authority] : ["--nossl"]
        let gateway = try Program(
            "gateway-sim", [id, company, "--port", "\(mqttPort)"] + connection + options)
        try await expect(id, "online", is: "1", within: .seconds(60))
        return gateway
    }
}
