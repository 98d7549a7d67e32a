/// A dictionary whose changes can be taken back, for as long as the transaction that they belong to may fail.
struct UndoableTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private(set) var entries: [Key: Value] = [:]
    /// What the entries changed since the last ``commit()`` were before; nil for those that were not there.
    private var originals: [Key: Value?] = [:]

    subscript(key: Key) -> Value? {
        get { entries[key] }
        _modify {
            keepOriginal(of: key)
            yield &entries[key]
        }
    }

    subscript(key: Key, default fallback: @autoclosure () -> Value) -> Value {
        get { entries[key] ?? fallback() }
        _modify {
            keepOriginal(of: key)
            yield &entries[key, default: fallback()]
        }
    }

    /// Of the entries changed since the last ``commit()``.
    var changedKeys: some Collection<Key> { originals.keys }

    private mutating func keepOriginal(of key: Key) {
        if originals.index(forKey: key) == nil { originals.updateValue(entries[key], forKey: key) }
    }

    mutating func commit() { originals.removeAll(keepingCapacity: originals.count < 1024) }

    mutating func rollback() {
        for (key, original) in originals { entries[key] = original }
        commit()
    }
}
