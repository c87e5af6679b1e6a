import Foundation
import Testing

@testable import Inference

@Test("Ranges are inserted and removed as in a set of indices")
func finishedGalaxiesAreASet() {
    var state: UInt64 = 1
    func random(_ count: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % count
    }
    for _ in 0..<300 {
        var finished = FinishedGalaxies()
        var indices: Set<Int> = []
        for _ in 0..<20 {
            let start = random(40)
            let range = start..<start + random(12)
            if random(4) == 0 {
                finished.remove(range)
                indices.subtract(range)
            } else {
                finished.insert(range)
                indices.formUnion(range)
            }
            #expect(finished.count == indices.count)
            #expect(finished.ranges.flatMap { Array($0) } == indices.sorted())
            // Ascending and not adjacent.
            #expect(zip(finished.ranges, finished.ranges.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound })
            let window = random(30)..<30 + random(20)
            #expect(finished.gaps(in: window).flatMap { Array($0) } == window.filter { !indices.contains($0) })
        }
    }
}

@Test("Flags state the defects of a cutout and its magnitudes")
func predictionFlags() {
    func flags(_ image: [Float], _ magnitudes: [Float]) -> PredictionFlags {
        PredictionFlags(image: image.span, magnitudes: magnitudes.span)
    }
    let magnitudes: [Float] = [20, 19, 18, 17, 16]
    #expect(flags([0, 0, Float.leastNonzeroMagnitude], magnitudes) == [])
    #expect(flags([0, -0.0, 0], magnitudes) == .imageZero)
    #expect(flags([0, .nan, 0], magnitudes) == .pixelNotFinite)
    #expect(flags([1, -.infinity], magnitudes) == .pixelNotFinite)
    #expect(flags([-Float.greatestFiniteMagnitude], magnitudes) == [])
    #expect(flags([1], [0, -0.0, 0]) == .magnitudesZero)
    #expect(flags([1], [0, 20, .infinity]) == .magnitudeNotFinite)
    #expect(flags([0], [.signalingNaN]) == [.imageZero, .magnitudeNotFinite])
    #expect(flags([1], []) == [])
    #expect(PredictionFlags([.imageZero, .magnitudeNotFinite]).rawValue == 6)
    #expect(
        PredictionFlags([.imageZero, .magnitudeNotFinite]).text == "image all zero, magnitudes missing or not finite")
    let counts = FlagCounts([[], .imageZero, [.imageZero, .redshiftNotFinite], []])
    #expect(counts.flagged == 2 && counts[.imageZero] == 2 && counts[.redshiftNotFinite] == 1)
    #expect(counts.text == "2 with image all zero, 1 with redshift not finite")
}
