import Cloud
import FanOut
import Testing

@Suite("Errors of the fan-out")
struct ErrorTests {
    @Test("A service's error keeps its words")
    func words() {
        let error = CloudError(.denied, "s3://bucket", "access denied")
        #expect(FanOutError(error).description == error.description)
    }
}
