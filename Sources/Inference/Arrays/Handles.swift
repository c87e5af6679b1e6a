import Platform
import Synchronization

/// Objects of a caller in another language, by numbers. A call keeps the object that it uses, so that another thread may close
/// it meanwhile.
public enum Handles {
    private struct Held {
        var objects: [Int64: any AnyObject & Sendable] = [:]
        var last: Int64 = 0
    }

    private static let held = Mutex(Held())

    /// - Returns: a number above 0 that no other object has had.
    public static func open(_ object: some AnyObject & Sendable) -> Int64 {
        held.withLock { held in
            held.last += 1
            held.objects[held.last] = object
            return held.last
        }
    }

    /// - Throws: `Failure` for a number that is not an open handle.
    public static func close(_ handle: Int64) throws(Failure) {
        let object = held.withLock { $0.objects.removeValue(forKey: handle) }
        guard object != nil else { throw Failure("expected an open handle, found \(handle)") }
    }

    /// - Throws: `Failure` for a number that is not an open handle of that type.
    public static func object<Object: AnyObject & Sendable>(
        _ handle: Int64, _ type: Object.Type, _ name: String
    ) throws(Failure) -> Object {
        guard let object = held.withLock({ $0.objects[handle] }) as? Object else {
            throw Failure("expected an open handle of \(name), found \(handle)")
        }
        return object
    }
}
