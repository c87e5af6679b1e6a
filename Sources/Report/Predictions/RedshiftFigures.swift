import Glibc
import Inference
import Platform

/// The figures of predictions with spectroscopic redshifts.
struct RedshiftFigures {
    private let redshiftsCompared: ComparedRedshifts
    private let quality: Quality
    /// The axis of both redshifts: the range of most galaxies, extended to round numbers.
    private let scale: Scale
    private let limit: Double

    init(_ compared: ComparedRedshifts, _ quality: Quality) {
        redshiftsCompared = compared
        self.quality = quality
        limit = FieldQuality.outlierLimit(sigmaIQR: quality.field.sigmaIQR)
        let part = Self.partLeftOut(compared.scaled.count)
        let ranges = [compared.predicted, compared.spectroscopic].map { RobustRange($0, leavingOut: part) }
        scale = Self.covering(ranges, zero: true)
    }

    /// The few outermost of many galaxies would compress all others.
    private static func partLeftOut(_ count: Int) -> Double { count > Density.mostDots ? 0.002 : 0 }

    private static func covering(_ ranges: [RobustRange], zero: Bool) -> Scale {
        let bounds = ranges.flatMap { [$0.low, $0.high] }
        let (low, high) = (bounds.min() ?? 0, bounds.max() ?? 1)
        // A range that begins close to 0 begins at 0.
        let isNear = zero && low > 0 && low < 0.3 * high
        // One value is in the middle: at an end, the rounding of that end could leave it out.
        let room = high == low ? max(0.05, 0.5 * abs(low)) : 0.02 * (high - low)
        return .linear(isNear ? 0 : low - room, high + room)
    }

    var redshifts: Figure {
        let density = Density(
            redshiftsCompared.spectroscopic, redshiftsCompared.predicted, x: scale, y: scale, points: "galaxies")
        let ends = [scale.domain.lowerBound, scale.domain.upperBound]
        /// The lines that cross the axes' square; the legend has the name once.
        func bound(_ name: String, _ dz: Double, _ dash: Guide.Dash) -> [Guide] {
            [dz, -dz].map { dz in ends.map { ($0, $0 + dz * (1 + $0)) } }
                .filter { line in line[0].1 < ends[1] && line[1].1 > ends[0] }
                .enumerated().map { Guide($0.offset == 0 ? name : "", $0.element, dash: dash) }
        }
        let (fixed, wide) = (
            bound("|\(Notation.dz)| = 0.15", 0.15, .dashed),
            bound("|\(Notation.dz)| = \(Notation.wideBound)", limit, .dotted)
        )
        let drawn = [fixed.isEmpty ? nil : "dashed", wide.isEmpty ? nil : "dotted"].compactMap { $0 }
        let chart = Chart(
            x: Axis("spectroscopic redshift zs", scale), y: Axis("predicted redshift zp", scale),
            layers: [density] + fixed + wide
                + [LineSeries(name: "zp = zs", points: ends.map { .init($0, $0) }, series: 1, hasMarkers: false)],
            height: 460, colourBar: density.colourBar)
        return chart.figure(
            id: "redshifts", title: "Predicted against spectroscopic redshift",
            description: "\(PredictionReport.counted(quality.galaxies)); MAE "
                + "\(Notation.significant(quality.reference.meanAbsoluteError, 2)), "
                + "\(Notation.sigmaMAD) \(Notation.significant(quality.field.sigmaMAD, 2)), with the line zp = zs"
                + (drawn.isEmpty ? "." : " and the bounds beyond which a galaxy is called an outlier."),
            caption:
                "\(PredictionReport.counted(quality.galaxies)). "
                + (drawn.isEmpty
                    ? "The bounds of outliers are outside of the axes"
                    : "Beyond the \(drawn.joined(separator: " and the ")) lines galaxies are called outliers")
                + "; \(Notation.wideBound) is \(Decimals.shortest(limit, digits: 2)) here.")
    }

