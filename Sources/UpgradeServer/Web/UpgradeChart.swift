import UpgradeAPI
import UpgradeCore

/// What became of upgrades over time, as bars: those of confirmed ones stand on a line, those of failed and timed out ones hang from it,
/// so that they are told apart without colour.
struct UpgradeChart {
    /// What one bar stands for.
    enum Step {
        case day
        case hour

        /// Bars from one label to the next.
        fileprivate var labelled: Int { self == .day ? 1 : 3 }
        fileprivate var words: String { self == .day ? "14 days" : "24 hours" }
    }

    let step: Step
    /// The latest last.
    let outcomes: [DeploymentService.Outcomes]

    /// Pixels, except for what is along the axis of time: that is in hundredths of a per cent of the chart's width.
    private enum Measure {
        static let top = 8
        static let height = 140
        static let labels = top + height + 18
        static let sublabels = labels + 15
        static let whole = sublabels + 6
        /// What is there is seen.
        static let least = 3
        /// Labels of the other axis that are closer than this would overlap.
        static let apart = 14
        static let left = 800
        static let right = 10_000
    }

    private func confirmed(_ outcome: DeploymentService.Outcomes) -> Int { outcome.counts[.confirmed] }
    private func failed(_ outcome: DeploymentService.Outcomes) -> Int {
        outcome.counts[.failed] + outcome.counts[.timedOut]
    }

    /// What the template shows.
    var fields: [String: Any] {
        let up = outcomes.map(confirmed)
        let down = outcomes.map(failed)
        let sums = (confirmed: up.reduce(0, +), failed: down.reduce(0, +))
        let scale = Scale(up: up.max() ?? 0, down: down.max() ?? 0)
        return [
            "isEmpty": sums.confirmed + sums.failed == 0, "span": step.words, "isByDay": step == .day,
            "confirmed": sums.confirmed, "failed": sums.failed, "height": Measure.whole,
            "left": Self.percent(Measure.left), "base": scale.base, "lines": scale.lines,
            "bars": outcomes.indices.map { bar($0, scale) }, "labels": labels,
            "rows": outcomes.map { outcome in
                [
                    "start": moment(outcome), "confirmed": outcome.counts[.confirmed],
                    "failed": outcome.counts[.failed], "timedOut": outcome.counts[.timedOut],
                    "cancelled": outcome.counts[.cancelled],
                ] as [String: Any]
            },
        ]
    }

    private func bar(_ index: Int, _ scale: Scale) -> [String: Any] {
        let outcome = outcomes[index]
        let (start, width) = slot(index)
        let counts = outcome.counts
        var bar: [String: Any] = [
            "slot": Self.percent(start), "slotWidth": Self.percent(width), "x": Self.percent(start + width * 18 / 100),
            "width": Self.percent(width * 64 / 100),
            "title":
                "\(moment(outcome)): \(counts[.confirmed]) confirmed, \(counts[.failed]) failed, \(counts[.timedOut]) timed out",
        ]
        let up = scale.length(confirmed(outcome))
        if up > 0 { bar["up"] = ["y": scale.base - up, "length": up] }
        let down = scale.length(failed(outcome))
        if down > 0 { bar["down"] = ["y": scale.base, "length": down] }
        return bar
    }

    /// Where the place of a bar starts, and how wide it is.
    private func slot(_ index: Int) -> (start: Int, width: Int) {
        let width = (Measure.right - Measure.left) / max(outcomes.count, 1)
        return (Measure.left + index * width, width)
    }

    /// Below each bar, or each third, the day or the hour; below these, where it begins, the month or the day.
    private var labels: [[String: Any]] {
        let moments = outcomes.map { Moment($0.start) }
        let groups = moments.map { step == .day ? $0.month : $0.date }
        let change = groups.indices.dropFirst().first { groups[$0] != groups[$0 - 1] }
        return moments.indices.flatMap { index -> [[String: Any]] in
            let (start, width) = slot(index)
            func label(_ text: String, at y: Int) -> [String: Any] {
                ["x": Self.percent(start + width / 2), "y": y, "text": text]
            }
            var labels: [[String: Any]] = []
            let text = step == .day ? moments[index].day : moments[index].hour
            let isLabelled = step == .day || (Int(text) ?? 0) % step.labelled == 0
            if isLabelled { labels.append(label(text, at: Measure.labels)) }
            // The name of what ends a few bars later would run into that of the next.
            if index == change || (index == 0 && (change ?? outcomes.count) > 3) {
                labels.append(label(groups[index], at: Measure.sublabels))
            }
            return labels
        }
    }

    private func moment(_ outcome: DeploymentService.Outcomes) -> String {
        let moment = Moment(outcome.start)
        return step == .day ? moment.date : "\(moment.date), \(moment.hour):00"
    }

    /// `1234` as `12.34%`.
    private static func percent(_ hundredths: Int) -> String {
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)%"
    }

    /// Numbers as lengths, the same above the line and below.
    private struct Scale {
        private let up: Int
        private let down: Int

        init(up: Int, down: Int) {
            (self.up, self.down) = (Self.round(up), Self.round(down))
        }

        /// Where the line is from which the bars start.
        var base: Int { Measure.top + pixels(up) }

        func length(_ count: Int) -> Int { count == 0 ? 0 : max(Measure.least, pixels(count)) }

        private func pixels(_ count: Int) -> Int {
            let whole = max(up + down, 1)
            return (count * Measure.height + whole / 2) / whole
        }

        /// The lines of the numbers that have a label, the top and the bottom of the chart among them if there is room.
        var lines: [[String: Any]] {
            let counts = [up, up % 2 == 0 && pixels(up / 2) >= 2 * Measure.apart ? up / 2 : 0, 0, -down]
            return Set(counts).sorted(by: >).filter { $0 == 0 || pixels(abs($0)) >= Measure.apart }.map { count in
                let y = base + (count < 0 ? pixels(-count) : -pixels(count))
                return ["y": y, "label": y + 4, "count": Self.short(abs(count)), "isBase": count == 0]
            }
        }

        /// The next number that is good to read on an axis: one, two, four, five, six or eight and zeros.
        private static func round(_ count: Int) -> Int {
            var power = 1
            while power <= count / 10 { power *= 10 }
            return [1, 2, 4, 5, 6, 8, 10].map { $0 * power }.first { $0 >= count && count > 0 } ?? 0
        }

        private static func short(_ count: Int) -> String { count >= 10_000 ? "\(count / 1000)k" : "\(count)" }
    }

    /// A time in UTC, as it is read on an axis.
    private struct Moment {
        private static let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]

        let month: String
        let day: String
        let hour: String
        /// `3 Nov`.
        var date: String { "\(day) \(month)" }

        init(_ time: Timestamp) {
            let parts = RFC3339Time(time).description.split { "-T:".contains($0) }
            func number(_ index: Int) -> Int { index < parts.count ? Int(parts[index]) ?? 0 : 0 }
            month = Self.months[max(0, min(11, number(1) - 1))]
            day = String(number(2))
            hour = number(3) < 10 ? "0\(number(3))" : String(number(3))
        }
    }
}
