/// Offsets of the pixels of channels-last maps, as tables for `Kernels.convolution`.
///
/// A map of `side` x `side` pixels may carry a border of `padding` zero pixels on each side; its interior pixel (y, x)
/// starts at ((y + padding) * (side + 2 padding) + x + padding) * channels.
struct MapGeometry {
    let side: Int
    let padding: Int
    let channels: Int

    var paddedSide: Int { side + 2 * padding }
    var pixels: Int { side * side }
    /// Floats of one map with its border.
    var count: Int { paddedSide * paddedSide * channels }

    /// Starts of the interior pixels, to which a layer writes its outputs.
    func interior() -> [Int] { starts(shift: padding) }

    /// Starts of the top left pixel under a kernel of 2*padding + 1 centred on each pixel, from which a convolution
    /// reads.
    func windows() -> [Int] { starts(shift: 0) }

    /// Starts of the kernel's rows within a window, each a run of kernel*channels consecutive floats.
    func kernelRows() -> OffsetTable { OffsetTable((0..<2 * padding + 1).map { $0 * paddedSide * channels }) }

    /// Starts of each tap of the kernel within a window, for groups that read only a part of the channels.
    func kernelTaps() -> OffsetTable {
        let kernel = 2 * padding + 1
        return OffsetTable(
            (0..<kernel * kernel).map { ($0 / kernel * paddedSide + $0 % kernel) * channels })
    }

    private func starts(shift: Int) -> [Int] {
        (0..<pixels).map { (($0 / side + shift) * paddedSide + $0 % side + shift) * channels }
    }
}

extension OffsetTable {
    /// The same offsets for `count` maps that lie `stride` floats apart.
    convenience init(_ offsets: [Int], repeated count: Int, stride: Int) {
        self.init((0..<count).flatMap { map in offsets.map { map * stride + $0 } })
    }
}
