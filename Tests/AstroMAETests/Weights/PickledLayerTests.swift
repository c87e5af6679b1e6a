import AstroMAE
import Foundation
import Platform
import TensorFiles
import TestSupport
import Testing

/// A PyTorch file with bytes of its pickle replaced and checksums corrected.
private struct EditedPickle {
    private var bytes: [UInt8]
    private let pickle: Range<Int>

    init(_ path: String) throws {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        // The first entry is data.pkl; its size is in the first record of the central directory.
        let start = 30 + Int(bytes[26]) + Int(bytes[27]) << 8 + Int(bytes[28]) + Int(bytes[29]) << 8
        let record = try #require(bytes.firstRange(of: [0x50, 0x4b, 1, 2])).lowerBound
        let size = (0..<4).reduce(0) { $0 | Int(bytes[record + 24 + $1]) << (8 * $1) }
        self.bytes = bytes
        pickle = start..<start + size
    }

    mutating func replace(_ old: [UInt8], with new: [UInt8]) throws {
        let before = checksum
        let range = try #require(bytes[pickle].firstRange(of: old))
        try #require(old.count == new.count)
        bytes.replaceSubrange(range, with: new)
        let after = checksum
        // The checksum is in the data descriptor and in the central directory.
        var from = pickle.upperBound
        while let found = bytes[from...].firstRange(of: before) {
            bytes.replaceSubrange(found, with: after)
            from = found.upperBound
        }
    }

    /// CRC-32 (ISO 3309) of the pickle, little-endian.
    private var checksum: [UInt8] {
        var sum = UInt32.max
        for byte in bytes[pickle] {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
        return (0..<4).map { UInt8(truncatingIfNeeded: ~sum >> ($0 * 8)) }
    }

    /// The message of loading the network; nil if it loads.
    func failure() throws -> String? {
        try Fixture.withTemporaryFolder { folder in
            let path = folder + "/edited.pt"
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            do {
                _ = try RedshiftModel(weights: TensorFile.open(path: path))
                return nil
            } catch let error as Failure { return error.message }
        }
    }
}

/// A string pickled by protocol 2: BINUNICODE and its length.
private func pickled(_ text: String) -> [UInt8] {
    [0x58, UInt8(text.utf8.count), 0, 0, 0] + Array(text.utf8)
}

@Suite("Pickled layers") struct PickledLayerTests {
    @Test(
        "A pickled module with another activation or pooling is rejected",
        arguments: [
            ("torch.nn.modules.activation\nReLU\n", "torch.nn.modules.activation\nSELU\n", "is SELU, expected ReLU"),
            ("torch.nn.modules.activation\nGELU\n", "torch.nn.modules.activation\nSiLU\n", "is SiLU, expected GELU"),
            ("torch.nn.modules.activation\nSiLU\n", "torch.nn.modules.activation\nReLU\n", "is ReLU, expected SiLU"),
            (
                "torch.nn.modules.pooling\nAvgPool2d\n", "torch.nn.modules.pooling\nMaxPool2d\n",
                "is MaxPool2d, expected no layer"
            ),
            ("torch.nn.modules.pooling\nMaxPool2d\n", "torch.nn.modules.pooling\nAvgPool2d\n", "expected MaxPool2d"),
        ])
    func classes(old: String, new: String, says: String) throws {
        var file = try EditedPickle(Fixture.path("tiny/normalcell.pt"))
        try file.replace(Array(old.utf8), with: Array(new.utf8))
        let message = try #require(try file.failure())
        #expect(message.contains(says), "\(message)")
    }

    @Test("A pickled module with GELU by tanh is rejected")
    func approximateGelu() throws {
        var file = try EditedPickle(Fixture.path("tiny/normalcell.pt"))
        try file.replace(pickled("none"), with: pickled("tanh"))
        let message = try #require(try file.failure())
        #expect(message.contains("approximate='tanh': expected 'none'"))
    }

    @Test("A pickled module with another padding mode is rejected")
    func paddingMode() throws {
        var file = try EditedPickle(Fixture.path("tiny/normalcell.pt"))
        try file.replace(pickled("zeros"), with: pickled("wraps"))
        #expect(try #require(try file.failure()).contains("has padding_mode 'wraps', expected 'zeros'"))
    }

    @Test("A pickled module with an edit that changes nothing loads")
    func sameBytes() throws {
        var file = try EditedPickle(Fixture.path("tiny/normalcell.pt"))
        try file.replace(pickled("none"), with: pickled("none"))
        #expect(try file.failure() == nil)
    }
}
