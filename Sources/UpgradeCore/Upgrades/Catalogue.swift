import UpgradeProtocol

/// The releases as the engine last saw them.
struct Catalogue {
    private var byID: [ReleaseID: Release] = [:]
    private var byVersion: [Version: Release] = [:]
    /// The versions that may be sent, the newest first.
    private(set) var available: [Version] = []

    init(_ releases: [Release] = []) {
        for release in releases {
            byID[release.id] = release
            byVersion[release.version] = release
        }
        available = releases.filter { $0.state == .available }.map(\.version).sorted(by: >)
    }

    var latest: Version? { available.first }
    var releases: some Collection<Release> { byID.values }

    subscript(id: ReleaseID) -> Release? { byID[id] }
    subscript(version: Version) -> Release? { byVersion[version] }

    /// The release, if it may be sent now.
    func sendable(_ id: ReleaseID) -> Release? { byID[id].flatMap { $0.state == .available ? $0 : nil } }
}
