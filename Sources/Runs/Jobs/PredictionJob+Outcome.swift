import AstroMAE
import Inference

extension PredictionJob {
    /// What the rows of an output were computed from and by.
    struct Made: Sendable {
        let identities: [RunIdentity.File]
        let weights: WeightsIdentity
        let maker: Maker
    }

    /// A job's result.
    public struct Outcome: Sendable {
        public let predictions: Predictions
        /// nil where no galaxy has a known redshift.
        public let quality: Quality?
        /// Galaxies whose spectroscopic redshift counts as unknown, in inputs that have redshifts.
        public let unknownRedshifts: UnknownRedshifts
        /// Median |dz|; nil where few redshifts are known: see `PlausibleRedshifts`.
        public let medianError: Double?
        /// Seconds to read, check and pack the weights.
        public let loadSeconds: Double
        /// Seconds to open the inputs and check their headers.
        public let checkSeconds: Double
        /// The kernels that were used; never `auto`.
        public let instructionSet: InstructionSet
        public let arithmetic: Arithmetic
        public var gemm: GemmBackend { arithmetic.gemm }
        public var precision: Precision { arithmetic.precision }
        /// SHA-256 of the weights' file, in hexadecimal digits; nil where the output does not need it.
        public let weightsSHA256: String?
        /// The times of kernel calls, where the job is profiled.
        public let profile: Profile?
        /// The galaxies of the rank; nil for all.
        public let part: RankPart?
        /// Whether the output existed already, with these galaxies, and was not written again.
        public let wasComplete: Bool
        /// What was taken from files and weights, by name: see `RunRecord`.
        public let choices: [String: String]
        let rank: RankRecorder.Rank?
        /// nil where nothing is recorded beside the output.
        let made: Made?
    }
}
