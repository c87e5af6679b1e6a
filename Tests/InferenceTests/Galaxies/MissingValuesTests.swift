import TensorFiles
import TestSupport
import Testing

@testable import Inference
@testable import Platform

@Suite("Values that stand for none are missing")
struct MissingValuesTests {
    /// Every value of the list as each type of magnitudes holds it, and values beside it.
    @Test("Missing magnitudes are NaN in every floating-point type", arguments: [DType.f64, .f32, .f16, .bf16])
    func types(type: DType) throws {
        let stored = MissingValues.usual.values.map { (value: $0, stored: type.rounded($0)) }
        // float16 holds no 1e20.
        let expected = type == .f16 ? 8 : stored.count
        #expect(stored.filter(\.stored.isFinite).count == expected)
        for (value, number) in stored where number.isFinite {
            let beside = type.rounded(number * 1.02)
            let reader = try Self.reader(magnitudes: [number, 20, beside, 0, -1], type)
            var magnitudes: [Float] = []
            try reader.readMagnitudes(0..<1, into: &magnitudes)
            #expect(
                magnitudes[0].isNaN && magnitudes[1] == 20 && magnitudes[2] == Float(beside), "\(value) \(magnitudes)")
            #expect(magnitudes[3] == 0 && magnitudes[4] == -1)
            #expect(try reader.missingValues(0) == [value])
        }
    }

    @Test("The values of --missing replace the list, and none empties it")
    func chosen() throws {
        let magnitudes = [-9999, 98.5, -42, 99, 20.0]
        func read(_ missing: MissingValues) throws -> [Int] {
            var read: [Float] = []
            try Self.reader(magnitudes: magnitudes, .f64, missing).readMagnitudes(0..<1, into: &read)
            return read.indices.filter { read[$0].isNaN }
        }
        #expect(try read(.usual) == [0, 3])
        #expect(try read(MissingValues("-42, 98.5")) == [1, 2])
        #expect(try read(MissingValues("none")) == [])
        for wrong in ["", "-99,", "x", "nan", "-99;99", "None", "1e999"] {
            #expect(throws: Failure.self, "\(wrong)") { try MissingValues(wrong) }
        }
    }

    @Test("Missing pixels are NaN, and the other pixels stay", arguments: [1e20, -1e20, 1e30, -1e30])
    func pixels(value: Double) throws {
        var pixels = [Double](repeating: 3e19, count: 5 * 4 * 4)
        pixels[7] = value
        for type in [DType.f64, .f32, .bf16] {
            let reader = try Self.reader(pixels: pixels, type)
            let read = try Self.images(reader)
            #expect(read.indices.filter { read[$0].isNaN } == [7])
            #expect(read[8] == Float(type.rounded(3e19)))
            #expect(try reader.missingValues(0) == [value])
            let all = try Self.images(try Self.reader(pixels: pixels, type, .none))
            #expect(all[7] == Float(type.rounded(value)))
        }
        // Large, and no value of the list.
        pixels[7] = value * 1.01
        #expect(try Self.images(try Self.reader(pixels: pixels, .f32))[7] == Float(value * 1.01))
    }

    @Test("A z_spec is unknown where it is not finite, at most -1 or on the list")
    func redshifts() throws {
        let known: [Double] = [0, -0.99, 0.5, 9.98, 98.99, 1e19]
        for value in known { #expect(UnknownRedshift(value, .usual) == nil, "\(value)") }
        #expect(UnknownRedshift(.nan, .usual) == .absent)
        #expect(UnknownRedshift(.infinity, .usual) == .notFinite)
        #expect(UnknownRedshift(-.infinity, .usual) == .notFinite)
        #expect(UnknownRedshift(-1, .usual) == .negative)
        #expect(UnknownRedshift(-9999, .usual) == .missing(-9999))
        #expect(UnknownRedshift(99.99, .usual) == .missing(99.99))
        #expect(UnknownRedshift(Double(Float(99.99)), .usual) == .missing(99.99))
        #expect(UnknownRedshift(99, .none) == nil)
        #expect(UnknownRedshift(-99, .none) == .negative)
        #expect(UnknownRedshift(0.5, try MissingValues("0.5")) == .missing(0.5))

        var counts = UnknownRedshifts()
        for value in [-9999, 99, -9999, .nan, .infinity, -3, -1] {
            if let reason = UnknownRedshift(value, .usual) { counts.insert(reason) }
        }
        #expect(counts.count == 7)
        #expect(
            counts.summary == "7 skipped, their z_spec is unknown: 2 with z_spec -9999, 2 with z_spec at most -1, "
                + "1 with z_spec 99, 1 with z_spec absent, 1 with z_spec infinite")
    }

    @Test("Implausible redshifts are those outside the range; NaN is none")
    func plausible() throws {
        let redshifts: [Float] = [0.5, -0.09, -0.11, .nan, 10, 10.5, -3, .infinity]
        #expect(
            PlausibleRedshifts.usual.outside(Array(redshifts.dropLast()))
                == PlausibleRedshifts.Outside(count: 3, farthest: -3))
        #expect(
            PlausibleRedshifts.usual.outside(redshifts)
                == PlausibleRedshifts.Outside(count: 4, farthest: .greatestFiniteMagnitude))
        #expect(try PlausibleRedshifts("-5,11").outside(Array(redshifts.dropLast())) == nil)
        #expect(PlausibleRedshifts.usual.outside([]) == nil)
        for wrong in ["", "1", "2,1", "1,1", "0,inf", "0,1,2", "a,b", ",", "0,"] {
            #expect(throws: Failure.self, "\(wrong)") { try PlausibleRedshifts(wrong) }
        }
        let good = [Double](repeating: 0.5, count: 29)
        #expect(PlausibleRedshifts.medianError(predicted: good, spectroscopic: good) == nil)
        let error = PlausibleRedshifts.medianError(
            predicted: good.map { $0 + 0.6 } + [0.5, .nan], spectroscopic: good + [0.5, 0.5])
        #expect(error == (1.1 - 0.5) / 1.5)
    }

    private static func images(_ reader: PartitionReader) throws -> [Float] {
        var buffer: [Float] = []
        return try reader.withImages(0..<1, buffer: &buffer) { span throws(Failure) in span.indices.map { span[$0] } }
    }

    private static func reader(
        magnitudes: [Double] = [20, 20, 20, 20, 20], pixels: [Double] = [Double](repeating: 1, count: 5 * 4 * 4),
        _ type: DType, _ missing: MissingValues = .usual
    ) throws -> PartitionReader {
        var table = TensorTable()
        table.add("images", [1, 5, 4, 4], pixels, as: type)
        table.add("magnitudes", [1, 5], magnitudes, as: type)
        return try Fixture.withTemporaryFolder { folder in
            let path = folder + "/p.safetensors"
            try table.write(to: path)
            return try PartitionReader(
                TensorFile.open(path: path), source: "p", label: "p", imageShape: [5, 4, 4], magnitudeCount: 5,
                layout: GalaxyLayout(missing: missing))
        }
    }
}

extension TensorTable {
    /// Adds numbers rounded to a floating-point type.
    fileprivate mutating func add(_ name: String, _ shape: [Int], _ values: [Double], as type: DType) {
        switch type {
        case .f64: add(name, shape, values, .f64)
        case .f32: add(name, shape, values.map { Float($0) }, .f32)
        case .f16: add(name, shape, values.map { Float16($0) }, .f16)
        default: add(name, shape, values.map { UInt16(Float(type.rounded($0)).bitPattern >> 16) }, .bf16)
        }
    }
}
