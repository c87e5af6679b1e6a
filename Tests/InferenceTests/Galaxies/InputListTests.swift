import Foundation
import Testing
import TestSupport

@testable import Inference
@testable import Platform

/// Creates empty files (and folders, for names that end with a slash) and returns their folder.
private func withFiles<Result>(_ names: [String], _ body: (String) throws -> Result) throws -> Result {
    try Fixture.withTemporaryFolder { folder in
        for name in names {
            let path = URL(fileURLWithPath: folder + "/" + name)
            let parent = name.hasSuffix("/") ? path : path.deletingLastPathComponent()
            try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
            if !name.hasSuffix("/") { try Data().write(to: path) }
        }
        return try body(folder)
    }
}

@Test(
    "Names sort in natural order: digits compare as numbers",
    arguments: [
        (["10.pt", "2.pt", "1.pt"], ["1.pt", "2.pt", "10.pt"]),
        (["p10-2", "p9-10", "p10-1"], ["p9-10", "p10-1", "p10-2"]),
        (["b", "a", "a1"], ["a", "a1", "b"]),
        (["1", "01", "001", "2"], ["001", "01", "1", "2"]),
        (
            ["99999999999999999999999.pt", "100000000000000000000000.pt", "5.pt"],
            ["5.pt", "99999999999999999999999.pt", "100000000000000000000000.pt"]
        ),
        (["", "0"], ["", "0"]),
    ])
func naturalOrder(names: [String], sorted: [String]) {
    #expect(names.sorted(by: NaturalOrder.precedes) == sorted)
    #expect(names.reversed().sorted(by: NaturalOrder.precedes) == sorted)
}

@Test("A folder expands to its partition files in natural order, and to no other files")
func folderIsExpanded() throws {
    let names = ["10.pt", "2.pt", "1.npz", "3.PTH", "4.safetensors", "notes.txt", ".5.pt", "sub/6.pt", "7.pt/"]
    try withFiles(names) { folder in
        let files = try InputList.expand([folder])
        #expect(files.map(\.source) == ["1.npz", "2.pt", "3.PTH", "4.safetensors", "10.pt"])
        #expect(files.map(\.path).allSatisfy { $0.hasPrefix(folder + "/") && !$0.contains("//") })
        #expect(try InputList.expand([folder + "/"]).map(\.source) == files.map(\.source))
    }
}

@Test("Arguments keep their order; the matches of a pattern are sorted")
func argumentsKeepTheirOrder() throws {
    try withFiles(["z.pt", "a/10.pt", "a/9.pt", "b/1.pt", "b/x.dat"]) { folder in
        let files = try InputList.expand([folder + "/z.pt", folder + "/b/x.dat", folder + "/a/*.pt", folder + "/b"])
        #expect(files.map(\.source) == ["z.pt", "x.dat", "9.pt", "10.pt", "1.pt"])
    }
}

@Test(
    "Patterns match as in a shell",
    arguments: [
        ("*.pt", ["1.pt", "2.pt", "10.pt"]), ("?.pt", ["1.pt", "2.pt"]), ("[1-2]*.pt", ["1.pt", "2.pt", "10.pt"]),
        ("[!1]*.pt", ["2.pt"]), ("*/3.pt", ["3.pt"]), ("d*", ["3.pt"]), (".*.pt", [".h.pt"]),
    ])
func patternIsExpanded(pattern: String, sources: [String]) throws {
    try withFiles(["10.pt", "2.pt", "1.pt", ".h.pt", "dir/3.pt", "other.txt"]) { folder in
        let files = try InputList.expand([folder + "/" + pattern])
        #expect(files.map(\.source) == sources)
    }
}

@Test("An existing file is not expanded as a pattern")
func literalNameComesFirst() throws {
    try withFiles(["[1].pt", "1.pt"]) { folder in
        let files = try InputList.expand([folder + "/[1].pt"])
        #expect(files.map(\.source) == ["[1].pt"])
    }
}

@Test(
    "Arguments without galaxies are errors that name the reason",
    arguments: [
        (["none.pt"], "none.pt: no such file or folder"),
        (
            ["empty"],
            "empty: the folder has no galaxy files (.pt, .pth, .npz, .safetensors, .fits, .fit, .fits.gz, .fit.gz, .fz, .h5, .hdf5); subfolders are not searched"
        ),
        (["texts"], "texts: the folder has no galaxy files"),
        (["x*.pt"], "x*.pt: the pattern matches no file"),
        (["1.pt", "1.pt"], "1.pt: is given twice"),
        (["1.pt", "*.pt"], "1.pt: is given twice"),
        (["1.pt", "empty/../1.pt"], "empty/../1.pt: is given twice, the other time as "),
        (["link.pt", "1.pt"], "1.pt: is given twice, the other time as "),
    ])
