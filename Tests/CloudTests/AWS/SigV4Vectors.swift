import Testing

/// The published test suite of Signature Version 4, whose requests go to `example.amazonaws.com` on 2015-08-30, 12:36.
struct SigV4Vector: Sendable, CustomTestStringConvertible {
    let name: String
    let method: String
    /// Path and query of the request line.
    let target: String
    var headers: [(name: String, value: String)] = []
    var body = ""
    var token: String?
    let signedHeaders: String
    let signature: String

    var testDescription: String { name }

    private init(
        _ name: String, _ method: String = "GET", _ target: String = "/",
        headers: [(name: String, value: String)] = [], body: String = "", token: String? = nil,
        signs signedHeaders: String = "host;x-amz-date", gives signature: String
    ) {
        self.name = name
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.token = token
        self.signedHeaders = signedHeaders
        self.signature = signature
    }

    private static let vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    private static let unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    private static let form = "application/x-www-form-urlencoded"
    private static let sessionToken =
        "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflf"
        + "KD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8T"
        + "x6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlT"
        + "JabIQwj2ICCR/oLxBA=="

    static let all = [
        SigV4Vector("get-vanilla", gives: vanilla),
        SigV4Vector("get-vanilla-query", gives: vanilla),
        SigV4Vector(
            "get-vanilla-empty-query-key", "GET", "/?Param1=value1",
            gives: "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"),
        SigV4Vector(
            "get-vanilla-query-order-key", "GET", "/?Param1=value2&Param1=Value1",
            gives: "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"),
        SigV4Vector(
            "get-vanilla-query-order-key-case", "GET", "/?Param2=value2&Param1=value1",
            gives: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
        SigV4Vector(
            "get-vanilla-query-order-value", "GET", "/?Param1=value2&Param1=value1",
            gives: "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"),
        SigV4Vector(
            "get-vanilla-query-unreserved", "GET", "/?\(unreserved)=\(unreserved)",
            gives: "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"),
        SigV4Vector(
            "get-vanilla-utf8-query", "GET", "/?\u{1234}=bar",
            gives: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
        SigV4Vector(
            "get-header-key-duplicate", headers: ["value2", "value2", "value1"].map { ("My-Header1", $0) },
            signs: "host;my-header1;x-amz-date",
            gives: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"),
        SigV4Vector(
            "get-header-value-order", headers: ["value4", "value1", "value3", "value2"].map { ("My-Header1", $0) },
            signs: "host;my-header1;x-amz-date",
            gives: "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"),
        SigV4Vector(
            "get-header-value-trim", headers: [("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
            signs: "host;my-header1;my-header2;x-amz-date",
            gives: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
        SigV4Vector(
            "get-unreserved", "GET", "/\(unreserved)",
            gives: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
        SigV4Vector(
            "get-utf8", "GET", "/\u{1234}", gives: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
        SigV4Vector(
            "get-space", "GET", "/example space/",
            gives: "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
        SigV4Vector("get-relative", "GET", "/example/..", gives: vanilla),
        SigV4Vector("get-relative-relative", "GET", "/example1/example2/../..", gives: vanilla),
        SigV4Vector("get-slash", "GET", "//", gives: vanilla),
        SigV4Vector("get-slash-dot-slash", "GET", "/./", gives: vanilla),
        SigV4Vector(
            "get-slashes", "GET", "//example//",
            gives: "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
        SigV4Vector(
            "get-slash-pointless-dot", "GET", "/./example",
            gives: "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"),
        SigV4Vector(
            "post-vanilla", "POST", gives: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        SigV4Vector(
            "post-vanilla-query", "POST", "/?Param1=value1",
            gives: "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"),
        SigV4Vector(
            "post-header-key-sort", "POST", headers: [("My-Header1", "value1")], signs: "host;my-header1;x-amz-date",
            gives: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"),
        SigV4Vector(
            "post-header-value-case", "POST", headers: [("My-Header1", "VALUE1")],
            signs: "host;my-header1;x-amz-date",
            gives: "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"),
        SigV4Vector(
            "post-x-www-form-urlencoded", "POST", headers: [("Content-Type", form)], body: "Param1=value1",
            signs: "content-type;host;x-amz-date",
            gives: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
        SigV4Vector(
            "post-x-www-form-urlencoded-parameters", "POST", headers: [("Content-Type", form + "; charset=utf8")],
            body: "Param1=value1", signs: "content-type;host;x-amz-date",
            gives: "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"),
        SigV4Vector(
            "post-sts-header-before", "POST", token: sessionToken, signs: "host;x-amz-date;x-amz-security-token",
            gives: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"),
    ]
}
