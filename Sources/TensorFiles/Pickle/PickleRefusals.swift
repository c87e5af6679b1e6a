/// A class or function that a pickle calls.
enum PickleCallable: UInt8 {
    /// `_rebuild_tensor(storage, offset, size, stride)` and later versions with more arguments.
    case rebuildTensor
    /// `_rebuild_parameter(tensor, requires_grad, hooks)`: a parameter is read as its tensor.
    case rebuildParameter
    /// `_rebuild_from_type_v2(function, type, arguments, state)`: a tensor of a subclass.
    case rebuildFromType
    /// `_reconstruct(class, shape, type)` and `_frombuffer(bytes, dtype, shape, order)`: a NumPy array.
    case rebuildArray
    case dictionary
    case set
    /// Any other: described, not called.
    case other
    case refused

    init(module: String, name: String) {
        switch (module, name) {
        case ("torch._utils", "_rebuild_tensor"), ("torch._utils", "_rebuild_tensor_v2"),
            ("torch._utils", "_rebuild_tensor_v3"):
            self = .rebuildTensor
        case ("torch._utils", "_rebuild_parameter"), ("torch._utils", "_rebuild_parameter_with_state"):
            self = .rebuildParameter
        case ("torch._tensor", "_rebuild_from_type_v2"): self = .rebuildFromType
        case ("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct"),
            ("numpy.core.numeric", "_frombuffer"), ("numpy._core.numeric", "_frombuffer"):
            self = .rebuildArray
        case ("collections", "OrderedDict"), ("collections", "defaultdict"), ("builtins", "dict"),
            ("__builtin__", "dict"):
            self = .dictionary
        case ("builtins", "set"), ("__builtin__", "set"), ("builtins", "frozenset"), ("__builtin__", "frozenset"):
            self = .set
        default: self = PickleRefusals.refuses(module: module, name: name) ? .refused : .other
        }
    }
}

/// Callables that no tensor file has a reason to call. The unpickler calls nothing at all; such files are refused because
/// they attack any program that loads them with Python.
enum PickleRefusals {
    /// Modules whose functions run programs, open files or access the interpreter, submodules included.
    private static let modules: Set<String> = [
        "os", "posix", "nt", "posixpath", "ntpath", "subprocess", "_posixsubprocess", "sys", "runpy", "importlib",
        "imp",
        "socket", "_socket", "shutil", "pty", "ctypes", "_ctypes", "operator", "_operator", "commands", "popen2",
        "multiprocessing", "threading", "_thread", "asyncio", "concurrent", "signal", "pickle", "_pickle", "cPickle",
        "marshal", "dill", "cloudpickle", "joblib", "pip", "webbrowser", "urllib", "http", "ftplib", "telnetlib",
        "requests", "tempfile", "pathlib", "io", "_io", "glob", "zipimport", "pkgutil", "pydoc", "timeit", "trace",
        "cProfile", "profile", "pdb", "bdb", "doctest", "inspect", "types", "codeop", "platform", "idlelib", "venv",
        "gc", "linecache", "fileinput", "mmap", "atexit", "site", "distutils", "setuptools", "ensurepip", "xmlrpc",
        "smtplib", "winreg", "_winreg", "msvcrt",
    ]
    /// Modules whose names are also used for packages of others: refused only by their exact name.
    private static let exactModules: Set<String> = ["code", "torch.hub", "torch.utils.cpp_extension", "torch.package"]
    /// The plain data types among the built-in functions.
    private static let dataTypes: Set<String> = [
        "set", "frozenset", "list", "dict", "tuple", "int", "long", "float", "bool", "str", "unicode", "bytes",
        "bytearray", "complex", "object", "slice", "range", "xrange",
    ]
    /// Plain data types of modules that are refused otherwise, which training scripts store with the weights.
    private static let dataClasses: Set<String> = [
        "pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "pathlib.PurePosixPath", "pathlib.WindowsPath",
        "pathlib.PureWindowsPath", "pathlib._local.Path", "pathlib._local.PurePath", "pathlib._local.PosixPath",
        "pathlib._local.PurePosixPath", "pathlib._local.WindowsPath", "pathlib._local.PureWindowsPath",
        "types.SimpleNamespace",
    ]
    private static let builtins: Set<String> = ["builtins", "__builtin__", "__builtins__"]

    /// Whether calling `module.name` is refused.
    static func refuses(module: String, name: String) -> Bool {
        if dataClasses.contains("\(module).\(name)") { return false }
        let root = module.prefix { $0 != "." }
        if builtins.contains(String(root)) { return !dataTypes.contains(name) || module.contains(".") }
        if modules.contains(String(root)) || exactModules.contains(module) { return true }
        // The name `os.system` in `some.module` leads to the same function.
        let path = name.split(separator: ".")
        return path.count > 1
            && path.dropLast().contains { modules.contains(String($0)) || builtins.contains(String($0)) }
    }
}
