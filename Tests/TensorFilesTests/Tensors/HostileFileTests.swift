import Foundation
import Platform
import TensorFiles
import TestSupport
import Testing

@Suite("Broken and hostile files give an error of one line")
struct HostileFileTests {
    @Test(arguments: HostileFiles.all)
    func refused(_ file: HostileFile) throws {
        try Fixture.withTemporaryFolder { folder in
            let path = "\(folder)/case.\(file.ending)"
            try Data(file.make()).write(to: URL(fileURLWithPath: path))
            let error = #expect(throws: Failure.self) { _ = try TensorFile.open(path: path) }
            let line = error?.description ?? ""
            #expect(line.hasPrefix("\(path): "))
            #expect(!line.contains { $0.isNewline })
            #expect(line.utf8.count < 1000)
            #expect(line.contains(file.words), "\(line)")
        }
    }

    @Test("The valid files that the broken ones are made from open")
    func soundFilesOpen() throws {
        let zip = MemorySource(name: "sound.pt", bytes: HostileFiles.soundTorch().bytes)
        #expect(try TensorFile.open(zip)[""]?.floats() == [0, 0, 0, 0])
        let older = MemorySource(name: "older.pt", bytes: HostileFiles.olderTorch())
        #expect(try TensorFile.open(older)[""]?.floats() == [0, 0, 0, 0])
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }\n"
        let array = MemorySource(name: "array.npy", bytes: ByteBuilder.npy(header))
        #expect(try TensorFile.open(array)[""]?.floats() == [0, 0, 0, 0])
    }

    @Test("A valid zip64 archive opens")
    func zip64() throws {
        var zip = HostileFiles.soundTorch()
        zip.count = 0xFFFF
        zip.directoryOffset = .max
        zip.beforeEnd = HostileFiles.zip64End { _ in }
        zip.entries[1].size = .max
        zip.entries[1].compressedSize = .max
        var extra = ByteBuilder()
        extra.append(UInt32(1 | 16 << 16))
        extra.append(UInt64(16))
        extra.append(UInt64(16))
        zip.entries[1].extra = extra.bytes
        #expect(try TensorFile.open(MemorySource(name: "wide.pt", bytes: zip.bytes))[""]?.shape == [4])
    }

    @Test("A file cut at any byte, or with any byte changed, never crashes", arguments: 0..<16)
    func damagedAnywhere(part: Int) throws {
        let sound = [HostileFiles.soundTorch().bytes, HostileFiles.olderTorch()]
        for bytes in sound {
            for index in stride(from: part, to: bytes.count, by: 16) {
                let cut = MemorySource(name: "cut", bytes: Array(bytes.prefix(index)))
                #expect(throws: Failure.self, "cut at \(index)") { _ = try TensorFile.open(cut) }
                for value in [0x00, 0x7F, 0x80, 0xFF, bytes[index] ^ 1] as [UInt8] {
                    var changed = bytes
                    changed[index] = value
                    // A file that is still valid opens, any other gives an error; neither crashes.
                    if let file = try? TensorFile.open(MemorySource(name: "changed", bytes: changed)) {
                        for tensor in file.tensors { #expect(try tensor.floats().count == tensor.count) }
                    }
                }
            }
        }
    }

    @Test("Paths of missing files, folders and pipes are refused", arguments: ["missing.pt", ".", "pipe"])
    func noFiles(name: String) throws {
        try Fixture.withTemporaryFolder { folder in
            let path = "\(folder)/\(name)"
            if name == "pipe" { #expect(mkfifo(path, 0o600) == 0) }
            let error = #expect(throws: Failure.self) { _ = try TensorFile.open(path: path) }
            let words = ["missing.pt": "No such file", ".": "is a folder", "pipe": "is not a regular file"]
            #expect(error?.description.contains(words[name] ?? "") == true, "\(error?.description ?? "")")
        }
    }
}
