import TensorFiles

extension TensorFile {
    /// How many galaxies the file holds, whatever network they are for; nil where it is no partition of galaxies.
    public var galaxyCount: Int? {
        // Of tensors that no magnitudes go with, only those with a name say what they are.
        guard
            let galaxies = (try? GalaxyTensors(self))
                ?? (self["images"] == nil ? nil : try? GalaxyTensors(self, imagesAlone: true)),
            galaxies.images.shape.count == 4
        else { return nil }
        return try? galaxies.rowCount(
            imageShape: Array(galaxies.images.shape.dropFirst()), magnitudeCount: galaxies.magnitudes?.shape.last,
            file: name)
    }
}

/// Which of a file's tensors are its galaxies, under the names that the accepted layouts give them.
struct GalaxyTensors {
    let images: TensorView
    /// nil where the network looks at images alone.
    let magnitudes: TensorView?
    /// The file's magnitudes, whoever looks at them; not checked.
    let catalogue: TensorView?
    let redshifts: TensorView?
    let objectIDs: TensorView?

    /// images, magnitudes, redshifts: as a pickled `TensorDataset` has them, as a mapping (npz, safetensors, a pickled
    /// dictionary) names them, and as a bare tuple or list and NumPy's `savez` without names number them.
    private static let layouts = [
        ("tensors.0", "tensors.1", "tensors.2"), ("images", "magnitudes", "redshifts"), ("0", "1", "2"),
        ("arr_0", "arr_1", "arr_2"),
    ]

    /// - Parameter imagesAlone: images are all that is looked for, and ids; a file of one array is taken for them, too.
    /// - Throws: `InferenceError.partition` when no layout fits, or more tensors follow than a layout has.
    init(_ file: TensorFile, imagesAlone: Bool = false) throws(InferenceError) {
        guard !imagesAlone else {
            let names = Self.layouts.map(\.0)
            guard let images = (names + [""]).compactMap({ file[$0] }).first else {
                throw .partition(
                    file: file.name, tensor: nil,
                    message: "holds no cutouts: expected images, tensors.0 (a TensorDataset) or one array, found "
                        + Self.found(in: file))
            }
            (self.images, magnitudes, redshifts) = (images, nil, nil)
            catalogue = Self.layouts.first { $0.0 == images.name }.flatMap { file[$0.1] }
            objectIDs = file["object_id"]
            return
        }
        for (images, magnitudes, redshifts) in Self.layouts {
            guard let images = file[images], let magnitudes = file[magnitudes] else { continue }
            if let further = ["tensors.3", "3", "arr_3"].compactMap({ file[$0] }).first {
                throw .partition(
                    file: file.name, tensor: further.name,
                    message: "expected images, magnitudes and at most redshifts, found a further tensor")
            }
            self.images = images
            self.magnitudes = magnitudes
            catalogue = magnitudes
            self.redshifts = file[redshifts]
            objectIDs = file["object_id"]
            return
        }
        throw .partition(
            file: file.name, tensor: nil,
            message: "is no partition of galaxies: expected tensors.0 and tensors.1 (a TensorDataset) or images and "
                + "magnitudes, found " + Self.found(in: file))
    }

    private static func found(in file: TensorFile) -> String {
        let first = file.tensors.prefix(3).map(\.name).joined(separator: ", ")
        return (file.tensors.isEmpty ? "no tensors" : first)
            + (file.tensors.count > 3 ? ", ... (\(file.tensors.count) tensors)" : "")
    }

    /// Checks that images are [N, imageShape...], magnitudes [N, magnitudeCount], redshifts and ids [N] (or [N, 1]), N
    /// the same and not 0, and that the numbers are of a kind that means something.
    /// - Parameter magnitudeCount: nil where images alone are looked for.
    /// - Returns: N.
    func rowCount(imageShape: [Int], magnitudeCount: Int?, file: String) throws(InferenceError) -> Int {
        func fail(_ tensor: TensorView, _ expected: String, _ found: String) -> InferenceError {
            .partition(file: file, tensor: tensor.name, message: "expected \(expected), found \(found)")
        }
        func text(_ shape: [Int]) -> String { "[" + shape.map(String.init).joined(separator: ", ") + "]" }

        guard images.shape.count == 1 + imageShape.count, Array(images.shape.dropFirst()) == imageShape else {
            let expected = "[N, " + text(imageShape).dropFirst()
            throw fail(images, "images of shape \(expected)", text(images.shape))
        }
        let count = images.shape[0]
        guard count > 0 else { throw fail(images, "at least one galaxy", text(images.shape)) }
        if let magnitudes, let magnitudeCount, magnitudes.shape != [count, magnitudeCount] {
            throw fail(
                magnitudes, "magnitudes of shape \(text([count, magnitudeCount])) for \(count) images",
                text(magnitudes.shape))
        }
        for (vector, name) in [(redshifts, "redshifts"), (objectIDs, "object ids")] {
            guard let vector, vector.shape != [count], vector.shape != [count, 1] else { continue }
            throw fail(vector, "\(name) of shape [\(count)] for \(count) images", text(vector.shape))
        }
        for tensor in [images, magnitudes, redshifts].compactMap({ $0 }) where !tensor.dtype.isFloatingPoint {
            throw fail(tensor, "floating-point numbers", tensor.dtype.rawValue)
        }
        if let objectIDs, objectIDs.dtype.isFloatingPoint || objectIDs.dtype == .bool {
            throw fail(objectIDs, "integers", objectIDs.dtype.rawValue)
        }
        return count
    }
}
