import Platform
import Synchronization
import TensorFiles

/// Bytes in memory, with a count of the bytes that were read.
public final class CountingSource: ByteSource {
    public let name: String
    private let memory: MemorySource
    private let read = Atomic<Int>(0)

    public init(name: String, bytes: [UInt8]) {
        self.name = name
        memory = MemorySource(name: name, bytes: bytes)
    }

    public var byteCount: Int { memory.byteCount }

    /// Bytes that were read since the last call.
    public func takeCount() -> Int { read.exchange(0, ordering: .relaxed) }

    public func withBytes<Result>(
        in range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        read.wrappingAdd(range.count, ordering: .relaxed)
        return try memory.withBytes(in: range, body)
    }
}
