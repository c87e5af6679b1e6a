import Platform

extension S3Client {
    /// The bytes of `range`, or all. A read that broke off is resumed at that offset, as long as the ETag is the same.
    /// - Throws: `Failure.input` where the object ends before `range` does.
    public func get(bucket: String, key: String, range: Range<Int>?, etag: String?) throws(Failure) -> [UInt8] {
        if let range, range.isEmpty { return [] }
        return try read(S3Reading(subject: name(bucket: bucket, key: key), range: range, etag: etag), bucket, key).bytes
    }

    /// The same, of which `receiver` gets the bytes.
    public func get(
        bucket: String, key: String, range: Range<Int>, etag: String, into receiver: any ByteReceiver
    ) throws(Failure) {
        guard !range.isEmpty else { return }
        let subject = name(bucket: bucket, key: key)
        _ = try read(S3Reading(subject: subject, range: range, etag: etag, receiver: receiver), bucket, key)
    }

    /// Sends requests until the reading is complete.
    private func read(_ first: S3Reading, _ bucket: String, _ key: String) throws(Failure) -> S3Reading {
        guard !first.beginsBelowZero else { throw Failure(first.subject, "a range that begins below 0") }
        var retries = Retries(retries)
        var reading = first
        var damages = 0
        while true {
            let before = reading.count
            let error: Failure
            var retryAfter: Double?
            var request = S3Request(method: "GET", bucket: bucket, key: key, headers: reading.headers)
            request.receiver = reading.receiver
            switch try attempt(request) {
            case .success(let response):
                try reading.take(response, isWhole: true)
                error = reading.incomplete
            case .failure(let failure):
                guard failure.isTransient else { throw reading.explain(failure) }
                if let partial = failure.partial { try reading.take(partial, isWhole: false) }
                if failure.isThrottling { reading.receiver?.noteThrottling() }
                (error, retryAfter) = (failure.error, failure.retryAfter)
            }
            // An attempt that received at least 1 MiB does not count as failed.
            let hasProgressed = reading.count - before >= 1 << 20
            guard reading.isComplete else {
                try retries.wait(
                    after: error, retryAfter: retryAfter, isAnswered: state.contact.isAnswered,
                    hasProgressed: hasProgressed)
                continue
            }
            if reading.isSound { return reading }
            // It may be damaged in the store, not in transit: more than three attempts would not help.
            damages += 1
            guard damages < 3 else { throw reading.damage }
            try retries.wait(after: reading.damage)
            reading = first
        }
    }
}

/// The part of an object, or of a range of it, that was received so far.
struct S3Reading {
    let subject: String
    private let range: Range<Int>?
    /// Takes the bytes instead of `bytes`; only with a range and an ETag.
    let receiver: (any ByteReceiver)?
    /// That of the first response, unless the caller requires one.
    private var etag: String?
    private(set) var bytes: [UInt8] = []
    /// Bytes so far.
    private(set) var count = 0
    /// Total number of bytes; known after the first response.
    private var expected: Int?
    private var checksum: String?

    init(subject: String, range: Range<Int>?, etag: String?) {
        self.subject = subject
        self.range = range
        self.etag = etag
        receiver = nil
        expected = range?.count
    }

    /// - Parameter receiver: has no bytes yet.
    init(subject: String, range: Range<Int>, etag: String, receiver: any ByteReceiver) {
        self.subject = subject
        self.range = range
        self.etag = etag
        self.receiver = receiver
        expected = range.count
    }

    var beginsBelowZero: Bool { range.map { $0.lowerBound < 0 } ?? false }

    private var start: Int { (range?.lowerBound ?? 0) + count }

    /// Headers of the next request.
    var headers: [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        if let range {
            headers.append(("Range", "bytes=\(start)-\(range.upperBound - 1)"))
        } else if count > 0 {
            headers.append(("Range", "bytes=\(start)-"))
        } else {
            headers.append(("x-amz-checksum-mode", "ENABLED"))
        }
        if let etag { headers.append(("If-Match", "\"\(etag)\"")) }
        return headers
    }

