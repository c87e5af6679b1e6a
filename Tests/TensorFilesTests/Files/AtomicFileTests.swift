import Foundation
import Platform
import TensorFiles
import TestSupport
import Testing

@Suite("Files appear complete or not at all")
struct AtomicFileTests {
    private func contents(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    @Test func appearsWhenCommitted() throws {
        try Fixture.withTemporaryFolder { folder in
            let path = "\(folder)/out.csv"
            try "old".write(toFile: path, atomically: true, encoding: .utf8)
            let file = try AtomicFile(path: path)
            try file.write("head ")
            try file.write([UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20))
            try file.patch(at: 0, Array("HEAD".utf8))
            #expect(try contents(path) == "old")
            try file.commit(durably: true)
            #expect(try contents(path) == "HEAD " + String(repeating: "x", count: 1 << 20))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["out.csv"])
        }
    }

    @Test("Abandoning or releasing an unfinished file removes it", arguments: [true, false])
    func abandoned(byCall: Bool) throws {
        try Fixture.withTemporaryFolder { folder in
            do {
                let file = try AtomicFile(path: "\(folder)/out.csv")
                try file.write("some")
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 1)
                if byCall {
                    file.abandon()
                    #expect(throws: Failure.self) { try file.commit() }
                }
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test func linksAreFollowed() throws {
        try Fixture.withTemporaryFolder { folder in
            try "old".write(toFile: "\(folder)/real", atomically: true, encoding: .utf8)
            try FileManager.default.createSymbolicLink(atPath: "\(folder)/link", withDestinationPath: "\(folder)/real")
            let file = try AtomicFile(path: "\(folder)/link")
            try file.write("new")
            try file.commit()
            #expect(try contents("\(folder)/real") == "new")
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/link") == "\(folder)/real")
        }
    }

    @Test(
        "An output that is the same file as an input is refused, by any path",
        arguments: ["in", "../x/in", "link", "hard"])
    func inputsAreSpared(name: String) throws {
        try Fixture.withTemporaryFolder { root in
            let folder = root + "/x"
            let files = FileManager.default
            try files.createDirectory(atPath: folder, withIntermediateDirectories: false)
            try "galaxies".write(toFile: "\(folder)/in", atomically: true, encoding: .utf8)
            try files.createSymbolicLink(atPath: "\(folder)/link", withDestinationPath: "in")
            try files.linkItem(atPath: "\(folder)/in", toPath: "\(folder)/hard")
            let inputs = ["\(folder)/none", "\(folder)/in"]
            let error = #expect(throws: Failure.self) {
                try AtomicFile.check(path: "\(folder)/\(name)", sparing: inputs)
            }
            let expected = name == "in" ? "it is the input itself" : "it is the input '\(folder)/in'"
            #expect(error?.message == "cannot be written: " + expected)
            try "old".write(toFile: "\(folder)/old", atomically: true, encoding: .utf8)
            for other in ["new", "old"] { try AtomicFile.check(path: "\(folder)/\(other)", sparing: inputs) }
            #expect(try contents("\(folder)/in") == "galaxies")
            #expect(try files.contentsOfDirectory(atPath: folder).sorted() == ["hard", "in", "link", "old"])
        }
    }

    @Test("Checking a named pipe does not signal its end to the reader")
    func pipesAreNotOpened() throws {
        try Fixture.withTemporaryFolder { folder in
            let path = "\(folder)/pipe.csv"
            #expect(mkfifo(path, 0o600) == 0)
            let reader = open(path, O_RDONLY | O_NONBLOCK)
            defer { close(reader) }
            try AtomicFile.check(path: path, sparing: [])
            var state = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
            #expect(poll(&state, 1, 0) == 0)
            let file = try AtomicFile(path: path)
            try file.write("galaxies")
            try file.commit()
            #expect(poll(&state, 1, 0) == 1 && Int32(state.revents) & POLLIN != 0)
        }
    }

    @Test func devicesAreNotReplaced() throws {
        let file = try AtomicFile(path: "/dev/null")
        try file.write("gone")
        try file.commit()
        var status = stat()
        #expect(stat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
        #expect(throws: Failure.self) {
            let full = try AtomicFile(path: "/dev/full")
            try full.write("no room")
            try full.commit()
        }
    }

    @Test(
        "Paths that cannot be written are refused",
        arguments: [
            ("none/out.csv", "does not exist"), ("", "is a folder"), ("file/out.csv", "cannot be written"),
        ])
    func impossible(name: String, words: String) throws {
        try Fixture.withTemporaryFolder { folder in
            try "text".write(toFile: "\(folder)/file", atomically: true, encoding: .utf8)
            let path = "\(folder)/\(name)"
            let error = #expect(throws: Failure.self) { _ = try AtomicFile(path: path) }
            #expect(error?.description.hasPrefix("\(path): cannot be written: ") == true)
            #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
        }
    }

    @Test("Of files that are to replace nothing, or one file, at the same time, one does; the others are removed")
    func conditions() throws {
        try Fixture.withTemporaryFolder { folder in
            let path = folder + "/file"
            func race(_ former: AtomicFile.Former) throws -> [Result<String, Failure>] {
                ParallelLoop.threads(8).map(8) { number in
                    Result { () throws(Failure) in
                        let file = try AtomicFile(path: path)
                        try file.write("\(number)")
                        try file.commit(replacing: former)
                        return file.etag
                    }
                }
            }
            for _ in 0..<20 {
                try? FileManager.default.removeItem(atPath: path)
                let first = try race(.nothing)
                let etag = try #require(first.compactMap { try? $0.get() }.first)
                #expect(try OpenFile(path: path)?.etag == etag)
                let second = try race(.file(etag: etag))
                for results in [first, second] {
                    #expect(results.count { (try? $0.get()) != nil } == 1)
                    for case .failure(let error) in results { #expect(error.kind == .conflict, "\(error)") }
                }
                #expect(try race(.file(etag: etag)).allSatisfy { (try? $0.get()) == nil })
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["file"])
            }
        }
    }
}
