import Inference
import Platform
import Report
import Testing

private func table(_ text: String) throws -> PredictionTable {
    try PredictionTable(PredictionFile(Array(text.utf8), name: "p.jsonl"))
}

@Test("JSON Lines are read with keys in any order, other keys and any spaces")
func linesAreRead() throws {
    let table = try table(
        """
        {"object_id":"1","source":"a,{}\\"b","row":0,"z_phot":0.5,"z_spec":0.75}

         { "z_spec" : 1e0 , "z_phot" : 2.5E-1, "ok": true, "none": null }\r
        {"z_phot":0.1,"z_spec":null}
        {"z_phot":null,"z_spec":0.2}
        {"z_phot":0.3}
        """)
    #expect(table.predicted.prefix(2) == [0.5, 0.25])
    #expect(table.predicted.last?.isNaN == true)
    #expect(table.spectroscopic == [0.75, 1, 0.2])
    #expect(table.predictedAlone == [0.1, 0.3])
    #expect(try PredictionTable(PredictionFile([], name: "p.jsonl")).predicted.isEmpty)
}

@Test(
    "Errors in JSON Lines have the file and the line",
    arguments: [
        ("{}\n", "line 1: expected the key z_phot, found none"), ("z_phot\n", "line 1: expected an object, found 'z'"),
        ("{\"z_phot\":1}\n[1]\n", "line 2: expected an object, found '['"),
        ("{\"z_phot\":\"1\"}\n", "line 1: z_phot: expected a number or null, found ''"),
        ("{\"z_phot\":[1]}\n", "line 1: z_phot: expected a number or null"),
        ("{\"a\":{\"b\":1}}\n", "line 1: a: expected a number or null"),
        ("{\"z_phot\":nan}\n", "line 1: z_phot: expected a number or null, found 'nan'"),
        ("{\"z_phot\":1", "line 1: expected a comma or the object's end, found the end"),
        ("{\"z_phot\":1\n}", "line 1: expected a comma or the object's end, found the line's end"),
        ("{\"z_phot\" 1}", "line 1: expected a colon after the key, found '1'"),
        ("{\"z_phot\":1} {\"z_phot\":1}\n", "line 1: expected one object a line"),
        ("{\"z_phot", "line 1: the text is never closed"), ("{\"z_phot\\", "line 1: the text is never closed"),
        ("{1:2}", "line 1: expected a text in quotes, found '1'"),
        ("{\"z_phot\":1,}", "line 1: expected a text in quotes"),
    ])
func faultsNameTheLine(text: String, message: String) throws {
    let error = try #require(throws: Failure.self) { try table(text) }
    #expect(error.description.hasPrefix("p.jsonl: \(message)"), "\(error)")
}

@Test("A long key is shortened in the error")
func longKey() throws {
    let key = String(repeating: "k", count: 10_000)
    let error = try #require(throws: Failure.self) { try table("{\"\(key)\":x}") }
    #expect(
        error.description == "p.jsonl: line 1: \(key.prefix(60)): expected a number or null, found 'x'")
}

@Test("JSON Lines are recognized by the first byte of the text, whatever the name")
func jsonLinesAreRecognized() throws {
    #expect(try PredictionTable(PredictionFile(Array("{\"z_phot\":1}".utf8), name: "A.JSONL")).predictedAlone == [1])
    #expect(
        try PredictionTable(PredictionFile(Array("\n {\"z_phot\":1}".utf8), name: "/dev/stdin")).predictedAlone == [1])
    #expect(try PredictionTable(PredictionFile(Array("z_phot\n1\n".utf8), name: "a.csv")).predictedAlone == [1])
}
