/// Chooses the visible patches of a pass's galaxies: those of the smallest noise, in ascending order of it.
struct MaskOrder {
    private let masking: Masking
    /// [capacity, patches]: each galaxy's patches, in ascending order of noise; then [patches] of scratch for sorting.
    private let indices: OffsetTable
    private let scratch: UnsafeMutablePointer<Int32>
    private let chosen: OffsetTable

    init(_ masking: Masking, capacity: Int) {
        self.masking = masking
        indices = OffsetTable([Int](repeating: 0, count: (capacity + 1) * masking.patches))
        scratch = indices.base + capacity * masking.patches
        chosen = OffsetTable([Int](repeating: 0, count: capacity * masking.visible))
    }

    /// [capacity, visible]: the visible patches of each galaxy.
    var visible: UnsafePointer<Int32> { UnsafePointer(chosen.base) }

    /// The visible patches of one of the galaxies.
    func visible(_ galaxy: Int) -> UnsafePointer<Int32> { UnsafePointer(chosen.base + galaxy * masking.visible) }

    /// Orders the patches of one of the galaxies by their noise, [patches].
    func sort(_ noise: UnsafePointer<Float>, galaxy: Int) {
        let order = indices.base + galaxy * masking.patches
        Self.sort(noise, count: masking.patches, into: order, scratch: scratch)
        (chosen.base + galaxy * masking.visible).update(from: order, count: masking.visible)
    }

    /// 1 for a masked patch, 0 for a visible one.
    func mask(into mask: UnsafeMutablePointer<Float>, galaxy: Int) {
        mask.update(repeating: 1, count: masking.patches)
        for index in 0..<masking.visible { mask[Int(visible(galaxy)[index])] = 0 }
    }

    /// Writes the starts of the visible patches of `count` galaxies within their images.
    func write(_ rows: OffsetTable, count: Int, config: EncoderConfig) {
        for row in 0..<count * masking.visible {
            let (galaxy, patch) = (row / masking.visible, Int(chosen.base[row]))
            rows.base[row] = Int32(galaxy * config.imageCount + config.patchStart(patch))
        }
    }

    /// A stable argsort of `count` noises, NaN last: order[0] is the index of the smallest.
    /// - Parameter scratch: [count]
    static func sort(
        _ noise: UnsafePointer<Float>, count: Int, into order: UnsafeMutablePointer<Int32>,
        scratch: UnsafeMutablePointer<Int32>
    ) {
        for index in 0..<count { order[index] = Int32(index) }
        var (from, to) = (order, scratch)
        var width = 1
        while width < count {
            for start in stride(from: 0, to: count, by: 2 * width) {
                merge(noise, from, start, min(start + width, count), min(start + 2 * width, count), into: to)
            }
            swap(&from, &to)
            width *= 2
        }
        if from != order { order.update(from: from, count: count) }
    }

    /// Merges the sorted ranges [first, middle) and [middle, end).
    private static func merge(
        _ noise: UnsafePointer<Float>, _ from: UnsafePointer<Int32>, _ first: Int, _ middle: Int, _ end: Int,
        into to: UnsafeMutablePointer<Int32>
    ) {
        var (left, right) = (first, middle)
        for index in first..<end {
            if left < middle, right == end || !precedes(noise[Int(from[right])], noise[Int(from[left])]) {
                to[index] = from[left]
                left += 1
            } else {
                to[index] = from[right]
                right += 1
            }
        }
    }

    private static func precedes(_ left: Float, _ right: Float) -> Bool { left < right || (right.isNaN && !left.isNaN) }
}
