import Foundation
import TestSupport
import Testing

@testable import Platform
@testable import TensorFiles

@Suite("Datasets of PyTorch")
struct DatasetTests {
    private static func rows(_ file: TensorFile, _ prefix: String = "") throws -> [Int] {
        let (a, b) = (try #require(file[prefix + "tensors.0"]), try #require(file[prefix + "tensors.1"]))
        #expect(a.shape == [b.rows, 2])
        let rows = try b.floats().map { Int($0) / 10 }
        let expected: [Float] = rows.flatMap { (row: Int) -> [Float] in [Float(2 * row), Float(2 * row + 1)] }
        #expect(try a.floats() == expected)
        for (index, row) in rows.enumerated() {
            #expect(try b.floats(rows: index..<index + 1) == [Float(10 * row)])
        }
        return rows
    }

    @Test(
        "A Subset gives its rows in its order, under the names of the dataset",
        arguments: [[3, 1, 5], [0, 1, 2], [4, 4, -1], []])
    func subset(indices: [Int]) throws {
        var pickle = DatasetPickle()
        pickle.subset(of: { $0.tensors() }, { $0.list(indices) })
        let file = try pickle.file()
        #expect(try Self.rows(file) == indices.map { $0 < 0 ? $0 + 6 : $0 })
        #expect(file.refusals.isEmpty)
    }

    @Test("Indices may be a range or a tensor, and Subsets may be nested")
    func otherIndices() throws {
        var ranges = DatasetPickle()
        ranges.subset(of: { $0.tensors() }, { $0.range([5, 0, -2]) })
        #expect(try Self.rows(ranges.file()) == [5, 3, 1])
        var tensor = DatasetPickle()
        tensor.subset(
            of: { $0.tensors() },
            { $0.tensorIndices() })
        #expect(try Self.rows(tensor.file()) == [5, 0])
        var nested = DatasetPickle()
        nested.subset(
            of: { $0.subset(of: { $0.tensors() }, { $0.list([5, 3, 1]) }) }, { $0.list([2, 0]) })
        #expect(try Self.rows(nested.file()) == [1, 5])
    }

    @Test("Two million indices in a list are read in the order of the list, and one that is not an integer is refused")
    func longList() throws {
        let indices = (0..<2_000_000).map { ($0 * 7) % 12 - 6 }
        var pickle = DatasetPickle()
        pickle.subset(of: { $0.tensors() }, { $0.batches(indices) })
        let file = try pickle.file()
        let numbers = try #require(file["tensors.1"])
        #expect(numbers.shape == [2_000_000])
        for rows in [0..<40, 1_999_990..<2_000_000] {
            #expect(try numbers.floats(rows: rows) == rows.map { Float(10 * ((indices[$0] + 6) % 6)) })
        }
        var mixed = DatasetPickle()
        mixed.subset(
            of: { $0.tensors() },
            { this in
                this.batches(Array(repeating: 1, count: 100))
                this.none()
                this.appended()
            })
        let error = #expect(throws: Failure.self) { try mixed.file() }
        #expect(error?.message.contains("a Subset whose indices are not read") == true)
    }

    @Test("A range beyond the rows is refused, and one within them takes no memory for its length")
    func farRanges() throws {
        for bounds in [[0, 2_000_000, 1], [-7, 3, 1], [0, 1 << 47, 1], [5, -(1 << 40), -1]] {
            var pickle = DatasetPickle()
            pickle.subset(of: { $0.tensors() }, { $0.range(bounds) })
            let error = #expect(throws: Failure.self) { try pickle.file() }
            #expect(error?.message.contains("an index beyond its rows") == true)
        }
        let rows = try #require(RowIndices(from: 0, to: 3_000_000, step: 1))
        #expect(rows.fit(3_000_000) && !rows.fit(2_999_999))
        #expect(rows.runs(in: 2_999_990..<3_000_000, of: 3_000_000) == [2_999_990..<3_000_000])
    }

    @Test("A long list of integers beside a dataset is passed over")
    func listBeside() throws {
        var pickle = DatasetPickle()
        pickle.both { this in
            this.tensors()
            this.batches(Array(repeating: 70_000, count: 500_000))
        }
        #expect(try Self.rows(pickle.file(), "0.") == Array(0..<6))
    }

    @Test(
        "Indices of a tensor beyond the rows are refused, whatever their size",
        arguments: [6, -7, 1 << 40, 1 << 53, Int64.max, .min])
    func farIndices(index: Int64) throws {
        var pickle = DatasetPickle()
        pickle.subset(of: { $0.tensors() }, { $0.tensorIndices() })
        let error = #expect(throws: Failure.self) { try pickle.file(indices: [0, index]) }
        #expect(
            error?.message.contains("an index beyond its rows") == true, "\(error.map(String.init(describing:)) ?? "")")
    }

