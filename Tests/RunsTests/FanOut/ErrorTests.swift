import Cloud
import Runs
import Platform
import Testing

@Suite("Errors of the fan-out")
struct ErrorTests {
    @Test("The message of a service's error is kept")
    func words() {
        let error = Failure(.denied, "s3://bucket", "access denied")
        #expect(error.description == error.description)
    }
}
