import Foundation
import TestSupport

/// A partition that takes longer than any test: a run of it is still in progress whenever a test acts on it.
enum EndlessGalaxies {
    /// At least half a minute with the tiny network.
    static let count = 200_000

    /// The file is sparse and takes no disk space: all pixels and magnitudes are zero.
    static func write(to path: String) throws {
        let images = count * 5 * 32 * 32 * 4
        let header =
            #"{"images":{"dtype":"F32","shape":[\#(count),5,32,32],"data_offsets":[0,\#(images)]},"#
            + #""magnitudes":{"dtype":"F32","shape":[\#(count),5],"data_offsets":[\#(images),\#(images + count * 20)]}}"#
        let bytes = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) } + Array(header.utf8)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        guard truncate(path, off_t(bytes.count + images + count * 20)) == 0 else {
            throw CocoaError(.fileWriteOutOfSpace)
        }
    }
}
