import Foundation
import ProgramSupport
import Testing

/// A chromium that Debian's driver drives, as one person at one window of one daemon.
final class Browser: Sendable {
    /// How a chromium is started.
    enum Scripts: Sendable {
        case on
        case off
    }

    /// Something that did not come about in time.
    struct DidNotHappen: Error { var what: String }

    let driver: WebDriver
    let daemon: Daemon

    private init(driver: WebDriver, daemon: Daemon) {
        self.driver = driver
        self.daemon = daemon
    }

    /// Starts a chromium in a folder of its own, runs the body, and ends the chromium whatever happened.
    static func with(
        _ daemon: Daemon, scripts: Scripts = .on, _ body: (Browser) async throws -> Void
    ) async throws {
        try await TemporaryFolder.with { folder in
            let (program, address) = try await startDriver(in: folder)
            let session: Session
            do {
                session = try await WebDriver(address: address).post(
                    "/session", ["capabilities": ["alwaysMatch": capabilities(folder: folder, scripts: scripts)]])
            } catch {
                program.kill()
                throw error
            }
            let browser = Browser(
                driver: WebDriver(address: address + "/session/" + session.sessionId), daemon: daemon)
            let outcome: Result<Void, any Error>
            do {
                outcome = .success(try await body(browser))
            } catch {
                outcome = .failure(error)
            }
            try? await browser.driver.delete()
            // The driver has asked it to end; one that hangs must not outlive the test.
            _ = await poll { !session.isRunning }
            if session.isRunning { kill(session.processID, SIGKILL) }
            // The driver has nothing left to do, and takes its time over a gentler signal.
            program.kill()
            _ = try await program.end()
            try outcome.get()
        }
    }

    private static func startDriver(in folder: String) async throws -> (Program, address: String) {
        var errors = ""
        // It takes a port that is free in one family of addresses, and fails if it is not in the other.
        for _ in 0..<5 {
            let driver = try Program(
                "/usr/bin/chromedriver", ["--port=0"], environment: ["HOME": folder, "TMPDIR": folder])
            while let line = await driver.nextLine() {
                if let port = line.firstMatch(of: /successfully on port ([0-9]+)/) {
                    return (driver, "http://127.0.0.1:\(port.1)")
                }
            }
            driver.kill()
            errors = driver.errorsSoFar
        }
        throw DidNotHappen(what: "chromedriver did not start: \(errors)")
    }

    private static func capabilities(folder: String, scripts: Scripts) -> [String: Any] {
        var arguments = [
            "--headless=new", "--user-data-dir=\(folder)/profile", "--disable-gpu", "--disable-dev-shm-usage",
            "--disable-background-networking", "--disable-component-update", "--no-first-run",
        ]
        // The sandbox does not start for root, as whom tests run in a container.
        if getuid() == 0 { arguments.append("--no-sandbox") }
        var preferences: [String: Any] = ["credentials_enable_service": false]
        if scripts == .off { preferences["profile.managed_default_content_settings.javascript"] = 2 }
        return [
            "browserName": "chrome",
            "goog:chromeOptions": ["binary": "/usr/bin/chromium", "args": arguments, "prefs": preferences],
            "goog:loggingPrefs": ["browser": "ALL", "performance": "ALL"],
            "timeouts": ["pageLoad": 120_000, "script": 120_000],
        ]
    }

    private struct Session: Decodable {
        var sessionId: String
        var capabilities: Capabilities

        struct Capabilities: Decodable {
            var processID: Int32

            private enum CodingKeys: String, CodingKey {
                case processID = "goog:processID"
            }
        }

        var processID: Int32 { capabilities.processID }
        var isRunning: Bool { kill(processID, 0) == 0 }
    }
}

extension Browser {
    /// Goes to a page of the daemon's, as by its address bar.
    func open(_ path: String) async throws {
        try await driver.post("/url", ["url": daemon.http + path])
    }

    /// Opens another window of the same person's, and goes on there.
    ///
    /// - Returns: The window that was left.
    func openWindow() async throws -> String {
        let window: String = try await driver.get("/window")
        let other: Window = try await driver.post("/window/new", ["type": "tab"])
        try await switchTo(other.handle)
        return window
    }

