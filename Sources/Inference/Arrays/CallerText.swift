import Glibc
import Platform

/// Strings that a caller in C passes and gets.
public enum CallerText {
    /// A string for the caller, who frees it.
    /// - Throws: `Failure` of kind `outOfMemory`.
    public static func copy(_ bytes: [UInt8]) throws(Failure) -> UnsafeMutablePointer<CChar> {
        guard let copy = unsafe malloc(bytes.count + 1) else {
            throw Failure(.outOfMemory, "not enough memory for \(bytes.count) bytes")
        }
        let characters = unsafe copy.bindMemory(to: CChar.self, capacity: bytes.count + 1)
        for (index, byte) in bytes.enumerated() { unsafe characters[index] = CChar(bitPattern: byte) }
        unsafe characters[bytes.count] = 0
        return unsafe characters
    }

    /// Writes a string into the caller's buffer, cut between two characters where it is too long.
    /// - Parameter capacity: of the buffer, the NUL included.
    public static func write(_ text: String, to buffer: UnsafeMutablePointer<CChar>?, capacity: Int64) {
        guard let buffer = unsafe buffer, capacity > 0 else { return }
        var end = 0
        for scalar in text.unicodeScalars {
            let bytes = Array(String(scalar).utf8)
            guard end + bytes.count < capacity else { break }
            for byte in bytes {
                unsafe buffer[end] = CChar(bitPattern: byte)
                end += 1
            }
        }
        unsafe buffer[end] = 0
    }

    /// - Throws: `Failure` for NULL.
    public static func read(_ text: UnsafePointer<CChar>?, _ name: String) throws(Failure) -> String {
        guard let text = unsafe text else { throw Failure("\(name): expected a string, found NULL") }
        return unsafe String(cString: text)
    }
}

extension UnsafeMutableBufferPointer {
    /// An array of the caller's; may be NULL if it has no elements.
    /// - Throws: `Failure` for NULL with elements, and for a negative size.
    public init(_ base: UnsafeMutablePointer<Element>?, _ count: Int64, _ name: String) throws(Failure) {
        guard count >= 0 else { throw Failure("\(name): expected a size, found \(count)") }
        guard unsafe base != nil || count == 0 else { throw Failure("\(name): expected an array, found NULL") }
        unsafe self.init(start: base, count: Int(count))
    }
}
