import Cloud
import Platform

/// The location of an object, as payloads and results write it.
extension S3Location {
    /// - Parameter name: the value's name in errors.
    init(_ json: JSONValue, name: String) throws(Failure) {
        let payload = try Payload(json, name: name)
        self.init(bucket: try payload.name("bucket"), key: try payload.name("key"))
    }

    /// The parts of `s3://bucket/key`; nil for anything else.
    init?(url: String) {
        guard let place = try? S3Location(url), !place.key.isEmpty else { return nil }
        self = place
    }

    var json: JSONValue { .object(["bucket": .string(bucket), "key": .string(key)]) }
}