    func switchTo(_ window: String) async throws { try await driver.post("/window", ["handle": window]) }

    private struct Window: Decodable {
        var handle: String
    }

    func reload() async throws { try await driver.post("/refresh") }

    /// The path of the page that is shown, and its query.
    var location: String {
        get async throws {
            let url: String = try await driver.get("/url")
            return url.hasPrefix(daemon.http) ? String(url.dropFirst(daemon.http.count)) : url
        }
    }

    /// Runs the body of a function in the page; `arguments` are its arguments.
    func evaluate<Value: Decodable>(_ script: String, _ arguments: [Any] = []) async throws -> Value {
        try await driver.post("/execute/sync", ["script": script, "args": arguments])
    }

    /// Runs a script of which the answer does not matter.
    func run(_ script: String, _ arguments: [Any] = []) async throws {
        try await driver.post("/execute/sync", ["script": script, "args": arguments])
    }

    /// A command of the DevTools protocol.
    func devTools(_ command: String, _ parameters: [String: Any]) async throws {
        try await driver.post("/goog/cdp/execute", ["cmd": command, "params": parameters])
    }

    /// Everything that the page shows as text.
    var text: String {
        get async throws { try await evaluate("return document.body.innerText") }
    }

    func shows(_ words: String) async throws -> Bool { try await text.contains(words) }

    /// Gives the page the width and height that people with such a window have.
    func resize(width: Int, height: Int = 900) async throws {
        try await devTools(
            "Emulation.setDeviceMetricsOverride",
            ["width": width, "height": height, "deviceScaleFactor": 1, "mobile": false])
    }

    /// Presses keys, at whatever has the focus.
    func press(_ keys: Key..., shift: Bool = false) async throws {
        var actions: [[String: String]] = []
        if shift { actions.append(["type": "keyDown", "value": Key.shift.rawValue]) }
        for key in keys {
            actions.append(["type": "keyDown", "value": key.rawValue])
            actions.append(["type": "keyUp", "value": key.rawValue])
        }
        if shift { actions.append(["type": "keyUp", "value": Key.shift.rawValue]) }
        try await driver.post("/actions", ["actions": [["type": "key", "id": "keyboard", "actions": actions]]])
    }

    /// Writes a picture of the page into the folder that `UM_SCREENSHOTS` names, if it names one.
    func picture(_ name: String) async throws {
        guard let folder = ProcessInfo.processInfo.environment["UM_SCREENSHOTS"] else { return }
        let encoded: String = try await driver.get("/screenshot")
        let file = URL(filePath: folder).appending(path: name + ".png")
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(base64Encoded: encoded)?.write(to: file)
    }
}

/// Keys, by the characters that the protocol has for them.
enum Key: String {
    case tab = "\u{E004}"
    case enter = "\u{E007}"
    case shift = "\u{E008}"
    case space = " "
    case down = "\u{E015}"
}

extension Browser {
    /// Waits until something is so; what takes longer is a failure, with what the page shows.
    func wait(
        for what: String, within limit: Duration = .seconds(120), sourceLocation: SourceLocation = #_sourceLocation,
        _ condition: () async throws -> Bool
    ) async throws {
        var last: (any Error)?
        let came = await poll(within: limit, every: .milliseconds(100)) {
            do {
                return try await condition()
            } catch {
                // While a page gives way to the next there is nothing to ask.
                last = error
                return false
            }
        }
        guard !came else { return }
        let place = (try? await location) ?? "an unknown place"
        let shown = (try? await text) ?? "nothing"
        let problem = last.map { " (\($0))" } ?? ""
        Issue.record("Not seen: \(what)\(problem). At \(place):\n\(shown.prefix(3000))", sourceLocation: sourceLocation)
        try? await picture("failed-\(UInt32.random(in: 0 ... .max))")
        throw DidNotHappen(what: what)
    }

    func waitForText(_ words: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await wait(for: words, sourceLocation: sourceLocation) { try await shows(words) }
    }

    func waitForPage(_ path: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await wait(for: "the page \(path)", sourceLocation: sourceLocation) {
            guard try await location.prefix(while: { $0 != "?" }) == path else { return false }
            return try await evaluate("return document.readyState") == "complete"
        }
    }
}
