import Platform

/// Receives bytes piece by piece as they arrive, on the thread of the exchange.
public protocol ByteReceiver: AnyObject, Sendable {
    /// Bytes so far.
    var count: Int { get }
    /// Takes the next bytes, or none of them.
    /// - Returns: false where more came than were asked for, which ends the exchange.
    func take(_ bytes: RawSpan) -> Bool
    /// The service refused a request because there are too many (429, 503); it is sent again after a delay.
    func noteThrottling()
}

extension ByteReceiver {
    func take(_ bytes: [UInt8]) -> Bool { take(bytes.span.rawSpan) }
}
