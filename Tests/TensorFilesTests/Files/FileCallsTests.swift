import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Platform
@testable import TensorFiles

@Suite("Reads and writes are complete")
struct FileCallsTests {
    @Test("Bytes are read at the offsets where they were written, and fewer at the end of the file")
    func file() throws {
        try Fixture.withTemporaryFolder { folder in
            let descriptor = open(folder + "/f", O_RDWR | O_CREAT, 0o600)
            defer { close(descriptor) }
            let (first, second): ([UInt8], [UInt8]) = ([1, 2, 3, 4], [9, 8])
            try FileCalls.write(first.span.bytes, to: descriptor)
            try FileCalls.write(second.span.bytes, to: descriptor, at: 6)
            // Writing at an offset does not move the position of the file.
            try FileCalls.write(second.span.bytes, to: descriptor)
            #expect(try FileCalls.read(descriptor, at: 0, count: 8) == [1, 2, 3, 4, 9, 8, 9, 8])
            #expect(try FileCalls.read(descriptor, at: 5, count: 100) == [8, 9, 8])
            #expect(try FileCalls.read(descriptor, at: 8, count: 1) == [])
            #expect(try FileCalls.read(descriptor, at: 3, count: 0) == [])
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
        try FileCalls.write(bytes.span.bytes, to: pipe.fileHandleForWriting.fileDescriptor)
        try pipe.fileHandleForWriting.close()
        queue.sync {}
        #expect(reader.withLock { $0 } == Data(bytes))
    }

    @Test("Errors have the system's number and description")
    func failures() {
        let bytes: [UInt8] = [1]
        for failure in [
            #expect(throws: SystemError.self) { try FileCalls.read(-1, at: 0, count: 1) },
            #expect(throws: SystemError.self) { try FileCalls.write(bytes.span.bytes, to: -1) },
            #expect(throws: SystemError.self) { try FileCalls.write(bytes.span.bytes, to: -1, at: 5) },
        ] {
            #expect(failure?.number == EBADF)
            #expect(failure?.text == "Bad file descriptor")
        }
    }
}
