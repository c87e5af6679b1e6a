import AstroMAE
import TensorFiles
import TestSupport
import Testing

@testable import Inference

@Suite("Noise of masks") struct MaskNoiseTests {
    /// Computed by the Python code in docs/ANOMALIES.md: (seed, index, patch) and the noise times 2^24.
    private static let expected: [(seed: UInt64, index: Int, patch: Int, value: Float)] = [
        (0, 0, 0, 2327157),
        (0, 0, 15, 1984136),
        (0, 1, 0, 4515257),
        (7, 0, 0, 10223943),
        (7, 123456789, 3, 6334031),
        (0xFFFFFFFFFFFFFFFF, 5112, 9, 10498203),
    ]

    @Test("Noise equals that of the documented Python") func numbersAreThoseOfPython() {
        for (seed, index, patch, value) in Self.expected {
            #expect(MaskNoise.value(seed: seed, index: index, patch: patch) == value * 0x1p-24)
        }
    }

    @Test("Noise of a galaxy does not depend on the batch") func galaxiesDoNotDependOnTheBatch() throws {
        let noise = MaskNoise(seed: 3, patches: 16)
        let all = try noise.values(galaxies: 0..<40, passes: 1, masked: 12)
        let some = try noise.values(galaxies: 17..<23, passes: 1, masked: 12)
        #expect(some == Array(all[17 * 16..<23 * 16]))
    }

    /// In the order of noise, 12 hidden patches follow the previous 12: two passes hide all 16, and 4 show each once.
    @Test(arguments: [(12, 2), (12, 4), (7, 3), (1, 16)])
    func passesHideEveryPatch(masked: Int, passes: Int) throws {
        let noise = try MaskNoise(seed: 11, patches: 16)
            .values(galaxies: 0..<25, passes: passes, masked: masked)
        for galaxy in 0..<25 {
            var hidden = [Int](repeating: 0, count: 16)
            let first = Array(noise[galaxy * 16..<(galaxy + 1) * 16])
            for pass in 0..<passes {
                let values = Array(noise[(pass * 25 + galaxy) * 16..<(pass * 25 + galaxy + 1) * 16])
                #expect(values.sorted() == first.sorted())
                for patch in (0..<16).sorted(by: { values[$0] < values[$1] }).dropFirst(16 - masked) {
                    hidden[patch] += 1
                }
            }
            #expect(hidden.allSatisfy { $0 > 0 })
            if (masked, passes) == (12, 4) { #expect(hidden.allSatisfy { $0 == 3 }) }
        }
    }

    /// Noise with few levels, down to one: equal numbers are ordered by patch index in every pass.
    @Test(arguments: [(12, 2), (12, 4), (7, 3), (1, 16)], [1, 2, 5])
    func equalNoiseHidesEveryPatch(passing: (masked: Int, passes: Int), levels: Int) throws {
        let (masked, passes) = passing
        try Fixture.withTemporaryFolder { folder in
            let given = (0..<25 * 16).map { Float($0 * $0 * 7 % 23 % levels) / 8 }
            try NumPyWriter.write(given, shape: [25, 16], to: folder + "/noise.npy")
            let noise = try MaskNoise(path: folder + "/noise.npy", galaxies: 25, patches: 16)
                .values(galaxies: 0..<25, passes: passes, masked: masked)
            #expect(Array(noise[..<given.count]) == given)
            for galaxy in 0..<25 {
                var hidden = [Int](repeating: 0, count: 16)
                for pass in 0..<passes {
                    let values = Array(noise[(pass * 25 + galaxy) * 16..<(pass * 25 + galaxy + 1) * 16])
                    // The order of MaskOrder and of a stable argsort.
                    let order = (0..<16).sorted { (values[$0], $0) < (values[$1], $1) }
                    for patch in order.dropFirst(16 - masked) { hidden[patch] += 1 }
                }
                #expect(hidden.allSatisfy { $0 > 0 }, "galaxy \(galaxy): \(hidden)")
                if masked == 12, passes == 4 { #expect(hidden.allSatisfy { $0 == 3 }) }
            }
        }
    }

    @Test("Given noise is read by the index of the galaxy") func givenNoiseIsReadByIndex() throws {
        try Fixture.withTemporaryFolder { folder in
            let values = (0..<80).map { Float(($0 * 37) % 80) / 80 }
            try NumPyWriter.write(values, shape: [5, 16], to: folder + "/noise.npy")
            let noise = try MaskNoise(path: folder + "/noise.npy", galaxies: 5, patches: 16)
            #expect(try noise.values(galaxies: 3..<5, passes: 1, masked: 12) == Array(values[48..<80]))
            #expect {
                try MaskNoise(path: folder + "/noise.npy", galaxies: 6, patches: 16)
            } throws: { "\($0)".contains("expected noise of shape [6, 16], a row for each galaxy, found F32 [5, 16]") }
            try NumPyWriter.write([0.5, .nan], shape: [1, 2], to: folder + "/nan.npy")
            let broken = try MaskNoise(path: folder + "/nan.npy", galaxies: 1, patches: 2)
            #expect {
                try broken.values(galaxies: 0..<1, passes: 1, masked: 1)
            } throws: { "\($0)".contains("row 0: expected finite noise, found nan") }
        }
    }

    /// numpy: 1.4826 * median(|scipy.signal.convolve2d(image, L, 'valid')|) / 6 of the image below.
    @Test("Pixel noise equals that of NumPy") func pixelNoiseIsThatOfNumPy() {
        let image = (0..<64).map { (index: Int) -> Float in Float(index * index * 7 % 23) / 23 }
        #expect(abs(PixelNoise.sigma(image.span, side: 8) - 0.12355) < 1e-6)
        let plane = (0..<64).map { (index: Int) -> Float in Float(100 + index / 8 * 3 - index % 8) }
        #expect(PixelNoise.sigma(plane.span, side: 8) == 0)
        #expect(PixelNoise.sigma([Float](repeating: .nan, count: 64).span, side: 8).isNaN)
    }
}
