/// A tensor or array of a pickled object, as its name stands for it.
struct PickledItem {
    let name: String
    var rows: PickledRows
    /// Whether it is a parameter or buffer of a `torch.nn.Module`.
    var isOfModule = false
}

/// Rows along the first axis.
indirect enum PickledRows {
    case tensor(PickledTensor)
    case array(PickledArray)
    /// Those rows of others, in this order.
    case subset(PickledRows, PickledIndices)
    /// One after the other.
    case joined([PickledRows])
}

/// Indices of rows; negative ones count from the end.
enum PickledIndices {
    case listed([Int])
    /// The elements of a tensor or array.
    case elements(PickledRows)
}
