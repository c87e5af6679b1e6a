/// The bands of a network in its order, a letter each, as its weights state them.
public struct NetworkBands: Sendable, Equatable {
    /// `grizy`
    public let letters: String
    /// The file that states them, for messages.
    public let file: String

    /// Of a safetensors file's metadata.
    static let metadataKey = "bands"

    init(letters: String, file: String) { (self.letters, self.file) = (letters, file) }

    /// The letters of `grizy`, `g,r,i,z,y` or `g, r, i, z, y`; nil unless each is a letter, and another one, and for u, g, r,
    /// i, z in upper case, which are other filters.
    public static func letters(of text: String) -> String? {
        let letters = text.filter { $0 != "," && $0 != " " }
        let usual = "ugriz"
        let isUpperCase =
            !usual.allSatisfy(letters.contains) && usual.allSatisfy(letters.lowercased().contains)
        guard !letters.isEmpty, letters.allSatisfy(\.isLetter), Set(letters).count == letters.count, !isUpperCase else {
            return nil
        }
        return letters
    }

    /// `g, r, i, z, y`
    public static func list(_ letters: String) -> String { letters.map(String.init).joined(separator: ", ") }
}
