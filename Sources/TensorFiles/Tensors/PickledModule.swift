/// What a pickle states of a `torch.nn.Module` besides its class, its plain attributes and the tensors of its
/// `state_dict`: everything else of it that can change what the module computes.
public struct PickledModule: Sendable {
    /// Dotted path, "" for the root.
    public private(set) var path: String
    /// Names of floating-point tensors that are in no `state_dict`: buffers that are not persistent, and attributes.
    public internal(set) var hiddenTensors: [String] = []
    /// Attributes that are functions or classes, by name: `torch.nn.functional.relu`.
    public internal(set) var callables: [String: String] = [:]
    /// Functions that are run before or after its `forward` and may replace its inputs or outputs.
    public internal(set) var hooks: [String] = []
    /// Whether this one object has a `forward` other than its class's.
    public internal(set) var hasOwnForward = false

    init(path: String) { self.path = path }

    /// The same under another path.
    public init(_ module: Self, path: String) {
        self = module
        self.path = path
    }
}
