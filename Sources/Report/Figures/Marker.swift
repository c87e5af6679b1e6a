import Glibc

/// The shape of a value's marker, different for each series, so that colours are not needed to distinguish them.
enum Marker {
    /// Draws the marker of a series.
    /// - Parameters:
    ///   - label: its tooltip.
    ///   - isHollow: whether only its outline is drawn.
    static func draw(
        _ series: Int, at x: Double, _ y: Double, onto svg: inout SVG, size: Double = 4.2, label: String? = nil,
        isHollow: Bool = false
    ) {
        let style = isHollow ? FigureStyle.outline(series) : FigureStyle.fill(series)
        svg.path(path(series, x, y, size), style: style, label: label)
    }

    private static func path(_ series: Int, _ x: Double, _ y: Double, _ size: Double) -> SVGPath {
        var path = SVGPath()
        func polygon(_ corners: [(Double, Double)]) {
            for (index, corner) in corners.enumerated() {
                let (cornerX, cornerY) = (x + corner.0 * size, y + corner.1 * size)
                if index == 0 { path.move(cornerX, cornerY) } else { path.line(cornerX, cornerY) }
            }
            path.close()
        }
        switch FigureStyle.index(series) {
        case 0: path.circle(x, y, radius: size)
        case 1: polygon([(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)])
        case 2: polygon([(0, -1.2), (1.1, 0.9), (-1.1, 0.9)])
        case 3: polygon([(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)])
        case 4: polygon([(0, 1.2), (1.1, -0.9), (-1.1, -0.9)])
        case 5: polygon(star(points: 5))
        case 6:
            polygon([
                (-0.4, -1.2), (0.4, -1.2), (0.4, -0.4), (1.2, -0.4), (1.2, 0.4), (0.4, 0.4), (0.4, 1.2), (-0.4, 1.2),
                (-0.4, 0.4), (-1.2, 0.4), (-1.2, -0.4), (-0.4, -0.4),
            ])
        default: polygon([(-0.6, -1.1), (0.6, -1.1), (1.2, 0), (0.6, 1.1), (-0.6, 1.1), (-1.2, 0)])
        }
        return path
    }

    private static func star(points: Int) -> [(Double, Double)] {
        (0..<2 * points).map { index in
            let angle = Double.pi * Double(index) / Double(points)
            let radius = index.isMultiple(of: 2) ? 1.4 : 0.6
            return (radius * sin(angle), -radius * cos(angle))
        }
    }
}
