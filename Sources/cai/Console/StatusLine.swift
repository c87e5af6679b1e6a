/// One line on a terminal that is written over and over, and wiped in the end; silent where nobody watches.
struct StatusLine {
    let isShown: Bool

    init(isShown: Bool) { self.isShown = isShown && Console.isTerminal }

    func write(_ text: String) {
        if isShown { Console.write("\r" + text + "\u{1B}[K") }
    }

    func wipe() { write("") }

    /// The first form that a terminal of so many columns has room for: a line that wraps cannot be written over.
    static func fitting(_ forms: [String], columns: Int) -> String {
        // The last column stays free: some terminals wrap as soon as it is written.
        forms.first { $0.count < columns } ?? ""
    }
}
