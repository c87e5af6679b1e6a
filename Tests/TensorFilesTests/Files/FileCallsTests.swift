import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Platform
@testable import TensorFiles

@Suite("Reads and writes are complete")
struct FileCallsTests {
    private static func failure(_ error: SystemError) -> Failure { Failure("", "\(error.number): \(error.text)") }

    @Test("Bytes are read at the offsets where they were written, and fewer at the end of the file")
    func file() throws {
        try Fixture.withTemporaryFolder { folder in
            let descriptor = open(folder + "/f", O_RDWR | O_CREAT, 0o600)
            defer { close(descriptor) }
            let (first, second): ([UInt8], [UInt8]) = ([1, 2, 3, 4], [9, 8])
            try FileCalls.write(first.span.bytes, to: descriptor, or: Self.failure)
            try FileCalls.write(second.span.bytes, to: descriptor, at: 6, or: Self.failure)
            // Writing at an offset does not move the position of the file.
            try FileCalls.write(second.span.bytes, to: descriptor, or: Self.failure)
            func read(at offset: Int, _ count: Int) throws(Failure) -> [UInt8] {
                try FileCalls.read(descriptor, at: offset, count: count, or: Self.failure)
            }
            #expect(try read(at: 0, 8) == [1, 2, 3, 4, 9, 8, 9, 8])
            #expect(try read(at: 5, 100) == [8, 9, 8])
            #expect(try read(at: 8, 1) == [])
            #expect(try read(at: 3, 0) == [])
        }
    }

    /// A pipe has no offsets, and a buffer of 64 KiB.
    @Test("More bytes than the buffer of a pipe are written completely")
    func pipe() throws {
        let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
        let pipe = Pipe()
        let reader = Mutex<Data?>(nil)
        let queue = DispatchQueue(label: "reader")
        queue.async { reader.withLock { $0 = pipe.fileHandleForReading.readDataToEndOfFile() } }
        try FileCalls.write(bytes.span.bytes, to: pipe.fileHandleForWriting.fileDescriptor, or: Self.failure)
        try pipe.fileHandleForWriting.close()
        queue.sync {}
        #expect(reader.withLock { $0 } == Data(bytes))
    }

    @Test("Errors have the system's number and description")
    func failures() {
        let bytes: [UInt8] = [1]
        for failure in [
            #expect(throws: Failure.self) { try FileCalls.read(-1, at: 0, count: 1, or: Self.failure) },
            #expect(throws: Failure.self) { try FileCalls.write(bytes.span.bytes, to: -1, or: Self.failure) },
            #expect(throws: Failure.self) { try FileCalls.write(bytes.span.bytes, to: -1, at: 5, or: Self.failure) },
        ] {
            #expect(failure?.message == "\(EBADF): Bad file descriptor")
        }
    }
}
