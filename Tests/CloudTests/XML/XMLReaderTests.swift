import Testing

@testable import Cloud
@testable import Platform

@Suite("XML of responses")
struct XMLReaderTests {
    private func events(_ text: String) throws(XMLError) -> [XMLReader.Event] {
        var reader = XMLReader(Array(text.utf8))
        var events: [XMLReader.Event] = []
        while let event = try reader.next() { events.append(event) }
        return events
    }

    @Test("Elements, text, entities, CDATA, comments, instructions, attributes and prefixes are read")
    func document() throws {
        let text = """
            \u{FEFF}<?xml version="1.0" encoding="UTF-8"?>
            <!-- a > b --><n:A xmlns:n='x>y' b = "c"><B/><C d="'">1 &lt;&#x41;&#66;&amp;&quot;&apos;</C\n\
            ><![CDATA[<&>]]>é</n:A>

            """
        #expect(
            try events(text) == [
                .start("A"), .start("B"), .end("B"), .start("C"), .text("1 <AB&\"'"), .end("C"), .text("<&>"),
                .text("é"), .end("A"),
            ])
    }

    @Test(
        "Invalid documents are refused",
        arguments: [
            "", "text", "<A>", "<A></B>", "<A/><B/>", "</A>", "<A>x</A>y", "<A b></A>", "<A b=c/>", "<A b='c/>",
            "<A>&nbsp;</A>", "<A>&#0;</A>", "<A>&#xD800;</A>", "<A>&amp</A>", "<A><!-- </A>", "<A><![CDATA[ </A>",
            "<1/>", "<A b='1'c='2'/>", "<!DOCTYPE A [<!ENTITY a \"b\">]><A/>", "<A", "<?xml",
        ])
    func refused(text: String) {
        #expect(throws: XMLError.self) { try events(text) }
    }

    @Test("Invalid UTF-8 and excessive nesting are refused")
    func hostile() {
        var reader = XMLReader(Array("<A>".utf8) + [0xFF] + Array("</A>".utf8))
        #expect(throws: XMLError.self) { while try reader.next() != nil {} }
        #expect(throws: XMLError.self) {
            try events(String(repeating: "<A>", count: 100) + String(repeating: "</A>", count: 100))
        }
    }

    @Test("A document that is cut anywhere is refused")
    func cutShort() throws {
        let text = Array("<?xml version='1.0'?><A b='c'>d<!--e--><F>&amp;</F><![CDATA[g]]></A>".utf8)
        #expect(try XMLElement(document: text)["F"] == "&")
        for count in 0..<text.count {
            #expect(throws: XMLError.self) { try XMLElement(document: Array(text[..<count])) }
        }
    }

    @Test("The text of child elements is found by name")
    func elements() throws {
        let text = "<R> <K>a b</K> <K>2</K><L><K>3</K></L> </R>"
        let root = try XMLElement(document: Array(text.utf8))
        #expect(root.name == "R" && root.text.isEmpty)
        #expect(root["K"] == "a b" && root["M"] == nil)
        #expect(root.all("K").map(\.text) == ["a b", "2"])
        #expect(XMLElement.escaped("a<b>&\"c\"") == "a&lt;b&gt;&amp;\"c\"")
    }
}
