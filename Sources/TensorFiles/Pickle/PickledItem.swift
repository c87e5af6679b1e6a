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
    /// Some rows of others, in the order of the indices, which are `PickleFlattener.indexLists[number]`.
    case subset(PickledRows, number: Int)
    /// One after the other.
    case joined([PickledRows])
    /// Of a dataset without this tensor: as many rows as another tensor of the dataset has.
    case absent(beside: PickledRows)
}

/// Indices of rows.
enum PickledIndices {
    case listed(RowIndices)
    /// The elements of a tensor or array.
    case elements(PickledRows)
}
