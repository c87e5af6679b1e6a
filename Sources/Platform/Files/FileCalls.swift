import Glibc

/// Complete reads and writes of open files: a system call may transfer only a part, or be interrupted by a signal. A
/// failed call throws what the caller's `failure` makes of its error number.
public enum FileCalls {
    /// Bytes from `offset` on; fewer than `count` where the file ends.
    public static func read(
        _ descriptor: Int32, at offset: Int, count: Int, or failure: (SystemError) -> Failure
    ) throws(Failure) -> [UInt8] {
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
        if let reason { throw failure(SystemError(reason)) }
        return bytes
    }

    /// All bytes up to the end, of a file, a pipe or a device.
    package static func readToEnd(_ descriptor: Int32) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe piece.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError() }
            if count == 0 { return bytes }
            bytes += piece.prefix(count)
        }
    }

    /// Writes all of `bytes`, over what was there before.
    /// - Parameter offset: nil for the current position of the file or pipe, which then moves.
    public static func write(
        _ bytes: RawSpan, to descriptor: Int32, at offset: Int? = nil, or failure: (SystemError) -> Failure
    ) throws(Failure) {
        var done = 0
        while done < bytes.byteCount {
            let from = done
            let count = unsafe bytes.withUnsafeBytes { source in
                let (data, rest) = unsafe (source.baseAddress.map { unsafe $0 + from }, source.count - from)
                guard let offset else { return unsafe Glibc.write(descriptor, data, rest) }
                return unsafe pwrite(descriptor, data, rest, offset + from)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure(SystemError()) }
            done += count
        }
    }
}
