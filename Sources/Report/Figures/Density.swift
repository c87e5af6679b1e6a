/// The density of points: counts in the cells of a grid, coloured by their logarithm; few points are drawn as dots.
struct Density: ChartLayer {
    private enum Content {
        /// Counts, row after row from the lowest y.
        case cells([Int], columns: Int)
        /// Points, and the number of others near each.
        case dots([(x: Double, y: Double, near: Int)])
    }

    /// The range of the colour scale.
    let colourBar: ColourBar
    /// Points outside of both scales, which are not drawn.
    let outside: Int
    /// The plural noun for the points.
    private let noun: String
    private let content: Content
    private let x: Scale
    private let y: Scale

    /// More points than this are counted in cells.
    static let mostDots = 2000
    private static let columns = 130

    /// - Parameters:
    ///   - xs, ys: coordinates of the same points. A point with a coordinate that is not finite is outside.
    ///   - x, y: linear scales of the chart.
    ///   - points: the plural noun for the points.
    init(_ xs: [Double], _ ys: [Double], x: Scale, y: Scale, points: String) {
        self.x = x
        self.y = y
        noun = points
        let places = min(xs.count, ys.count)
        if places <= Self.mostDots {
            let inside = zip(xs, ys).filter { x.domain.contains($0) && y.domain.contains($1) }
                .map { (fractionX: x.fraction($0), fractionY: y.fraction($1), x: $0, y: $1) }
            outside = places - inside.count
            let dots = inside.map { dot in
                let near = inside.count { other in
                    let (across, up) = (dot.fractionX - other.fractionX, dot.fractionY - other.fractionY)
                    return across * across + up * up <= Self.radius * Self.radius
                }
                return (x: dot.x, y: dot.y, near: near)
            }
            content = .dots(dots)
            let most = Double(dots.map(\.near).max() ?? 1)
            colourBar = ColourBar(title: "\(points) near it", scale: .logarithmic(from: 1, to: max(most, 10)))
        } else {
            var counts = [Int](repeating: 0, count: Self.columns * Self.columns)
            var drawn = 0
            let (toColumn, toRow) = (Self.cell(x), Self.cell(y))
            for index in 0..<places {
                let (column, row) = (
                    (xs[index] - toColumn.low) * toColumn.factor, (ys[index] - toRow.low) * toRow.factor
                )
                let limit = Double(Self.columns)
                guard column >= 0, row >= 0, column <= limit, row <= limit else { continue }
                counts[min(Int(row), Self.columns - 1) * Self.columns + min(Int(column), Self.columns - 1)] += 1
                drawn += 1
            }
            outside = places - drawn
            content = .cells(counts, columns: Self.columns)
            let most = Double(counts.max() ?? 1)
            colourBar = ColourBar(title: "\(points) in a cell", scale: .logarithmic(from: 1, to: max(most, 10)))
        }
    }

    /// As a fraction of the plot's width: points closer than this are near.
    private static let radius = 0.02

    private static func cell(_ scale: Scale) -> (low: Double, factor: Double) {
        let domain = scale.domain
        return (domain.lowerBound, Double(columns) / (domain.upperBound - domain.lowerBound))
    }

    var key: LegendKey? { nil }

    func marks(in plot: Plot) -> Marks? {
        guard case .dots(let dots) = content else { return Marks(noun: noun, drawn: [], outside: outside) }
        return Marks(noun: noun, drawn: dots.map { (plot.x($0.x), plot.y($0.y)) }, outside: outside)
    }

    func draw(in plot: Plot, onto svg: inout SVG) {
        switch content {
        case .cells(let counts, let columns): draw(counts, columns: columns, in: plot, onto: &svg)
        case .dots(let dots):
            var paths = [SVGPath](repeating: SVGPath(), count: FigureStyle.densitySteps)
            for dot in dots { paths[colourBar.step(Double(dot.near))].dot(plot.x(dot.x), plot.y(dot.y)) }
            for (step, path) in paths.enumerated() { svg.path(path, style: FigureStyle.densityDot(step)) }
        }
    }

    /// One path for each colour, neighbours of one colour in a row as one rectangle: a page stays small.
    private func draw(_ counts: [Int], columns: Int, in plot: Plot, onto svg: inout SVG) {
        var paths = [SVGPath](repeating: SVGPath(), count: FigureStyle.densitySteps)
        let (width, height) = (plot.width / Double(columns), plot.height / Double(columns))
        for row in 0..<columns {
            let top = plot.bottom - height * Double(row + 1)
            var start = 0
            while start < columns {
                let count = counts[row * columns + start]
                guard count > 0 else {
                    start += 1
                    continue
                }
                let step = colourBar.step(Double(count))
                var end = start + 1
                while end < columns, counts[row * columns + end] > 0,
                    colourBar.step(Double(counts[row * columns + end])) == step
                { end += 1 }
                // Slightly larger than the cells, so that no background shows between them.
                paths[step].rectangle(
                    plot.left + width * Double(start), top, width * Double(end - start) + 0.15, height + 0.15)
                start = end
            }
        }
        for (step, path) in paths.enumerated() { svg.path(path, style: FigureStyle.density(step)) }
    }
}