func wrongInputs(arguments: [String], message: String) throws {
    try withFiles(["1.pt", "empty/", "texts/a.txt"]) { folder in
        try FileManager.default.createSymbolicLink(
            atPath: folder + "/link.pt", withDestinationPath: folder + "/1.pt")
        let error = try #require(throws: Failure.self) {
            try InputList.expand(arguments.map { folder + "/" + $0 })
        }
        #expect(error.description.hasPrefix(folder + "/" + message))
    }
}

@Test(
    "The error of a folder with partitions in subfolders alone proposes a pattern, which matches them",
    arguments: [
        (["s/a/1.pt", "s/b/2.pt"], "s/*/*.pt"),
        (["s/healpix=1/a.hdf5", "s/other/b.hdf5"], "s/*/*.hdf5"),
        (["s/healpix=12/1.hdf5", "s/healpix=7/1.hdf5", "s/readme.txt"], "s/healpix=*/*.hdf5"),
        (["s/x/y/1.fits.gz"], "s/*/*/*.fits.gz"), (["s/x/y/w/1.npz", "s/a/readme.txt"], "s/*/*/*/*.npz"),
        (["s/x/1.txt", "s/.hidden/1.pt"], nil), (["s/1/2/3/4/5.pt"], nil),
    ])
func patternOfSubfolders(files: [String], pattern: String?) throws {
    try withFiles(files) { folder in
        let error = try #require(throws: Failure.self) { try InputList.expand([folder + "/s"]) }
        guard let pattern else {
            #expect(error.description.hasSuffix("subfolders are not searched"))
            return
        }
        #expect(error.description.hasSuffix("for those in subfolders, give '\(folder)/\(pattern)'"), "\(error)")
        let expected = files.filter { InputList.isPartition($0) }.count
        #expect(try InputList.expand([folder + "/" + pattern]).count == expected)
    }
}

@Test("A dangling link is kept, so that opening it is an error", arguments: [".", "*.pt", "?.pt"])
func brokenLinkIsKept(argument: String) throws {
    try withFiles(["1.pt"]) { folder in
        try FileManager.default.createSymbolicLink(
            atPath: folder + "/*.pt", withDestinationPath: folder + "/none.pt")
        let files = try InputList.expand([folder + "/" + argument])
        #expect(files.map(\.source) == ["*.pt", "1.pt"])
    }
}

@Test("An empty list of arguments is an error")
func noArguments() {
    #expect(throws: Failure.self) { try InputList.expand([]) }
}

@Test(
    "Labels are stems, preceded by as many folders as make them unique",
    arguments: [
        (["/d/1.pt", "/d/2.pt"], ["1", "2"]),
        (["/d/a/1.pt", "/d/b/1.pt", "/d/b/2.pt"], ["a/1", "b/1", "2"]),
        (["/x/a/1.pt", "/y/a/1.pt", "/y/b/1.pt"], ["x/a/1", "y/a/1", "b/1"]),
        (["/1.pt", "/a/1.pt"], ["1", "a/1"]),
        (["/d/1.pt", "/d/1.npz", "/d/2.pt"], ["1.pt", "1.npz", "2"]),
        (["/d/1.pt", "/d/1.npz", "/d/1.pt.pt"], ["1.pt", "1.npz", "1.pt.pt"]),
        (["/d/a.fits.gz", "/d/b.FIT.GZ", "/d/c.fits.fz", "/d/d.fz"], ["a", "b", "c", "d"]),
        (["/d/a.fits.gz", "/d/a.fits", "/d/b.csv.gz", "/d/.fits.gz"], ["a.fits.gz", "a.fits", "b.csv", ".fits"]),
        (["/d/a.b.pt", "/d/.pt", "/d/plain"], ["a.b", ".pt", "plain"]),
        // Paths without unique labels: keys may have empty folders, and a manifest may contain a key twice.
        (["d/1.pt", "d//1.pt", "d/2.pt"], ["d/1.pt", "d//1.pt", "2"]), (["1.pt", "1.pt"], ["1.pt", "1.pt"]),
        (["/", "//"], ["/", "//"]),
    ])
func labels(paths: [String], labels: [String]) {
    #expect(ObjectLabels.labels(for: paths) == labels)
}
