import TensorFiles
import TestSupport
import Testing

@Suite("Every fixture opens, with the names, shapes and values it was written with")
struct FixtureTests {
    @Test(arguments: [
        ("normalcell", 288), ("normalcell-cuda", 288), ("plain-vit", 268), ("kernel3", 288), ("wrapped", 266),
        ("partition", 3), ("partition-f32", 3), ("partition-views", 3),
    ])
    func torchFilesOpen(name: String, count: Int) throws {
        let file = try TensorFile.open(path: Fixture.path("tiny/\(name).pt"))
        #expect(file.tensors.count == count)
    }
}
