import Foundation

/// A folder that goes with its owner.
final class Folder {
    let path = FileManager.default.temporaryDirectory.appending(path: "model-\(UUID().uuidString)").path()

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
