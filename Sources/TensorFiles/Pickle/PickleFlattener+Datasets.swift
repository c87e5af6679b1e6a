import Platform

/// Objects of `torch.utils.data`, whose rows are not those of the tensors that they hold: PyTorch makes the rows by the
/// objects' own code, which is never run. The classes whose code is known give the rows that they stand for; any other
/// object that selects or changes rows is refused.
extension PickleFlattener {
    private static let modules: Set<String> = ["torch.utils.data", "torch.utils.data.dataset"]

    /// Visits the rows of a `Subset` or `ConcatDataset`, under the object's own name.
    /// - Returns: false for any other object.
    mutating func visitDataset(
        _ type: String?, _ parts: [String: PickleValue], _ name: String, _ bytes: RawSpan
    ) throws(Failure) -> Bool {
        guard let type, let dot = type.lastIndex(of: "."), Self.modules.contains(String(type[..<dot])) else {
            return false
        }
        switch type[type.index(after: dot)...] {
        case "Subset":
            guard let dataset = parts["dataset"], let value = parts["indices"] else { return false }
            let first = items.count
            try visit(dataset, name, bytes)
            guard hasRows(dataset) else {
                try refuseItems(
                    from: first, "is a part of a Subset of a list or dictionary: save the tensors that it gives")
                return true
            }
            guard let number = try indexNumber(value, name, bytes) else {
                try refuseItems(from: first, "is a part of a Subset whose indices are not read")
                return true
            }
            for index in items.indices[first...] {
                try charge(64, name)
                items[index].rows = .subset(items[index].rows, number: number)
            }
        case "ConcatDataset":
            guard case .node(let list)? = parts["datasets"], arena[list].kind == .list || arena[list].kind == .tuple
            else { return false }
            try visitJoined(indexed(list, name).map(\.value), name, bytes)
        default: return false
        }
        return true
    }

    /// The tensors of each name are joined. Where a dataset has other tensors but not this one, its rows are absent.
    private mutating func visitJoined(_ datasets: [PickleValue], _ name: String, _ bytes: RawSpan) throws(Failure) {
        let first = items.count
        var order: [String] = []
        var joined: [String: [Int: PickledRows]] = [:]
        var others: [PickledRows?] = []
        for (index, dataset) in datasets.enumerated() {
            let start = items.count
            try visit(dataset, name, bytes)
            if !hasRows(dataset) {
                try refuseItems(from: start, "is a part of a ConcatDataset of lists: save the tensors that it gives")
            }
            for item in items[start...] {
                try charge(64, name)
                if joined[item.name] == nil { order.append(item.name) }
                joined[item.name, default: [:]][index] = item.rows
            }
            others.append(items[start...].first?.rows)
            items.removeSubrange(start...)
        }
        assert(items.count == first)
        for item in order {
            let rows = others.indices.compactMap { index in
                joined[item]?[index] ?? others[index].map { .absent(beside: $0) }
            }
            guard rows.count == datasets.count, refusals[item] == nil else {
                try refuse(item, refusals[item] ?? "is not in each dataset of a ConcatDataset")
                continue
            }
            try charge(64 * rows.count, name)
            items.append(PickledItem(name: item, rows: rows.count == 1 ? rows[0] : .joined(rows)))
        }
    }

    /// Whether the rows of a dataset are those of its tensors: the rows of a list are its items.
    private func hasRows(_ dataset: PickleValue) -> Bool {
        guard case .node(let node) = dataset else { return false }
        return ![.list, .tuple, .dictionary, .set].contains(arena[node].kind)
    }

    /// The number of the indices in `indexLists`; nil where they are not read.
    private mutating func indexNumber(_ value: PickleValue, _ name: String, _ bytes: RawSpan) throws(Failure) -> Int? {
        guard case .node(let node) = value else { return nil }
        if let known = indexNumbers[node] { return known }
        guard let found = try indices(value, name, bytes) else { return nil }
        try charge(64, name)
        indexLists.append(found)
        indexNumbers[node] = indexLists.count - 1
        return indexLists.count - 1
    }