    var residuals: Figure {
        let (zs, dz) = (redshiftsCompared.spectroscopic, redshiftsCompared.scaled)
        let part = Self.partLeftOut(dz.count)
        let x = Self.covering([RobustRange(zs, leavingOut: part)], zero: true)
        let range = RobustRange(dz, leavingOut: 5 * part)
        let reach = max(0.08, 1.2 * max(abs(range.low), abs(range.high)))
        let y = Scale.linear(-reach, reach)
        let density = Density(zs, dz, x: x, y: y, points: "galaxies")
        let count = min(24, max(4, dz.count / 60))
        let running = RunningMedian(redshifts: zs, scaled: dz, range: x.domain, count: count)
        let ends = [x.domain.lowerBound, x.domain.upperBound]
        func level(_ name: String, _ dz: Double, _ dash: Guide.Dash) -> Guide {
            Guide(name, ends.map { ($0, dz) }, dash: dash)
        }
        /// No line outside the axes.
        func levels(_ name: String, _ dz: Double, _ dash: Guide.Dash) -> [Guide] {
            dz > reach ? [] : [level("\u{B1}" + name, dz, dash), level("", -dz, dash)]
        }
        let median = LineSeries(
            name: "median, 16% to 84%",
            points: running.steps.map { step in
                // The standard error of a median is 1.25 sigma / sqrt(n): four of them are its 95% interval.
                let error = 1.25 * (step.high - step.low) / Double(step.galaxies).squareRoot()
                let (low, high) = (step.median - error, step.median + error)
                return .init(
                    step.redshift, step.median, range: step.low...step.high,
                    label: "zs \(Notation.significant(step.redshift)): median "
                        + "\(Notation.estimate(step.median, within: low...high)), 16% to 84% "
                        + "\(Notation.text(step.low...step.high)), " + PredictionReport.counted(step.galaxies))
            }, series: 1)
        let chart = Chart(
            x: Axis("spectroscopic redshift zs", x), y: Axis(Notation.residual, y),
            layers: [
                density, level("\(Notation.dz) = 0", 0, .solid),
            ] + levels("0.15", 0.15, .dashed) + levels(Notation.wideBound, limit, .dotted)
                + (running.steps.isEmpty ? [] : [median]), height: 460,
            colourBar: density.colourBar)
        return chart.figure(
            id: "residuals", title: "Residual against redshift",
            description: "\(Notation.dz) of \(PredictionReport.counted(dz.count))"
                + (running.steps.isEmpty ? "." : " with its median and scatter along redshift."),
            caption: (running.steps.isEmpty
                ? "No step has \(RunningMedian.fewest) galaxies, so that no median is drawn."
                : "Points are medians of steps with \(RunningMedian.fewest) galaxies or more, bars reach from the 16th "
                    + "to the 84th percentile."))
    }

    var histogram: Figure {
        let dz = redshiftsCompared.scaled
        let (centre, sigma) = (quality.field.medianBias, quality.field.sigmaMAD)
        let range = RobustRange(dz, leavingOut: Self.partLeftOut(dz.count))
        let reach =
            sigma > 0
            ? min(6 * sigma, max(centre - range.low, range.high - centre, sigma)) : max(1e-3, range.high - centre)
        let count = min(80, max(10, Int(Double(dz.count).squareRoot())))
        let histogram = Histogram(dz, range: centre - reach...centre + reach, count: count)
        var layers: [any ChartLayer] = [
            Boxes("galaxies", edges: histogram.edges, heights: histogram.counts.map(Double.init), series: 0)
        ]
        var top = Double(histogram.counts.max() ?? 1)
        if sigma > 0 {
            let peak = Double(dz.count) * histogram.width / (sigma * (2 * Double.pi).squareRoot())
            let curve = (0...120).map { step in
                let x = centre + reach * (Double(step) / 60 - 1)
                let distance = (x - centre) / sigma
                return (x: x, y: peak * exp(-distance * distance / 2))
            }
            layers.append(Guide("normal, \(Notation.sigmaMAD) wide", curve, dash: .solid))
            top = max(top, peak)
        }
        layers.append(Guide("median", [(centre, 0), (centre, 2 * top)], dash: .dashed))
        let chart = Chart(
            x: Axis(Notation.residual, .linear(centre - reach, centre + reach)),
            y: .counts("galaxies in a bin", most: top), layers: layers,
            leftOut: ("galaxies", dz.count - histogram.counts.reduce(0, +)))
        return chart.figure(
            id: "dz", title: "Distribution of \(Notation.dz)",
            description:
                "Histogram of \(Notation.dz) with the normal distribution of the same median and \(Notation.sigmaMAD).",
            caption:
                "The curve is the normal distribution with this median and \(Notation.sigmaMAD): what rises above it at the "
                + "sides is the tails.")
    }

