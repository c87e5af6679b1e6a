/// Rows of a strided tensor as nested loops over elements: axes of length 1 are dropped, contiguous axes merged.
struct TensorLayout {
    /// Offset in elements of the first row from the tensor's first element.
    let firstElement: Int
    /// Elements from the first to one past the last that is accessed.
    let extent: Int
    /// Axes, outermost first; at least one.
    let axes: [(count: Int, stride: Int)]

    /// A reader has checked the tensor: nothing here overflows. Neither rows nor axes are empty.
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

    /// Strides of a row-major tensor; nil when the number of elements overflows.
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

    /// Strides, elements and bytes of a row-major tensor; nil when a length is negative or a number overflows.
    static func dense(_ shape: [Int], elementSize: Int = 1) -> (strides: [Int], count: Int, byteCount: Int)? {
        guard let strides = rowMajorStrides(shape), let size = measure(shape: shape, strides: strides),
            case let (bytes, overflow) = size.count.multipliedReportingOverflow(by: elementSize), !overflow
        else { return nil }
        return (strides, size.count, bytes)
    }

    static func isContiguous(shape: [Int], strides: [Int]) -> Bool {
        var step = 1
        for axis in shape.indices.reversed() where shape[axis] != 1 {
            if strides[axis] != step && shape[axis] != 0 { return false }
            step *= shape[axis]
        }
        return true
    }

    /// Number of elements, and elements from the first to one past the last in memory; nil when a number overflows.
    static func measure(shape: [Int], strides: [Int]) -> (count: Int, extent: Int)? {
        guard shape.count == strides.count, shape.allSatisfy({ $0 >= 0 }), strides.allSatisfy({ $0 >= 0 }) else {
            return nil
        }
        var count = 1
        // Overflow is an error even if another axis is empty: `rowCount` multiplies the other axes.
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
