import Platform
import TensorFiles

/// Which of the two networks a checkpoint holds.
public enum NetworkKind: String, Sendable {
    /// Fine-tuned for redshift: `RedshiftModel`.
    case redshift = "redshift network"
    /// Its pretraining: `MaskedAutoencoder`.
    case autoencoder = "masked autoencoder"

    /// A key that only this network has, with or without merged layers.
    var mark: String {
        switch self {
        case .redshift: "concat_block.2.weight"
        case .autoencoder: "mask_token"
        }
    }

    /// The network that a file of weights holds; nil for neither or both.
    /// - Parameter network: the one of several: see `RedshiftModel.init`.
    /// - Throws: `Failure` if the file has no encoder, or several networks whose weights differ and none is named.
    public static func of(_ file: TensorFile, network: String? = nil) throws(Failure) -> NetworkKind? {
        NetworkKind(try Checkpoint(file, rules: CheckpointRules(), of: nil, network: network))
    }

    init?(_ checkpoint: Checkpoint) {
        switch (checkpoint.has(Self.redshift.mark), checkpoint.has(Self.autoencoder.mark)) {
        case (true, false): self = .redshift
        case (false, true): self = .autoencoder
        default: return nil
        }
    }

    fileprivate var other: NetworkKind { self == .redshift ? .autoencoder : .redshift }

    fileprivate func mismatch(_ checkpoint: Checkpoint) -> Failure {
        checkpoint.error("is a \(other.rawValue) (it has '\(other.mark)'), expected a \(rawValue)")
    }
}

extension Checkpoint {
    /// - Throws: `Failure` if the checkpoint holds the other network. A checkpoint of neither fails later, by its keys.
    func require(_ kind: NetworkKind) throws(Failure) {
        guard NetworkKind(self) == kind.other else { return }
        throw kind.mismatch(self)
    }

    /// Floats of a thread's workspace, 1 GB at most: the paper's network needs 3% of that.
    private static let largestWorkspace = 1 << 28

    func requireWorkspace(floats: Int) throws(Failure) {
        guard floats <= Self.largestWorkspace else {
            throw error(
                "a thread would need \(floats) floats to work in, beyond what is supported: \(Self.largestWorkspace)")
        }
    }
}
