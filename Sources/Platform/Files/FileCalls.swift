import Glibc

/// Reads and writes of open files that do all that is asked of them: a call of the system may do a part of it, or be
/// interrupted by a signal.
public enum FileCalls {
    /// Why one failed.
    public struct Failure: Error {
        /// The system's.
        public let number: Int32

        public var text: String { SystemError.text(number) }
    }

    /// Bytes from `offset` on; fewer than `count` where the file ends.
    public static func read(_ descriptor: Int32, at offset: Int, count: Int) throws(Failure) -> [UInt8] {
        var reason: Int32?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            while done < count {
                let read = unsafe pread(
                    descriptor, buffer.baseAddress.map { unsafe $0 + done }, count - done, offset + done)
                if read < 0, errno == EINTR { continue }
                if read < 0 { reason = errno }
                guard read > 0 else { break }
                done += read
            }
        }
        if let reason { throw Failure(number: reason) }
        return bytes
    }

    /// Writes all of `bytes` from `offset` on, whatever was there; nil for where the file or the pipe stands.
    public static func write(_ bytes: RawSpan, to descriptor: Int32, at offset: Int? = nil) throws(Failure) {
        var done = 0
        while done < bytes.byteCount {
            let from = done
            let count = unsafe bytes.withUnsafeBytes { source in
                let (data, rest) = unsafe (source.baseAddress.map { unsafe $0 + from }, source.count - from)
                guard let offset else { return unsafe Glibc.write(descriptor, data, rest) }
                return unsafe pwrite(descriptor, data, rest, offset + from)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Failure(number: errno) }
            done += count
        }
    }
}
