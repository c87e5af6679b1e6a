/// The colours of figures and pages: roles, each with a colour on a light and one on a dark background.
///
/// Series have the hues of Okabe and Ito's palette, which are distinguishable with the common kinds of colour
/// blindness (https://jfly.uni-koeln.de/color/), ordered by contrast to white; on a dark background they are lightened.
/// Markers also differ in shape, and lines in their dashes.
enum FigureStyle {
    typealias Role = (name: String, light: String, dark: String)

    /// The size of text in figures, in units of the view box.
    static let fontSize = 13.0
    /// The number of series before colours repeat.
    static let seriesCount = 8
    /// Steps of the colour scale of densities, from few to many.
    static let densitySteps = 10

    static let surface: Role = ("surface", "#FFFFFF", "#14181D")
    static let ink: Role = ("ink", "#1B232C", "#E4E9EE")
    static let soft: Role = ("soft", "#56626E", "#A3AFBA")
    static let grid: Role = ("grid", "#DFE5EA", "#2F3841")

    static let series: [Role] = [
        ("s0", "#0072B2", "#4FA8E3"), ("s1", "#D55E00", "#FF8340"), ("s2", "#00825F", "#2CC597"),
        ("s3", "#B5568F", "#E79BC6"), ("s4", "#B87A00", "#F0B33A"), ("s5", "#3E9BD3", "#93D3F7"),
        ("s6", "#4A4A4A", "#C9C9C9"), ("s7", "#8A7D00", "#F0E442"),
    ]

    /// Lightness falls evenly from 0.83 to 0.27 on a light background and rises from 0.36 to 0.95 on a dark one, while
    /// the hue changes from cyan to violet, and from violet to yellow (OKLCh): the order is visible in grey, too.
    static let density = zip(
        ["#87D5E4", "#64C3E5", "#48AFE1", "#369BD8", "#3086CA", "#3171B8", "#345CA1", "#344785", "#2F3366", "#262047"],
        ["#30376C", "#234F87", "#00689A", "#0083A5", "#009EA5", "#00B59F", "#4CC994", "#8EDA89", "#C7E786", "#FAF392"]
    ).enumerated().map { ("d\($0)", $1.0, $1.1) as Role }

    static let roles: [Role] = [surface, ink, soft, grid] + series + density

    /// Classes of a series: a line `l`, a thin one or an outline `e`, a filled shape `f`, a band `b`.
    static func line(_ series: Int) -> String { "l\(index(series))" }
    static func outline(_ series: Int) -> String { "e\(index(series))" }
    static func fill(_ series: Int) -> String { "f\(index(series))" }
    static func band(_ series: Int) -> String { "b\(index(series))" }
    /// Fills and dots of a step of densities.
    static func density(_ step: Int) -> String { "d\(min(max(step, 0), densitySteps - 1))" }
    static func densityDot(_ step: Int) -> String { "o\(min(max(step, 0), densitySteps - 1))" }

    static func index(_ series: Int) -> Int { abs(series % seriesCount) }

    /// The rules of all classes; `colour` returns the CSS of a role.
    static func rules(_ colour: (Role) -> String) -> String {
        var rules = [
            ".t,.ts,.tb{font-family:system-ui,-apple-system,\"Segoe UI\",Roboto,\"DejaVu Sans\",Arial,sans-serif;"
                + "font-size:\(Int(fontSize))px;fill:\(colour(ink))}",
            ".ts{fill:\(colour(soft))}", ".tb{font-weight:600}",
            ".page{fill:\(colour(surface))}",
            ".g{stroke:\(colour(grid));stroke-width:1}", ".a{stroke:\(colour(soft));stroke-width:1}",
            ".r{stroke:\(colour(ink));stroke-width:1.4;fill:none}",
            ".r2{stroke:\(colour(ink));stroke-width:1.2;stroke-dasharray:6 4;fill:none}",
            ".r3{stroke:\(colour(ink));stroke-width:1.2;stroke-dasharray:1.5 3;fill:none}",
        ]
        for (index, role) in series.enumerated() {
            let dash = dashes[index].isEmpty ? "" : ";stroke-dasharray:\(dashes[index])"
            rules.append(".l\(index){stroke:\(colour(role));stroke-width:2;fill:none;stroke-linejoin:round\(dash)}")
            rules.append(".e\(index){stroke:\(colour(role));stroke-width:1.4;fill:none}")
            rules.append(".f\(index){fill:\(colour(role))}")
            rules.append(".b\(index){fill:\(colour(role));fill-opacity:.22}")
        }
        for (step, role) in density.enumerated() {
            rules.append(".d\(step){fill:\(colour(role))}")
            rules.append(".o\(step){stroke:\(colour(role));stroke-width:4.2;stroke-linecap:round;fill:none}")
        }
        return rules.joined(separator: "\n")
    }

    /// Dashes of the series' lines: the first two are solid.
    private static let dashes = ["", "", "7 3", "2 3", "9 3 2 3", "4 2", "", "12 4"]

    /// Custom properties of a page: `--s0: #0072B2;` and so on.
    static func properties(isDark: Bool) -> String {
        roles.map { "--\($0.name):\(isDark ? $0.dark : $0.light);" }.joined()
    }

    /// A page's rules, with colours as custom properties.
    static var pageRules: String { rules { "var(--\($0.name))" } }

    /// A file's rules, with colours written out: not every SVG viewer supports custom properties.
    static var fileRules: String {
        rules { $0.light } + "\n@media (prefers-color-scheme:dark){\n" + rules { $0.dark } + "\n}"
    }
}
