/// The distance of vectors with correlated elements from zero: Mahalanobis' distance with a covariance that is robust
/// against outliers.
struct RobustDistance {
    private let size: Int
    /// The inverse of the lower triangular root of the covariance, row-major.
    private let whitening: [Double]

    /// Elements are clipped to this absolute value for the covariance.
    private static let clip = 3.0
    /// The shrinkage of covariances between elements, which keeps the matrix far from singular.
    private static let shrinkage = 0.1

    /// - Parameter vectors: [n, size], each element of scatter 1 about 0; n at least 1.
    init(_ vectors: [Double], size: Int) {
        self.size = size
        var covariance = [Double](repeating: 0, count: size * size)
        let count = vectors.count / size
        for vector in 0..<count {
            let clipped = vectors[vector * size..<(vector + 1) * size].map { max(-Self.clip, min(Self.clip, $0)) }
            for row in 0..<size {
                for column in 0...row { covariance[row * size + column] += clipped[row] * clipped[column] }
            }
        }
        for row in 0..<size {
            for column in 0..<row { covariance[row * size + column] *= (1 - Self.shrinkage) / Double(count) }
            // An element that is zero in all vectors does not contribute to the distance, and must not divide by zero.
            covariance[row * size + row] = max(covariance[row * size + row] / Double(count), 1e-6)
        }
        whitening = Self.inverse(lower: Self.root(covariance, size), size)
    }

    /// The square of the distance over the number of elements: 1 on average for usual vectors.
    func squared(_ vector: ArraySlice<Double>) -> Double {
        var sum = 0.0
        for row in 0..<size {
            var element = 0.0
            for column in 0...row { element += whitening[row * size + column] * vector[vector.startIndex + column] }
            sum += element * element
        }
        return sum / Double(size)
    }

    /// The Cholesky root of a symmetric matrix, given its lower triangle.
    private static func root(_ matrix: [Double], _ size: Int) -> [Double] {
        var root = [Double](repeating: 0, count: size * size)
        for row in 0..<size {
            for column in 0...row {
                var value = matrix[row * size + column]
                for inner in 0..<column { value -= root[row * size + inner] * root[column * size + inner] }
                root[row * size + column] =
                    row == column ? max(value, 1e-9).squareRoot() : value / root[column * size + column]
            }
        }
        return root
    }

    private static func inverse(lower: [Double], _ size: Int) -> [Double] {
        var inverse = [Double](repeating: 0, count: size * size)
        for column in 0..<size {
            for row in column..<size {
                var value = row == column ? 1.0 : 0.0
                for inner in column..<row { value -= lower[row * size + inner] * inverse[inner * size + column] }
                inverse[row * size + column] = value / lower[row * size + row]
            }
        }
        return inverse
    }
}
