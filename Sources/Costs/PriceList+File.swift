import Platform

extension PriceList {
    /// The prices that come with the program.
    public static let published: PriceList = {
        do throws(Failure) {
            return try PriceList(json: PackageResources.prices_json, name: "prices.json")
        } catch {
            // Cannot come from input: the file is compiled in, and a test reads it.
            preconditionFailure(error.message)
        }
    }()

    /// Prices in a file.
    public init(file path: String) throws(Failure) { try self.init(json: FileBytes.read(path), name: path) }

    /// Prices of another day or region, in the form of `Sources/Costs/prices.json`.
    /// - Parameter name: the file's name in errors.
    /// - Throws: `Failure` naming the key that is missing or invalid.
    public init(json bytes: [UInt8], name: String) throws(Failure) {
        let file = try JSONFile.decode(File.self, bytes, name: name)
        guard file.currency == "USD" else { throw Failure("\(name): currency: expected USD, found '\(file.currency)'") }
        region = file.region
        asOf = file.asOf
        sources = file.sources
        var tiers: [LambdaArchitecture: [Tier]] = [:]
        for architecture in LambdaArchitecture.allCases {
            let key = "\(name): lambda.gb_second.\(architecture.rawValue)"
            guard let found = file.lambda.memory[architecture.rawValue], !found.isEmpty else {
                throw Failure("\(key): expected at least one tier, found none")
            }
            var begin = 0.0
            for (place, tier) in found.enumerated() {
                try Self.check(tier.price, key: "\(key)[\(place)].price")
                let isLast = place == found.count - 1
                guard isLast == (tier.upTo == nil), tier.upTo ?? .infinity > begin else {
                    throw Failure(
                        "\(key)[\(place)].up_to: expected "
                            + (isLast ? "none in the last tier" : "a number above \(begin)")
                            + ", found \(tier.upTo.map { "\($0)" } ?? "none")")
                }
                begin = tier.upTo ?? begin
            }
            tiers[architecture] = found
        }
        gigabyteSecond = tiers
        request = try Self.check(file.lambda.request, key: "\(name): lambda.request")
        storageGigabyteSecond = try Self.check(file.lambda.storage, key: "\(name): lambda.storage_gb_second")
        stateTransition = try Self.check(
            file.stepFunctions.stateTransition, key: "\(name): step_functions.state_transition")
        get = try Self.check(file.objects.get, key: "\(name): s3.get")
        put = try Self.check(file.objects.put, key: "\(name): s3.put")
        list = try Self.check(file.objects.list, key: "\(name): s3.list")
    }

    @discardableResult
    private static func check(_ price: Double, key: String) throws(Failure) -> Double {
        guard price >= 0, price < 1000 else { throw Failure("\(key): expected dollars from 0 to 1000, found \(price)") }
        return price
    }
}

/// The layout of the file.
private struct File: Decodable {
    struct Lambda: Decodable {
        let memory: [String: [PriceList.Tier]]
        let request: Double
        let storage: Double

        enum CodingKeys: String, CodingKey {
            case memory = "gb_second"
            case request
            case storage = "storage_gb_second"
        }
    }

    struct StepFunctions: Decodable {
        let stateTransition: Double

        enum CodingKeys: String, CodingKey { case stateTransition = "state_transition" }
    }

    struct Objects: Decodable {
        let get: Double
        let put: Double
        let list: Double
    }

    let region: String
    let currency: String
    let asOf: String
    let sources: [String]
    let lambda: Lambda
    let stepFunctions: StepFunctions
    let objects: Objects

    enum CodingKeys: String, CodingKey {
        case region, currency, sources, lambda
        case asOf = "as_of"
        case stepFunctions = "step_functions"
        case objects = "s3"
    }
}

extension PriceList.Tier {
    enum CodingKeys: String, CodingKey {
        case upTo = "up_to"
        case price
    }
}
