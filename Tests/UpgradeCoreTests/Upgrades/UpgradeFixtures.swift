import UpgradeCore

/// The operating time `seconds` after the start.
func at(_ seconds: Int) -> OperatingTime { OperatingTime(milliseconds: Int64(seconds) * 1000) }

func connection(_ number: Int) -> ConnectionID { ConnectionID(rawValue: UInt64(number)) }