    /// Appends the body of a response; the receiver may have it by now.
    /// - Parameter isWhole: false for one that broke off. Its bytes are kept only if length and ETag are known, so that the
    ///   rest of the same object can be requested.
    /// - Throws: `Failure` where the response does not match the request.
    mutating func take(_ response: HTTPResponse, isWhole: Bool) throws(Failure) {
        let tag = S3Client.unquoted(response.header("ETag"))
        if let etag, !tag.isEmpty, tag != etag { throw changed }
        let hasTag = etag != nil || !tag.isEmpty
        if range != nil || count > 0 {
            try checkRange(response)
            guard isWhole || hasTag else { return }
        } else {
            guard response.status == 200 else { throw failure(.input, "answered with status \(response.status)") }
            let length = response.header("Content-Length").flatMap { Int($0) }
            guard isWhole || hasTag && length != nil else { return }
            expected = length ?? response.body.count
            // For an upload in parts the checksum may be that of the checksums of parts, which cannot be compared.
            let isOfAll = response.header("x-amz-checksum-type").map { $0 == "FULL_OBJECT" } ?? true
            checksum = response.header("x-amz-checksum-crc32")
            if !isOfAll || checksum?.utf8.contains(UInt8(ascii: "-")) == true { checksum = nil }
        }
        if etag == nil, hasTag { etag = tag }
        if let receiver {
            guard response.body.isEmpty || receiver.take(response.body) else {
                throw failure(.input, "expected \(expected ?? 0) bytes, found more")
            }
            count = receiver.count
        } else {
            if bytes.isEmpty { bytes = response.body } else { bytes += response.body }
            count = bytes.count
        }
    }

    /// Throws where a response is not the requested range.
    private func checkRange(_ response: HTTPResponse) throws(Failure) {
        guard response.status == 206, let found = ContentRange(response.header("Content-Range")) else {
            throw failure(.input, "asked for a range, and answered with status \(response.status) and no range")
        }
        let end = range?.upperBound ?? expected ?? found.total
        guard found.total >= end else {
            throw failure(.input, "bytes up to \(end) were asked for, the object has \(found.total)")
        }
        guard found.first == start, found.last + 1 == end else {
            throw failure(.input, "asked for bytes \(start)-\(end - 1), got \(found.first)-\(found.last)")
        }
    }

    var isComplete: Bool { count == expected }

    /// Whether the complete bytes match the checksum, if there is one.
    var isSound: Bool { checksum.map { CRC32(bytes).base64 == $0 } ?? true }

    var incomplete: Failure {
        failure(.unavailable, "the answer broke off: \(count) bytes came, expected \(expected ?? 0)")
    }

    var damage: Failure {
        failure(.input, "came damaged: checksum \(CRC32(bytes).base64), expected \(checksum ?? "none")")
    }

    /// The meaning of an error response for a read.
    func explain(_ failure: S3Failure) -> Failure {
        switch failure.status {
        case 412: return changed
        case 416: return self.failure(.input, "the object ends before byte \(start), from which on it was asked for")
        default: return failure.error
        }
    }

    private var changed: Failure { failure(.conflict, "has changed: its ETag is not \(etag ?? "") any more") }

    private func failure(_ kind: Failure.Kind, _ message: String) -> Failure { Failure(kind, subject, message.oneLine) }
}

/// `bytes 0-99/1234`.
struct ContentRange: Equatable {
    let first: Int
    let last: Int
    let total: Int

    /// nil for anything else.
    init?(_ text: String?) {
        guard let text, text.hasPrefix("bytes ") else { return nil }
        let numbers = text.dropFirst(6).split(omittingEmptySubsequences: false) { $0 == "-" || $0 == "/" }.map {
            Int($0)
        }
        guard numbers.count == 3, let first = numbers[0], let last = numbers[1], let total = numbers[2], first >= 0,
            first <= last, last < total
        else { return nil }
        (self.first, self.last, self.total) = (first, last, total)
    }
}
