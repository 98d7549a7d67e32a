/// A form as it stands on a page, with what a browser sends of it when nothing is typed.
struct PageForm: Hashable {
    let action: String
    let fields: [String: String]
    /// What each button adds.
    let buttons: [[String: String]]

    /// The forms that are sent by POST, but for those whose fields are named by an id that is not plain.
    static func all(in page: String) -> [PageForm] {
        page.matches(of: #/<form (?:id="(?:order|upload)" )?method="post" action="([^"]*)"(?s:(.*?))</form>/#)
            .compactMap {
                form -> PageForm? in
                var fields: [String: String] = [:]
                var buttons: [[String: String]] = []
                for element in form.output.2.matches(of: #/<(input|select|button)([^>]*)>/#) {
                    let attributes = element.output.2
                    guard let name = attributes.firstMatch(of: #/ name="([^"]*)"/#)?.output.1 else { continue }
                    if name.contains("&") || name.contains(" ") { return nil }
                    let value = attributes.firstMatch(of: #/ value="([^"]*)"/#).map { String($0.output.1) } ?? ""
                    if element.output.1 == "button" {
                        buttons.append([String(name): value])
                    } else {
                        fields[String(name)] = value
                    }
                }
                fields["csrfToken"] = nil
                return PageForm(
                    action: String(form.output.1).replacing("&amp;", with: "&"), fields: fields, buttons: buttons)
            }
    }
}
