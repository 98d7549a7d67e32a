import Testing

@testable import UpgradeServer

@Suite("The text log")
struct LogLinesTests {
    @Test("An entry is one line, whatever strangers put into it")
    func oneLine() {
        let entry = "info umd: client=a\nerror umd: forged\r\u{1B}[2J\u{85}\u{2028}\u{202E}b [x] refused\n"
        #expect(
            LogLines.line(entry)
                == #"info umd: client=a\nerror umd: forged\r\u{1B}[2J\u{0085}\u{2028}\u{202E}b [x] refused"# + "\n")
        #expect(LogLines.line("gwé 日本") == "gwé 日本\n")
        #expect(LogLines.line("") == "\n")
    }
}
