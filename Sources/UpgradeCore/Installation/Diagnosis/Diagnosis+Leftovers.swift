import FoundationEssentials

extension Diagnosis {
    /// What uploads, restores and drafts that were cut off have left, and the data of before a restore.
    func leftoverFindings() -> [Finding] {
        // Uploads may be under way.
        let uploads = isInUse ? [] : paths(in: folder.releases) { $0.hasPrefix(IncomingRelease.temporaryPrefix) }
        // Those of certificates are finished by the next start.
        let drafts = isInUse ? [] : paths(in: folder.path) { $0.hasSuffix(".partial") }
        let restoring = isInUse ? [] : paths(in: folder.path) { $0 == "restoring" }
        let found = [
            (uploads, "of uploads that were cut off; the next start removes it"),
            (drafts, "of files that were never completed; remove it with 'rm \(drafts.joined(separator: " "))'"),
            (restoring, "of a restore that was cut off; the next restore removes it, or 'rm -r \(restoring.joined())'"),
        ]
        let kept = paths(in: folder.path) { $0.hasPrefix("before-restore-") }
            .map { ([$0], "the data of before a restore; once nobody wants it back, remove it with 'rm -r \($0)'") }
        return (found + kept).compactMap { paths, what in
            guard !paths.isEmpty else { return nil }
            let size = paths.map(Self.size).reduce(0, +)
            return Finding(
                "left over", .warning, "\(paths.joined(separator: ", ")) with \(byteCount(size)), \(what)")
        }
    }

    /// Whether another process holds the folder.
    var isInUse: Bool { (try? FolderLock.ifFree(folder)).flatMap { $0 } == nil }

    private func paths(in folder: String, _ isMeant: (String) -> Bool) -> [String] {
        ((try? FolderListing.names(in: folder)) ?? []).filter(isMeant).sorted().map { folder + "/" + $0 }
    }

    /// The bytes of a file, or of all that is in a folder.
    static func size(of path: String) -> Int64 {
        guard let names = try? FolderListing.names(in: path) else { return (try? FileBytes.size(of: path)) ?? 0 }
        return names.map { size(of: path + "/" + $0) }.reduce(0, +)
    }
}