    /// σ_MAD, MAE and median bias by redshift; nil where no bin has enough galaxies.
    func scatter(_ bins: QualityByRedshift) -> Figure? {
        let shown = bins.bins.filter { $0.quality.galaxies >= RunningMedian.fewest }
        guard !shown.isEmpty else { return nil }
        func series(_ name: String, _ index: Int, _ measure: Int, _ value: (Quality) -> Double) -> LineSeries {
            LineSeries(
                name: name,
                points: shown.map { bin in
                    let middle = (bin.redshifts.lowerBound + bin.redshifts.upperBound) / 2
                    let text = Notation.estimate(value(bin.quality), within: bin.intervals?[measure])
                    return .init(
                        middle, value(bin.quality), range: bin.intervals?[measure],
                        label: "\(name), zs \(Scale.label(bin.redshifts.lowerBound)) to "
                            + "\(Scale.label(bin.redshifts.upperBound)): \(text)")
                }, series: index)
        }
        let all = [
            series(Notation.sigmaMAD, 0, Measure.sigmaMAD) { $0.field.sigmaMAD },
            series("MAE", 2, Measure.meanAbsoluteError) { $0.reference.meanAbsoluteError },
            series("median bias", 1, Measure.medianBias) { $0.field.medianBias },
        ]
        let edges = shown.flatMap { [$0.redshifts.lowerBound, $0.redshifts.upperBound] }
        let chart = Chart(
            x: Axis("spectroscopic redshift zs", .linear(edges.min() ?? 0, edges.max() ?? 1)),
            y: Axis("redshift error", .linear(covering: all.flatMap(\.points).flatMap(\.extent), zero: true)),
            layers: all)
        return chart.figure(
            id: "by-redshift", title: "Quality by redshift",
            description: "\(Notation.sigmaMAD), MAE and median bias in bins of spectroscopic redshift.",
            caption: "Bins of the table below with \(RunningMedian.fewest) galaxies or more; bars are 95% intervals.")
    }

    /// The distributions of predicted and spectroscopic redshifts.
    static func distribution(_ predicted: [Double], _ spectroscopic: [Double]) -> Figure {
        let part = partLeftOut(predicted.count)
        let ranges = [predicted, spectroscopic].filter { $0.contains(where: \.isFinite) }
            .map { RobustRange($0, leavingOut: part) }
        let x = covering(ranges, zero: true)
        let count = min(80, max(10, Int(Double(predicted.count).squareRoot())))
        let phot = Histogram(predicted, range: x.domain, count: count)
        let spec = Histogram(spectroscopic, range: x.domain, count: count)
        var layers: [any ChartLayer] = [
            Boxes("predicted", edges: phot.edges, heights: phot.counts.map(Double.init), series: 0)
        ]
        let isCompared = spec.counts.contains { $0 > 0 }
        if isCompared {
            layers.append(
                LineSeries(
                    name: "spectroscopic", points: spec.outline.map { .init($0.x, $0.y) }, series: 1, hasMarkers: false)
            )
        }
        let top = max(phot.counts.max() ?? 1, spec.counts.max() ?? 1, 1)
        let outside = predicted.count { $0.isFinite } - phot.counts.reduce(0, +)
        let chart = Chart(
            x: Axis("redshift", x), y: .counts("galaxies in a bin", most: Double(top)),
            layers: layers, leftOut: ("galaxies", outside))
        return chart.figure(
            id: "distribution-of-z", title: "Galaxies by redshift",
            description: "Histogram of predicted redshifts"
                + (isCompared ? ", and the outline of that of the spectroscopic ones." : "."),
            caption: "\(PredictionReport.counted(predicted.count { $0.isFinite })).")
    }
}
