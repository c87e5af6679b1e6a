/// Rows of a strided tensor, as a walk over elements: axes of length 1 dropped, axes that follow each other merged.
struct TensorLayout {
    /// Elements from the tensor's first to the first of the rows.
    let firstElement: Int
    /// Elements from the first to one past the last that is reached.
    let extent: Int
    /// Axes, outermost first; at least one.
    let axes: [(count: Int, stride: Int)]

    /// Rows of a tensor that a reader has checked: nothing here overflows. Neither rows nor axes are empty.
    init(rows: Range<Int>, shape: [Int], strides: [Int]) {
        var axes: [(count: Int, stride: Int)] = []
        var firstElement = 0
        for axis in shape.indices {
            let count = axis == 0 ? rows.count : shape[axis]
            if axis == 0 { firstElement = rows.lowerBound * strides[0] }
            guard count != 1 else { continue }
            if let last = axes.last, last.stride == strides[axis] * count {
                axes[axes.count - 1] = (last.count * count, strides[axis])
            } else {
                axes.append((count, strides[axis]))
            }
        }
        self.firstElement = firstElement
        self.extent = axes.reduce(1) { $0 + ($1.count - 1) * $1.stride }
        self.axes = axes.isEmpty ? [(1, 1)] : axes
    }

    /// Strides of a row-major tensor, or nil when the number of elements is beyond an `Int`.
    static func rowMajorStrides(_ shape: [Int]) -> [Int]? {
        var strides = [Int](repeating: 1, count: shape.count)
        var step = 1
        for axis in shape.indices.reversed() {
            strides[axis] = step
            let (product, overflow) = step.multipliedReportingOverflow(by: max(shape[axis], 1))
            guard !overflow else { return nil }
            step = product
        }
        return strides
    }

    static func isContiguous(shape: [Int], strides: [Int]) -> Bool {
        var step = 1
        for axis in shape.indices.reversed() where shape[axis] != 1 {
            if strides[axis] != step && shape[axis] != 0 { return false }
            step *= shape[axis]
        }
        return true
    }

    /// Elements that a tensor has and how far it reaches from its first element, or nil when a number overflows.
    static func measure(shape: [Int], strides: [Int]) -> (count: Int, extent: Int)? {
        guard shape.count == strides.count, shape.allSatisfy({ $0 >= 0 }), strides.allSatisfy({ $0 >= 0 }) else {
            return nil
        }
        var count = 1
        // An empty axis must not hide that the others overflow: `rowCount` multiplies them all the same.
        var product = 1
        var extent = 1
        for (length, stride) in zip(shape, strides) {
            count = length == 0 ? 0 : count
            let (next, overflow) = product.multipliedReportingOverflow(by: max(length, 1))
            let (reach, reachOverflow) = max(length - 1, 0).multipliedReportingOverflow(by: stride)
            let (sum, sumOverflow) = extent.addingReportingOverflow(reach)
            guard !overflow, !reachOverflow, !sumOverflow else { return nil }
            product = next
            extent = sum
        }
        return count == 0 ? (0, 0) : (product, extent)
    }
}