    @Test("Indices may be integers of NumPy, and a Subset of a list is refused")
    func listed() throws {
        var pickle = DatasetPickle()
        pickle.subset(of: { $0.tensors() }, { $0.scalars([4, 0, -2]) })
        #expect(try Self.rows(pickle.file()) == [4, 0, 4])
        var list = DatasetPickle()
        list.subset(
            of: { this in
                this.both { part in
                    part.tensorIndices()
                    part.tensorIndices()
                }
            }, { $0.list([1]) })
        let error = #expect(throws: Failure.self) { try list.file() }
        #expect(error?.message.contains("is a part of a Subset of a list or dictionary") == true)
    }

    @Test("The two parts of random_split are named by their places")
    func randomSplit() throws {
        var pickle = DatasetPickle()
        pickle.both { this in
            this.subset(of: { $0.tensors() }, { $0.list([4, 0]) })
            this.subset(of: { $0.tensors() }, { $0.list([5]) })
        }
        let file = try pickle.file()
        #expect(try Self.rows(file, "0.") == [4, 0] && Self.rows(file, "1.") == [5])
    }

    @Test("A ConcatDataset gives the rows of its datasets one after the other")
    func joined() throws {
        var pickle = DatasetPickle()
        pickle.concatenated([{ $0.subset(of: { $0.tensors() }, { $0.list([5, 2]) }) }, { $0.tensors() }])
        let file = try pickle.file()
        #expect(try Self.rows(file) == [5, 2, 0, 1, 2, 3, 4, 5])
        #expect(try file["tensors.1"]?.floats(rows: 1..<4) == [20, 0, 10])
        var part = DatasetPickle()
        part.subset(of: { $0.concatenated([{ $0.tensors() }, { $0.tensors() }]) }, { $0.list([11, 0, 6]) })
        #expect(try Self.rows(part.file()) == [5, 0, 0])
    }

    @Test("A number a row that some datasets of a ConcatDataset lack is NaN in their rows, with a warning")
    func partly() throws {
        var pickle = DatasetPickle()
        pickle.concatenated([
            { $0.tensors(names: "a") }, { $0.subset(of: { $0.tensors() }, { $0.list([5, 2]) }) },
            { $0.tensors(names: "a") },
        ])
        let file = try pickle.file()
        #expect(file["tensors.0"]?.shape == [14, 2])
        let numbers = try #require(file["tensors.1"]).doubles()
        #expect(numbers.count == 14 && numbers[6...7] == [50, 20])
        #expect(numbers.indices.filter { numbers[$0].isNaN } == Array(0..<6) + Array(8..<14))
        #expect(
            file.warnings == [
                "tensors.1: is not in 2 of the 3 datasets of a ConcatDataset (0, 2, counted from 0): it is NaN in their "
                    + "rows"
            ])
        var vectors = DatasetPickle()
        vectors.concatenated([{ $0.tensors(names: "ba") }, { $0.tensors(names: "b") }])
        #expect(
            try vectors.file().refusals == [
                "tensors.1": "is not in 1 of the 2 datasets of a ConcatDataset (1, counted from 0)"
            ])
    }

    @Test("An index beyond the rows is refused")
    func beyond() throws {
        for index in [6, -7] {
            var pickle = DatasetPickle()
            pickle.subset(of: { $0.tensors() }, { $0.list([0, index]) })
            let error = #expect(throws: Failure.self) { try pickle.file() }
            #expect(error?.message.contains("index beyond") == true)
        }
    }

    @Test(
        "An object of another class that holds indices, a dataset or a transform is refused",
        arguments: ["indices", "_idx", "transform", "base"])
    func unknown(key: String) throws {
        var pickle = DatasetPickle()
        pickle.tensors("project.data.Galaxies") { this in
            this.text(key)
            switch key {
            case "transform": this.object("torchvision.transforms.Compose") { _ in }
            case "base": this.tensors()
            default: this.list([1, 2])
            }
        }
        let error = #expect(throws: Failure.self) { try pickle.file() }
        #expect(error?.message.contains("of the class project.data.Galaxies, which holds") == true)
        #expect(error?.message.contains("whose code is not run") == true)
    }

    @Test("An object of another class without these is read as named, also where a transform is None")
    func plain() throws {
        var pickle = DatasetPickle()
        pickle.tensors("project.data.Galaxies") { this in
            this.text("transform")
            this.none()
            this.text("index")
            this.number(3)
        }
        let file = try pickle.file()
        #expect(try Self.rows(file) == Array(0..<6))
        #expect(file.classes[""] == "project.data.Galaxies")
    }
}
