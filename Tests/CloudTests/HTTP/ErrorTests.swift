import Cloud
import Platform
import Testing

@Suite("Errors of services")
struct ErrorTests {
    @Test("An error is one line that begins with its subject")
    func oneLine() {
        let error = Failure(.notFound, "s3://bucket/key", "no such object")
        #expect(error.description == "s3://bucket/key: no such object")
    }
}
