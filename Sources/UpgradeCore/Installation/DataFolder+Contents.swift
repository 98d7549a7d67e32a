import CPosix
import FoundationEssentials
import Glibc

extension DataFolder {
    /// What a folder holds, as far as marker and database tell.
    public enum Contents: Equatable, Sendable {
        /// Neither: to be initialised, whatever else lies there.
        case nothing
        /// A database without a marker: initialising was cut off, and goes on where it ended.
        case halfInitialised
        /// Both.
        case installation(InstallationMarker)
    }

    /// Looks at marker and database; the database is not opened.
    ///
    /// - Throws: ``InstallationError`` for a marker without its database, or a damaged one: never to be taken for a fresh folder.
    public func contents() throws(InstallationError) -> Contents {
        let hasDatabase = try Self.exists(database)
        guard try Self.exists(marker) else { return hasDatabase ? .halfInitialised : .nothing }
        let marker = try readMarker()
        guard hasDatabase else { throw .databaseMissing(database: database, marker: self.marker) }
        return .installation(marker)
    }

    /// Reads the marker.
    func readMarker() throws(InstallationError) -> InstallationMarker {
        var data = Data()
        do {
            try FileBytes.read(marker) { data.append(contentsOf: $0) }
        } catch let error as FileError where error.isNoPlainFile {
            throw .markerDamaged(path: marker, problem: error.problem)
        } catch {
            throw .unusable(path: marker, problem: (error as? FileError)?.problem ?? oneLine("\(error)"))
        }
        return try InstallationMarker(decoding: data, path: marker)
    }

    /// Writes the marker, durably and as a whole: from now on the folder counts as initialised.
    func writeMarker(_ marker: InstallationMarker) throws(InstallationError) {
        do {
            try DurableFiles.replace(self.marker, with: try marker.encoded())
        } catch {
            throw .unusable(path: self.marker, problem: (error as? FileError)?.problem ?? oneLine("\(error)"))
        }
    }

    /// Whether there is something of this name. What cannot be looked at is an error, not an absence.
    private static func exists(_ path: String) throws(InstallationError) -> Bool {
        var status = stat()
        if lstat(path, &status) == 0 { return true }
        guard errno == ENOENT else { throw .unusable(path: path, problem: systemProblem()) }
        return false
    }
}
