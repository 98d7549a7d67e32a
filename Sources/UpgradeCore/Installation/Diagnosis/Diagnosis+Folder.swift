import CPosix
import Glibc

extension Diagnosis {
    /// Whether there is a data folder that can be worked with.
    func folderFinding() -> Finding {
        let path = folder.path
        var status = stat()
        guard stat(path, &status) == 0 else {
            return Finding("data folder", .broken, "\(path): \(systemProblem()); make one with 'umctl init'")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            return Finding("data folder", .broken, "\(path) is not a folder; choose another with --data")
        }
        guard access(path, R_OK | W_OK | X_OK) == 0 else {
            return errno == EROFS
                ? Finding(
                    "data folder", .broken,
                    "\(path) lies on a file system that is mounted read-only; see in the kernel's log why, and mount it anew with 'mount -o remount,rw'"
                )
                : Finding(
                    "data folder", .broken,
                    "this user may not work in \(path), which belongs to the user \(status.st_uid); be that user, or mend it with 'chown \(geteuid()) \(path)' "
                        + "and 'chmod 700 \(path)'")
        }
        guard status.st_mode & 0o077 == 0 else {
            return Finding("data folder", .warning, "others may look into \(path); mend it with 'chmod 700 \(path)'")
        }
        return Finding("data folder", .ok, path)
    }

    /// What does not belong to the folder's owner, or may not be used by it.
    func rightFindings() -> [Finding] {
        var status = stat()
        guard stat(folder.path, &status) == 0 else { return [] }
        let owner = status.st_uid
        let files = [folder.marker, folder.database, folder.database + "-wal", folder.lock]
        let places: [(path: String, needed: mode_t)] =
            files.map { ($0, 0o600) }
            + [folder.broker, folder.releases, folder.resources, folder.tls].map { ($0, 0o700) }
            + contents(of: folder.broker, needing: 0o600) + contents(of: folder.tls, needing: 0o400)
            + contents(of: folder.releases, needing: 0o400)
        var findings: [Finding] = []
        for (path, needed) in places where stat(path, &status) == 0 {
            if status.st_uid != owner {
                findings.append(
                    Finding(
                        "rights", .broken,
                        "\(path) belongs to the user \(status.st_uid), the data folder to \(owner); mend it with 'chown \(owner) \(path)'"
                    ))
            }
            if status.st_mode & needed != needed {
                let mode = String(status.st_mode & 0o777, radix: 8)
                findings.append(
                    Finding(
                        "rights", .broken,
                        "\(path) has the mode \(mode), which keeps its owner from it; mend it with 'chmod u+\(needed & 0o200 == 0 ? "r" : needed & 0o100 == 0 ? "rw" : "rwx") \(path)'"
                    ))
            }
        }
        return findings
    }

    private func contents(of folder: String, needing mode: mode_t) -> [(path: String, needed: mode_t)] {
        let names = (try? FolderListing.names(in: folder)) ?? []
        return names.sorted().map { (folder + "/" + $0, mode) }
    }
}
