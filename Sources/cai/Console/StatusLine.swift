/// One line on a terminal that is overwritten, and wiped at the end. Nothing is written where the output is not a terminal.
struct StatusLine {
    let isShown: Bool

    init(isShown: Bool) { self.isShown = isShown && Console.isTerminal }

    func write(_ text: String) { if isShown { Console.write("\r" + text + "\u{1B}[K") } }

    func wipe() { write("") }

    /// The first form that fits into `columns`: a line that wraps cannot be overwritten.
    static func fitting(_ forms: [String], columns: Int) -> String {
        // The last column is left free: some terminals wrap once it is written.
        forms.first { $0.count < columns } ?? ""
    }
}
