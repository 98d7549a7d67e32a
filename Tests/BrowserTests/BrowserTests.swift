import Testing

/// The pages as people meet them: in Debian's chromium, with the real programs behind them.
///
/// Two tests at a time: they wait for much, but a machine with few cores has no room for more browsers. The time limits count the waiting.
@Suite("Pages in Chromium", .twoAtATime) enum BrowserTests {}
