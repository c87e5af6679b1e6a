/// Floats at a fixed, 64-byte aligned address.
final class Floats {
    let base: UnsafeMutablePointer<Float>
    let count: Int

    init(_ values: [Float]) {
        count = values.count
        let raw = UnsafeMutableRawPointer.allocate(byteCount: max(64, 4 * count), alignment: 64)
        base = raw.bindMemory(to: Float.self, capacity: max(16, count))
        base.initialize(from: values, count: count)
    }

    convenience init(count: Int) { self.init([Float](repeating: 0, count: count)) }

    deinit { UnsafeMutableRawPointer(base).deallocate() }

    subscript(_ index: Int) -> Float { base[index] }

    func copy(from other: Floats) { base.update(from: other.base, count: count) }
}

/// Reproducible values in [-1, 1) (a linear congruential generator with Knuth's constants).
struct Noise {
    private var state: UInt64

    init(_ seed: Int) { state = UInt64(truncatingIfNeeded: seed) }

    mutating func next() -> Float {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Float(Int32(truncatingIfNeeded: state >> 32)) * 0x1p-31
    }

    mutating func values(_ count: Int) -> [Float] { (0..<count).map { _ in next() } }
}
