/// A section of a page: a heading, followed by texts, figures, tables and notes in order.
public struct PageSection: Sendable {
    public enum Item: Sendable {
        /// A paragraph.
        case text(String)
        /// A highlighted paragraph: limits of the data, reasons of an assumption.
        case note(String)
        /// The most important numbers.
        case facts([PageFact])
        /// Side by side where the page is wide enough.
        case figures([Figure])
        case table(PageTable)
        /// The meaning of the colours of the pictures below.
        case scales([PictureScale])
        /// Rows of small images under common headings, side by side where the page is wide enough.
        case pictures([PagePicture])
        /// A smaller heading.
        case heading(String)
    }

    /// The id of the element, the target of links; unique on a page.
    public let id: String
    public let title: String
    public let items: [Item]

    /// - Parameter id: reduced to letters, digits and hyphens; the title if nil.
    public init(_ title: String, id: String? = nil, _ items: [Item]) {
        (self.id, self.title, self.items) = (Markup.identifier(id ?? title), title, items)
    }

    /// All figures, in their order.
    public var figures: [Figure] {
        items.flatMap { item in if case .figures(let figures) = item { figures } else { [] as [Figure] } }
    }
}

/// A number with its name.
public struct PageFact: Sendable {
    public let name: String
    public let value: String
    /// A short note.
    public let detail: String

    public init(_ name: String, _ value: String, detail: String = "") {
        (self.name, self.value, self.detail) = (name, value, detail)
    }
}

/// Rows under headings.
public struct PageTable: Sendable {
    public enum Alignment: Sendable {
        case text
        /// Right-aligned, with digits of equal width.
        case number
    }

    public struct Column: Sendable {
        /// With the unit: `time (s)`.
        public let title: String
        public let alignment: Alignment

        public init(_ title: String, _ alignment: Alignment = .number) {
            (self.title, self.alignment) = (title, alignment)
        }
    }

    public let caption: String
    public let columns: [Column]
    /// The first cell of each is its heading. Cells beyond the columns are left out; missing ones are empty.
    public let rows: [[String]]
}
