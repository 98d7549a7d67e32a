import ProgramSupport
import Testing

extension BrowserTests {
    @Suite("Log-in", .timeLimit(.minutes(30))) struct LogInTests {
        private let start = (username: "super@gushenxing.com", password: "gushenxing123")

        @Test("The start password opens nothing but its own change")
        func firstLogIn() async throws {
            try await Daemon.with(mode: .tls) { daemon in
                try await Browser.with(daemon) { browser in
                    try await browser.open("/")
                    try await browser.waitForPage("/login")
                    try await browser.enter(start.username, password: start.password)
                    try await browser.waitForPage("/profile")
                    try await browser.waitForText("Change the password before anything else")
                    for path in ["/", "/upgrade", "/releases", "/users", "/companies", "/events"] {
                        try await browser.open(path)
                        try await browser.waitForPage("/profile")
                    }
                    try await browser.fill("Present password", with: start.password)
                    try await browser.fill("New password", with: Daemon.password)
                    try await browser.fill("New password again", with: Daemon.password)
                    try await browser.click(.button, "Change the password")
                    try await browser.waitForPage("/")
                    #expect(try await browser.has(.link, "Upgrade"))

                    try await browser.logOut()
                    try await browser.enter(start.username, password: start.password)
                    try await browser.waitForText("The user name or the password is wrong.")
                    try await browser.logIn(start.username)
                }
            }
        }

        @Test("A wrong pair is wrong, whichever half it is; a right one leads where one was going")
        func wrongAndRight() async throws {
            try await Daemon.with(mode: .tls) { daemon in
                try await daemon.add("ada", role: "super", company: "1")
                try await Browser.with(daemon) { browser in
                    try await browser.open("/users")
                    try await browser.waitForPage("/login")
                    var answers: [String] = []
                    for (username, password) in [("ada", "a guess"), ("nobody", Daemon.password)] {
                        try await browser.open("/login?next=/users")
                        try await browser.enter(username, password: password)
                        try await browser.waitForText("The user name or the password is wrong.")
                        try await answers.append(browser.text)
                        #expect(
                            try await browser.names(of: .link, in: "body") == ["To the content", "Upgrade Manager"])
                    }
                    #expect(Set(answers).count == 1)

                    try await browser.open("/users")
                    try await browser.waitForPage("/login")
                    try await browser.enter("ada", password: Daemon.password)
                    try await browser.waitForPage("/users")
                    #expect(try await browser.evaluate("return document.cookie") == "")
                    try await browser.open("/login")
                    try await browser.waitForPage("/")

                    try await browser.logOut()
                    for path in ["/", "/users", "/profile"] {
                        try await browser.open(path)
                        try await browser.waitForPage("/login")
                    }
                    // What the browser remembers of a page that was protected is not shown either.
                    try await browser.driver.post("/back")
                    try await browser.driver.post("/back")
                    #expect(try await !browser.has(.heading, "Users"))
                }
            }
        }
    }
}
