import Testing

/// The pages as people meet them: in Debian's chromium, with the real programs behind them.
///
/// Two tests at a time: they wait for much, but a machine with few cores has no room for more browsers.
@Suite("Pages in Chromium", .twoAtATime) enum BrowserTests {}
