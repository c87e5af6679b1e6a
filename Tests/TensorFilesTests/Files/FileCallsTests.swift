import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Platform
@testable import TensorFiles

@Suite("Reads and writes that go on until all is done")
struct FileCallsTests {
    @Test("Bytes are read where they were written, and fewer where the file ends")
    func file() throws {
        try Fixture.withTemporaryFolder { folder in
            let descriptor = open(folder + "/f", O_RDWR | O_CREAT, 0o600)
            defer { close(descriptor) }
            let (first, second): ([UInt8], [UInt8]) = ([1, 2, 3, 4], [9, 8])
            try FileCalls.write(first.span.bytes, to: descriptor)
            try FileCalls.write(second.span.bytes, to: descriptor, at: 6)
            // An offset of its own leaves the file's where it was.
            try FileCalls.write(second.span.bytes, to: descriptor)
            #expect(try FileCalls.read(descriptor, at: 0, count: 8) == [1, 2, 3, 4, 9, 8, 9, 8])
            #expect(try FileCalls.read(descriptor, at: 5, count: 100) == [8, 9, 8])
            #expect(try FileCalls.read(descriptor, at: 8, count: 1) == [])
            #expect(try FileCalls.read(descriptor, at: 3, count: 0) == [])
        }
    }

    /// A pipe has no places to write at, and room for 64 KiB.
    @Test("A pipe gets all of what is longer than it has room for")
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

    @Test("What fails says the system's reason")
    func failures() {
        let bytes: [UInt8] = [1]
        for failure in [
            #expect(throws: FileCalls.Failure.self) { try FileCalls.read(-1, at: 0, count: 1) },
            #expect(throws: FileCalls.Failure.self) { try FileCalls.write(bytes.span.bytes, to: -1) },
            #expect(throws: FileCalls.Failure.self) { try FileCalls.write(bytes.span.bytes, to: -1, at: 5) },
        ] {
            #expect(failure?.number == EBADF)
            #expect(failure?.text == "Bad file descriptor")
        }
    }
}
