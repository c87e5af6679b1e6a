import Platform
import TensorFiles
import TestSupport
import Testing

@testable import AstroMAE

@Suite("Masking") struct MaskingTests {
    @Test(
        "The reference's number of patches stays visible: int(16 * (1 - ratio))",
        arguments: zip([0, 0.3, 0.4375, 0.75, 0.76, 0.9, 0.9375], [16, 11, 9, 4, 3, 1, 1]))
    func ratios(ratio: Double, visible: Int) throws {
        let model = try GoldenAutoencoder.small[2].model()
        let masking = try model.masking(ratio: ratio)
        #expect(masking.visible == visible && masking.masked == 16 - visible)
    }

    @Test(
        "Mask ratios outside 0..<1, and those that mask all patches, are rejected",
        arguments: [-0.1, 0.95, 1, .nan, .infinity])
    func illegal(ratio: Double) throws {
        let error = try #require(throws: Failure.self) {
            try GoldenAutoencoder.small[2].model().masking(ratio: ratio)
        }
        #expect(error.description.contains("plain.safetensors: a mask ratio of \(ratio): "))
    }

    @Test("Blocks with a PCM require a square number of visible patches", arguments: 1...16)
    func squares(visible: Int) throws {
        let model = try GoldenAutoencoder.small[0].model()
        guard ![1, 4, 9, 16].contains(visible) else {
            #expect(try model.masking(visible: visible).visible == visible)
            return
        }
        let error = try #require(throws: Failure.self) { try model.masking(visible: visible) }
        #expect(error.message.contains("expected a square number (1, 4, 9, 16)"))
    }

    @Test("Fewer than one or more than all visible patches are rejected", arguments: [-1, 0, 17])
    func numbers(visible: Int) throws {
        let model = try GoldenAutoencoder.small[2].model()
        #expect(throws: Failure.self) { try model.masking(visible: visible) }
    }

    @Test("Patches are in the order of a stable argsort of their noise", arguments: [1, 2, 3, 15, 16, 17, 100])
    func order(count: Int) {
        var generator = SystemRandomNumberGenerator()
        for levels in [2, 5, 1000] {
            var noise = (0..<count).map { _ in Float(Int.random(in: 0..<levels, using: &generator)) / Float(levels) }
            if count > 10 { (noise[3], noise[7]) = (.nan, .nan) }
            var order = [Int32](repeating: -1, count: count)
            var scratch = order
            MaskOrder.sort(noise, count: count, into: &order, scratch: &scratch)
            // By the definition: NaN last, then by noise, then by index.
            let expected = (0..<count).sorted { left, right in
                let (a, b) = (noise[left], noise[right])
                if a.isNaN != b.isNaN { return b.isNaN }
                return a == b || a.isNaN ? left < right : a < b
            }
            #expect(order == expected.map { Int32($0) })
        }
    }

    @Test("A prediction's numbers are in the order of a patch's rows, columns and bands, band fastest")
    func pixels() throws {
        let config = try GoldenAutoencoder.small[0].model().config
        // Images [2, 16, 16], patches of 4. Patch 6 is in the second row and third column of patches.
        let offsets = config.pixelOffsets
        #expect(offsets.count == 512 && Set(offsets) == Set(0..<512))
        let element = (1 * 4 + 3) * 2 + 1  // row 1, column 3, band 1
        #expect(offsets[6 * 32 + element] == 256 + (4 + 1) * 16 + 8 + 3)
    }
}
