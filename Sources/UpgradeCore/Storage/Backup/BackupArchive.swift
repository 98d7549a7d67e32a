import FoundationEssentials
import GRDB

/// A backup file: entries of bytes with their names, lengths and digests, in an SQLite database.
///
/// SQLite is what holds the rest of our data, keeps reading and writing within bounded memory, and lets a worried operator look inside without us.
struct BackupArchive {
    /// "UMBK", in the header of every backup.
    static let applicationID: Int32 = 0x554D_424B
    static let format: Int32 = 1
    /// Entries are cut into pieces of this many bytes; only the last one of an entry may be shorter.
    static let pieceSize = 1 << 20

    static let tables = """
        CREATE TABLE entry (
            name TEXT NOT NULL PRIMARY KEY,
            size INTEGER NOT NULL CHECK (size >= 0),
            sha256 TEXT NOT NULL CHECK (length(sha256) = 64)
        ) STRICT;
        CREATE TABLE piece (
            entry TEXT NOT NULL,
            number INTEGER NOT NULL,
            bytes BLOB NOT NULL,
            PRIMARY KEY (entry, number)
        ) STRICT;
        """

    /// What an entry holds, as its name says.
    enum EntryName: Hashable, RawRepresentable {
        case marker
        case database
        /// The executable with this SHA-256.
        case release(sha256: String)

        var rawValue: String {
            switch self {
            case .marker: "installation.json"
            case .database: "umd.sqlite3"
            case .release(let sha256): "releases/" + sha256
            }
        }

        init?(rawValue: String) {
            switch rawValue {
            case "installation.json": self = .marker
            case "umd.sqlite3": self = .database
            default:
                let digest = rawValue.dropFirst("releases/".count)
                // Becomes a path when the backup is restored: nothing but a digest may stand there.
                guard rawValue.hasPrefix("releases/"), digest.utf8.count == 64,
                    digest.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
                else { return nil }
                self = .release(sha256: String(digest))
            }
        }
    }

    /// What the archive says of an entry.
    struct Entry {
        var name: EntryName
        var size: Int64
        var sha256: String
    }
}
