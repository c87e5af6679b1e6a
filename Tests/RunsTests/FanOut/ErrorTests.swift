import Cloud
import Runs
import Platform
import Testing

@Suite("Errors of the fan-out")
struct ErrorTests {
    @Test("A service's error keeps its words")
    func words() {
        let error = Failure(.denied, "s3://bucket", "access denied")
        #expect(error.description == error.description)
    }
}
