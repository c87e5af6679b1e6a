import Platform
import TensorFiles

/// Which of the two networks a checkpoint holds.
public enum NetworkKind: String, Sendable {
    /// Fine-tuned for redshift: `RedshiftModel`.
    case redshift = "redshift network"
    /// Its pretraining: `MaskedAutoencoder`.
    case autoencoder = "masked autoencoder"

    /// A key that only this network has, whether or not its layers are merged.
    private var mark: String {
        switch self {
        case .redshift: "concat_block.2.weight"
        case .autoencoder: "mask_token"
        }
    }

    /// What a file of weights holds; nil where it is neither's, or both's.
    public init?(_ file: TensorFile) {
        guard let checkpoint = try? Checkpoint(file), let kind = NetworkKind(checkpoint) else { return nil }
        self = kind
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
    /// - Throws: where the checkpoint holds the other network. What is neither's is told by its keys, later.
    func require(_ kind: NetworkKind) throws(Failure) {
        guard NetworkKind(self) == kind.other else { return }
        throw kind.mismatch(self)
    }

    /// Floats that a thread may need, 1 GB: the paper's network needs three hundredths of that.
    private static let largestWorkspace = 1 << 28

    func requireWorkspace(floats: Int) throws(Failure) {
        guard floats <= Self.largestWorkspace else {
            throw error(
                "a thread would need \(floats) floats to work in, beyond what is supported: \(Self.largestWorkspace)")
        }
    }
}
