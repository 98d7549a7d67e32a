import Foundation
import Testing

/// Where the keyboard is on a page.
struct Focus: Decodable, Sendable {
    /// What it is, by the name of its element.
    var tag: String
    /// What it is called; empty for the page itself.
    var name: String
    /// Its place among all that the key Tab stops at, in the order of the page; nil for what Tab does not lead to.
    var place: Int?
    /// Whether a line around it, of enough contrast, says where one is.
    var isOutlined: Bool
    /// Whether some of it lies in the window, and nothing covers it.
    var isInView: Bool
    /// Whether it lies in the page's own part, after its head.
    var isInMain: Bool
}

/// People without a mouse.
extension Browser {
    /// Something that one cannot get to.
    struct OutOfReach: Error { var what: String }

    var focus: Focus {
        get async throws { try await evaluate(Self.stops + Self.here) }
    }

    /// What Tab is to stop at, by names and in the order of the page.
    var stops: [String] {
        get async throws { try await evaluate(Self.stops + "return stops.map(called)") }
    }

    /// Types a text, at whatever has the focus.
    func type(_ text: String) async throws {
        let keys = text.map(String.init).flatMap {
            [["type": "keyDown", "value": $0], ["type": "keyUp", "value": $0]]
        }
        try await driver.post("/actions", ["actions": [["type": "key", "id": "keyboard", "actions": keys]]])
    }

    /// Goes on with Tab, or back, to something of this name, and sees where it is all the way.
    ///
    /// A name that begins so is good enough.
    func walk(to name: String, back: Bool = false, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        var way: [String] = []
        let most = try await stops.count + 2
        for _ in 0..<most {
            try await press(.tab, shift: back)
            let focus = try await focus
            way.append(focus.name)
            guard focus.place != nil else { continue }
            try await check(focus, sourceLocation)
            if focus.name == name || focus.name.hasPrefix(name + " ") { return }
        }
        Issue.record("Tab does not lead to \(name): \(way)", sourceLocation: sourceLocation)
        throw OutOfReach(what: name)
    }

    /// Goes through the whole page with Tab: everything is reached in its order, and the end is left again.
    func walkThrough(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        // From the very start, wherever the page has set the focus.
        try await run(
            "document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')")
        let stops = try await stops
        var reached: [Int] = []
        // A field of several parts, as one for a time, takes several.
        for _ in 0..<(stops.count * 2 + 20) where reached.last != stops.count - 1 {
            try await press(.tab)
            let focus = try await focus
            guard let place = focus.place else { continue }
            try await check(focus, sourceLocation)
            if place != reached.last { reached.append(place) }
        }
        let place = try await location
        #expect(reached == Array(stops.indices), "\(place): \(stops)", sourceLocation: sourceLocation)
        for _ in 0..<8 {
            try await press(.tab)
            if try await focus.place != stops.count - 1 { return }
        }
        Issue.record("\(place): no way on from \(stops.last ?? "")", sourceLocation: sourceLocation)
    }

    private func check(_ focus: Focus, _ sourceLocation: SourceLocation) async throws {
        let place = try await location
        #expect(focus.isOutlined, "\(place): nothing shows the focus on \(focus.name)", sourceLocation: sourceLocation)
        #expect(focus.isInView, "\(place): \(focus.name) has the focus out of sight", sourceLocation: sourceLocation)
    }

    private static let stops = #"""
        const called = (element) => (element.ariaLabel || element.labels?.[0]?.textContent || element.innerText
          || element.ariaLabelledByElements?.[0]?.innerText || "").replace(/\s+/g, " ").trim();
        const stops = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")].filter((one) =>
          one.tabIndex >= 0 && !one.disabled && one.type !== "hidden" && one.checkVisibility({ visibilityProperty: true }));

        """#

    private static let here = #"""
        const now = document.activeElement;
        const place = stops.indexOf(now);
        const style = getComputedStyle(now);
        const box = now.getBoundingClientRect();
        const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
        const light = (...colours) => {
          for (const colour of colours) {
            canvas.fillStyle = colour;
            canvas.fillRect(0, 0, 1, 1);
          }
          const data = canvas.getImageData(0, 0, 1, 1).data;
          return [0.2126, 0.7152, 0.0722].reduce((sum, share, part) => {
            const value = data[part] / 255;
            return sum + share * (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
          }, 0);
        };
        const behind = [];
        for (let one = now.parentElement; one; one = one.parentElement) behind.unshift(getComputedStyle(one).backgroundColor);
        const ground = light("white", ...behind);
        const line = light("white", ...behind, style.outlineColor);
        const contrast = (Math.max(ground, line) + 0.05) / (Math.min(ground, line) + 0.05);
        const middle = (one, other, end) => (Math.max(one, 0) + Math.min(other, end)) / 2;
        const there = document.elementFromPoint(middle(box.left, box.right, innerWidth), middle(box.top, box.bottom, innerHeight));
        return {
          tag: now.localName,
          name: place < 0 ? "" : called(now),
          place: place < 0 ? null : place,
          isOutlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 && contrast >= 3,
          isInView: there !== null && box.width > 1 && box.height > 1 && (now.contains(there) || there.contains(now)),
          isInMain: now.closest("main") !== null,
        };
        """#
}