    /// A list of integers, a range, or a tensor or array of one axis; nil for anything else.
    private mutating func indices(
        _ value: PickleValue, _ name: String, _ bytes: RawSpan
    ) throws(Failure) -> PickledIndices? {
        guard case .node(let node) = value else { return nil }
        switch arena[node].kind {
        case .list, .tuple:
            if let numbers = arena.integers(of: node) { return .listed(RowIndices(numbers)) }
            try charge(8 * Int(arena[node].count), name)
            if let numbers = arena.integers(value, limit: .max) { return .listed(RowIndices(numbers)) }
            // A list of an array's elements.
            var numbers: [Int] = []
            for case let item in arena.children(of: node) {
                guard let number = PickledArray.scalar(item, arena, bytes) else { return nil }
                numbers.append(number)
            }
            return .listed(RowIndices(numbers))
        case .object:
            guard let type = arena.globalName(arena[node].type, bytes), ["range", "xrange"].contains(type.name),
                case let bounds = arena.items(of: arena[node].arguments, limit: 4), bounds.count == 3,
                case .int(let start) = bounds[0], case .int(let end) = bounds[1], case .int(let step) = bounds[2]
            else { return nil }
            return RowIndices(from: start, to: end, step: step).map { .listed($0) }
        case .tensor:
            guard PickledTensor.refusal(node: node, arena: arena, bytes: bytes) == nil else { return nil }
            return .elements(.tensor(try tensor(node, "\(name).indices", bytes)))
        case .array:
            do throws(Failure) { return .elements(.array(try array(node, "\(name).indices", bytes))) } catch {
                return nil
            }
        default: return nil
        }
    }

    // MARK: Objects whose code is not known

    /// Refuses the tensors of an object that selects or changes them: it holds indices, another dataset or a transform. What
    /// a module within it holds is not concerned.
    /// - Parameter first: the first item of the object.
    mutating func refuseUnknown(
        _ state: [(key: String, value: PickleValue)], of type: String?, _ name: String, from first: Int,
        _ bytes: RawSpan
    ) throws(Failure) {
        guard let type, first < items.count else { return }
        for (key, value) in state {
            guard let what = part(key, value, bytes) else { continue }
            try refuseItems(
                from: first,
                "belongs to an object of the class \(type), which holds \(what) (\(key.quoted)) and whose code is not "
                    + "run: save the tensors that it gives")
            return
        }
    }

    private mutating func refuseItems(from first: Int, _ reason: String) throws(Failure) {
        var kept: [PickledItem] = []
        for item in items[first...] {
            if item.isOfModule { kept.append(item) } else { try refuse(item.name, reason) }
        }
        items.replaceSubrange(first..., with: kept)
    }

    /// What an attribute of a dataset does to its rows; nil for nothing.
    private func part(_ key: String, _ value: PickleValue, _ bytes: RawSpan) -> String? {
        let words = key.lowercased()
        if words.contains("transform") || words.contains("augment") || words.contains("preprocess") {
            switch value {
            case .none, .unset, .bool(false), .int, .wideInt, .double: return nil
            case .node(let node) where arena[node].kind != .object && arena[node].kind != .global:
                return arena[node].count == 0 ? nil : "a transform"
            default: return "a transform"
            }
        }
        guard case .node(let node) = value else { return nil }
        switch arena[node].kind {
        case .global:
            // `torch.float32` and classes are plain values.
            guard let global = arena.globalName(node, bytes), global.module != "torch",
                global.name.first?.isLowercase == true
            else { return nil }
            return "a function"
        case .object, .mapping:
            if isRange(node, bytes) { return isIndices(words) ? "indices" : nil }
            return isDataset(node, bytes) || words.contains("dataset") ? "a dataset" : nil
        case .list, .tuple, .dictionary:
            let members = arena.items(of: node, limit: 2)
            for case .node(let member) in members where isDataset(member, bytes) { return "datasets" }
            guard isIndices(words), arena[node].kind != .dictionary, case .int? = members.first else { return nil }
            return "indices"
        case .tensor, .array: return isIndices(words) ? "indices" : nil
        case .set, .storage: return nil
        }
    }

    private func isIndices(_ words: String) -> Bool {
        words.contains("indices") || words.contains("indexes") || words.contains("idx")
            || words.contains("permutation")
            || ["index", "inds", "perm", "subset", "selection", "sampler"].contains(String(words.drop { $0 == "_" }))
    }

    private func isRange(_ node: Int32, _ bytes: RawSpan) -> Bool {
        arena.globalName(arena[node].type, bytes).map { $0.name == "range" || $0.name == "xrange" } ?? false
    }

    private func isDataset(_ node: Int32, _ bytes: RawSpan) -> Bool {
        guard arena[node].kind == .object || arena[node].kind == .mapping,
            let type = arena.globalName(arena[node].type, bytes)
        else { return false }
        return type.name.contains("Dataset") || type.name.contains("Subset") || Self.modules.contains(type.module)
    }
}
