import UpgradeProtocol

extension Diagnosis {
    /// One finding for each release that cannot be sent, or one for all; and one for files that no release needs.
    func releaseFindings(_ releases: [Release], digests: Set<String>) -> [Finding] {
        var findings = releases.map(releaseFinding).filter { $0.state != .ok }
        if findings.isEmpty { findings.append(Finding("releases", .ok, "\(releases.count), all copies intact")) }
        let names = (try? FolderListing.names(in: folder.releases)) ?? []
        let spare = names.filter { !digests.contains($0) && !$0.hasPrefix(IncomingRelease.temporaryPrefix) }.sorted()
        // An upload has its name shortly before its release has its row.
        if !spare.isEmpty, !isInUse {
            let paths = spare.map { folder.releases + "/" + $0 }
            let size = paths.map(Self.size).reduce(0, +)
            findings.append(
                Finding(
                    "left over", .warning,
                    "no release needs \(paths.joined(separator: ", ")) with \(byteCount(size)); remove it with 'rm -r'")
            )
        }
        return findings
    }

    private func releaseFinding(_ release: Release) -> Finding {
        let subject = "release \(release.version)"
        let path = ReleaseFiles(folder: folder.releases).path(of: release.sha256)
        let remedy =
            "nothing of it is sent; put the right bytes back, or remove it with 'umctl release remove \(release.version)' and add it anew, or restore a backup"
        do {
            let digests = try FileDigests(ofFileAt: path)
            guard digests.size == release.size else {
                return Finding(
                    subject, .broken,
                    "the store's copy \(path) has \(byteCount(digests.size)), not \(release.size): it is damaged; \(remedy)"
                )
            }
            guard digests.sha256 == release.sha256, digests.crc32 == release.crc32 else {
                return Finding(
                    subject, .broken,
                    "the store's copy \(path) is damaged: its SHA-256 is \(digests.sha256); \(remedy)")
            }
        } catch {
            return Finding(subject, .broken, "\(error); \(remedy)")
        }
        return switch release.state {
        case .available: Finding(subject, .ok, release.sha256)
        case .changed, .removed:
            Finding(
                subject, .warning,
                "its file in the watched folder is \(release.state == .changed ? "another one" : "gone"), so that nothing is sent; "
                    + "put it back, or remove the release with 'umctl release remove \(release.version)'")
        }
    }
}
