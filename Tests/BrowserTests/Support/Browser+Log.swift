import Foundation
import ProgramSupport

/// What the browser itself notes about the pages.
extension Browser {
    private struct Entry: Decodable {
        var level: String
        var message: String
    }

    /// What it complained of since it was last asked: errors of scripts, what the Content-Security-Policy refused, requests that failed.
    func complaints() async throws -> [String] {
        let entries: [Entry] = try await driver.post("/se/log", ["type": "browser"])
        return entries.filter { $0.level == "SEVERE" || $0.level == "WARNING" }.map(\.message)
    }

    /// Where it sent requests since it was last asked, without the daemon.
    func foreignRequests() async throws -> [String] {
        let entries: [Entry] = try await driver.post("/se/log", ["type": "performance"])
        let own = daemon.http + "/"
        return try entries.compactMap { entry in
            let note = try JSONDecoder().decode(Note.self, from: Data(entry.message.utf8)).message
            guard note.method == "Network.requestWillBeSent", let url = note.params.request?.url else { return nil }
            // `chrome:` is the browser's own page, which it shows before the first of ours.
            let isLocal = ["data:", "about:", "chrome:", own].contains { url.hasPrefix($0) }
            return isLocal ? nil : url
        }
    }

    private struct Note: Decodable {
        var message: Message

        struct Message: Decodable {
            var method: String
            var params: Parameters
        }

        struct Parameters: Decodable {
            var request: Request?

            // Other notes have other things by this name.
            init(from decoder: any Decoder) throws {
                request = try? decoder.container(keyedBy: CodingKeys.self).decode(Request.self, forKey: .request)
            }

            private enum CodingKeys: String, CodingKey {
                case request
            }
        }

        struct Request: Decodable {
            var url: String
        }
    }
}
