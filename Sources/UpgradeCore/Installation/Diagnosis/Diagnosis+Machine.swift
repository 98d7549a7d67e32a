import CPosix
import FoundationEssentials
import Glibc

/// What the machine gives: space, descriptors and the time.
extension Diagnosis {
    /// With less free space than this, uploads and backups are about to fail.
    private static let scarceDisk: Int64 = 1 << 30
    /// With less than this, so is everything else.
    private static let noDisk: Int64 = 16 << 20
    /// What a daemon needs beside one descriptor for each gateway.
    private static let ownDescriptors = 256
    /// 2025 and 2100, in milliseconds since 1970.
    private static let plausibleTimes: ClosedRange<Int64> = 1_735_689_600_000...4_102_444_800_000
    /// Clocks are set back by so much when they are set right.
    private static let clockTolerance: Int64 = 60_000

    func diskFinding() -> Finding {
        var status = statvfs()
        guard statvfs(folder.path, &status) == 0 else { return Finding("disk", .warning, systemProblem()) }
        let free = Int64(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
        let backup = Self.size(of: folder.database) + Self.size(of: folder.releases)
        let needed = max(Self.scarceDisk, backup)
        let text = "\(free >> 20) MiB free; a backup takes \((backup >> 20) + 1) MiB"
        guard free >= Self.noDisk else {
            return Finding(
                "disk", .broken,
                "\(text); nothing can be stored, and so nothing is acknowledged: make room on the file system of \(folder.path)"
            )
        }
        return free < needed
            ? Finding("disk", .warning, "\(text); make room for at least \((needed >> 20) + 1) MiB")
            : Finding("disk", .ok, text)
    }

    /// Whether as many files can be open as there are gateways.
    func descriptorFinding(gateways: Int) -> Finding {
        let (limit, whose) = descriptorLimit
        let needed = gateways + Self.ownDescriptors
        let text = "\(whose) may have \(limit) files open, for \(gateways) gateways"
        return limit < needed
            ? Finding(
                "descriptors", .warning,
                "\(text); have at least \(needed), with LimitNOFILE= in the systemd unit or 'ulimit -n' before umd is started"
            )
            : Finding("descriptors", .ok, text)
    }

    /// The hard limit, to which a daemon raises its own: that of the daemon if one runs.
    private var descriptorLimit: (limit: Int, whose: String) {
        let owner = (try? String(contentsOfFile: folder.lock, encoding: .utf8))?.split(separator: "\n").first
        if isInUse, let owner, let limits = try? String(contentsOfFile: "/proc/\(owner)/limits", encoding: .utf8),
            let line = limits.split(separator: "\n").first(where: { $0.hasPrefix("Max open files") }),
            let hard = line.split(separator: " ").dropFirst(4).first
        {
            return (Int(hard) ?? .max, "the daemon")
        }
        var limits = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) == 0 else { return (.max, "a daemon") }
        return (Int(clamping: limits.rlim_max), "a daemon started from here")
    }

    /// Whether the wall clock can be right.
    func clockFinding(newestEvent: Timestamp?) -> Finding {
        let time = now.rfc3339
        guard Self.plausibleTimes.contains(now.milliseconds) else {
            return Finding(
                "clock", .broken,
                "it says \(time), which cannot be; certificates do not hold then: set it, by NTP if there is any")
        }
        if let newestEvent, now.milliseconds + Self.clockTolerance < newestEvent.milliseconds {
            return Finding(
                "clock", .warning,
                "it says \(time), and the database has an event of \(newestEvent.rfc3339): one of them is wrong; set the clock, by NTP if there is any"
            )
        }
        return Finding("clock", .ok, time)
    }
}
