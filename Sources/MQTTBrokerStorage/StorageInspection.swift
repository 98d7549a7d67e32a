/// What a folder of sessions has in it, for people.
public struct StorageInspection: Sendable, Hashable {
    /// Sessions, those included that are there for a will.
    public let sessions: Int
    /// Messages, each once.
    public let messages: Int
    /// Retained ones among those.
    public let retained: Int
    /// Bytes of the files.
    public let bytes: Int

    /// Looks at the folder's database, whether or not a store is open on it, and changes nothing; `nil` if there is none.
    ///
    /// - Throws: ``StorageError`` when no store could be opened there.
    public static func of(folder: String) throws(StorageError) -> StorageInspection? {
        let path = StorageFolder.database(in: folder)
        if StorageFolder.isDatabaseGone(from: folder) { throw .missing(path: path) }
        guard StorageFolder.exists(path) else { return nil }
        do {
            // Whoever has the lock has looked at the log.
            try StorageFolder.open(folder).checkLog()
        } catch {
            guard case .locked = error else { throw error }
        }
        return StorageFolder.size(of: path) > 0 ? try Tables.inspect(path) : nil
    }
}
