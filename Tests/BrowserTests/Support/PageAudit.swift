import ProgramSupport
import Testing

/// What is wrong with a page that somebody looks at, for any of them.
extension Browser {
    /// Looks at the page that is shown in windows of these widths, light and dark, and at what the browser says of it.
    func expectNoFaults(
        refusedAt form: String? = nil, widths: [Int] = [390, 768, 1280, 1920], schemes: [String] = ["light", "dark"],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let place = try await location
        for width in widths {
            try await resize(width: width)
            for scheme in schemes {
                try await devTools(
                    "Emulation.setEmulatedMedia", ["features": [["name": "prefers-color-scheme", "value": scheme]]])
                let faults = try await faults()
                #expect(faults.isEmpty, "\(place), \(width) wide, \(scheme): \(faults)", sourceLocation: sourceLocation)
            }
        }
        // That the page itself is a refusal is noted, too; the answer to a form has another address afterwards.
        let refusal = daemon.http + (form ?? place) + " - Failed to load resource"
        let complaints = try await complaints().filter { !$0.hasPrefix(refusal) }
        #expect(complaints.isEmpty, "\(place): \(complaints)", sourceLocation: sourceLocation)
    }

    /// One line for each fault: of its width, its landmarks and headings, the names of its controls, the contrast of its texts.
    func faults() async throws -> [String] { try await evaluate(Self.audit) }

    private static let audit = #"""
        const faults = [];
        const shown = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
        const called = (element) => {
          const classes = element.className?.baseVal ?? element.className;
          return element.tagName.toLowerCase() + (element.id ? "#" + element.id : "") + (classes ? "." + classes : "")
            + " " + JSON.stringify((element.innerText ?? "").trim().slice(0, 40));
        };

        const room = document.documentElement.clientWidth;
        if (document.documentElement.scrollWidth > room) {
          const widest = [...document.body.querySelectorAll("*")].filter((one) => one.getBoundingClientRect().right > room + 1).pop();
          faults.push(`${document.documentElement.scrollWidth} pixels wide in a window of ${room}: ${widest ? called(widest) : ""}`);
        }

        for (const one of document.body.querySelectorAll("*")) {
          const style = getComputedStyle(one);
          const hasText = [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
          if (hasText && shown(one) && style.display !== "inline" && style.overflowX === "visible" && one.scrollWidth > one.clientWidth + 1
            && !one.closest("svg, select, .unseen, .skip")) faults.push(`text runs out of ${called(one)}`);
        }

        const headings = document.querySelectorAll("h1").length;
        if (headings !== 1) faults.push(`${headings} headings of the first level`);
        const mains = document.querySelectorAll("main").length;
        if (mains !== 1) faults.push(`${mains} main landmarks`);
        if (!document.title) faults.push("no title");
        if (!document.documentElement.lang) faults.push("no language");
        const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
        for (const id of new Set(ids.filter((id, place) => ids.indexOf(id) !== place))) faults.push(`twice the id ${id}`);
        let level = 1;
        for (const heading of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
          const next = Number(heading.tagName[1]);
          if (next > level + 1) faults.push(`a heading of level ${next} after one of level ${level}: ${called(heading)}`);
          level = next;
        }

        const named = (element) => element.getAttribute("aria-label")?.trim()
          || (element.getAttribute("aria-labelledby") ?? "").split(" ").some((id) => document.getElementById(id)?.textContent.trim())
          || [...(element.labels ?? [])].some((label) => label.textContent.trim());
        for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea, progress, [role=region]"))
          if (shown(field) && !named(field)) faults.push(`nothing says what this is: ${called(field)} ${field.name ?? ""}`);
        for (const control of document.querySelectorAll("a[href], button, summary"))
          if (shown(control) && !named(control) && !control.textContent.trim()) faults.push(`no name: ${called(control)}`);
        for (const image of document.querySelectorAll("img, svg"))
          if (!image.closest("[aria-hidden=true]") && !image.getAttribute("alt") && !named(image)
            && !image.querySelector("title")) faults.push(`no text in place of ${called(image)}`);

        for (const table of document.querySelectorAll("table"))
          if (!table.caption?.textContent.trim()) faults.push(`a table without a caption: ${called(table)}`);
        for (const header of document.querySelectorAll("th"))
          if (!header.scope) faults.push(`what is this a header of? ${called(header)}`);

        // What fingers are to hit; links within a text are as high as the text.
        if (innerWidth < 640) {
          for (const control of document.querySelectorAll("button, select, summary, input:not([type=hidden]), nav a, .tasks a")) {
            const { height } = (control.closest("label") ?? control).getBoundingClientRect();
            if (shown(control) && height < 39.5) faults.push(`only ${height} pixels high: ${called(control)} ${control.name ?? ""}`);
          }
        }

        // Contrast as WCAG 2 reckons it: 4.5, for large texts 3.
        const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
        const pixel = (...colours) => {
          canvas.clearRect(0, 0, 1, 1);
          for (const colour of colours) {
            canvas.fillStyle = colour;
            canvas.fillRect(0, 0, 1, 1);
          }
          return canvas.getImageData(0, 0, 1, 1).data;
        };
        const light = (data) => [0.2126, 0.7152, 0.0722].reduce((sum, share, place) => {
          const part = data[place] / 255;
          return sum + share * (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        }, 0);
        const grounds = (element) => {
          const all = [];
          for (let one = element; one; one = one.parentElement) all.unshift(getComputedStyle(one).backgroundColor);
          return [matchMedia("(prefers-color-scheme: dark)").matches ? "black" : "white", ...all];
        };
        const told = new Set();
        const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
          const element = texts.currentNode.parentElement;
          if (!texts.currentNode.data.trim() || !shown(element) || element.closest("option, script, noscript, :disabled, .unseen, .skip")) continue;
          const style = getComputedStyle(element);
          const behind = grounds(element);
          const one = light(pixel(...behind, style.color));
          const other = light(pixel(...behind));
          const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
          const size = parseFloat(style.fontSize);
          const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
          const words = `contrast ${contrast.toFixed(2)} of ${style.color} in ${called(element)}`;
          if (contrast < (isLarge ? 3 : 4.5) && !told.has(element.className)) {
            told.add(element.className);
            faults.push(words);
          }
        }
        return faults;
        """#
}
