import Testing

/// The pages as people meet them: in Debian's chromium, with the real programs behind them.
///
/// One browser at a time: a machine with few cores has enough to do with that.
@Suite("Pages in Chromium", .serialized) enum BrowserTests {}
