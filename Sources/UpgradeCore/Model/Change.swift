/// What is to become of a thing that may be absent.
public enum Change<Value> {
    /// It stays as it is.
    case keep
    /// It is taken away.
    case clear
    /// It becomes this.
    case set(Value)

    func apply(to value: inout Value?) {
        switch self {
        case .keep: break
        case .clear: value = nil
        case .set(let new): value = new
        }
    }
}

extension Change: Sendable where Value: Sendable {}
extension Change: Equatable where Value: Equatable {}
