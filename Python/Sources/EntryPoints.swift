import Anomalies
import CAstroCAI
import Glibc
import Inference
import Platform
import TensorFiles

// The functions of astrocai.h, which has their contracts. What can fail throws a `Failure`; nothing traps.

public typealias Text = UnsafePointer<CChar>
public typealias Buffer = UnsafeMutablePointer<CChar>

/// Runs a call, and describes its failure.
/// - Returns: nil where it has failed.
private func call<Result>(_ error: Buffer?, _ capacity: Int64, _ body: () throws(Failure) -> Result) -> Result? {
    MappedFile.readsWhole.store(true, ordering: .relaxed)
    do throws(Failure) {
        return try ForkedProcess.run(body)
    } catch let failure {
        unsafe CallerText.write(failure.description, to: error, capacity: capacity)
        return nil
    }
}

/// - Returns: 0; 1 where the call has failed.
private func status(_ error: Buffer?, _ capacity: Int64, _ body: () throws(Failure) -> Void) -> Int32 {
    unsafe call(error, capacity, body) == nil ? 1 : 0
}

private func model(_ handle: Int64) throws(Failure) -> ArrayModel {
    try Handles.object(handle, ArrayModel.self, "a model")
}

private func stored(_ handle: Int64) throws(Failure) -> StoredGalaxies {
    try Handles.object(handle, StoredGalaxies.self, "galaxies")
}

private func options(_ json: Text?, _ keys: Set<CallOptions.CodingKeys>) throws(Failure) -> CallOptions {
    try CallOptions(unsafe json == nil ? "" : CallerText.read(json, "options"), keys)
}

private func calibration(_ json: Text?) throws(Failure) -> Calibration {
    try Calibration(json: Array(unsafe CallerText.read(json, "calibration").utf8))
}

private func view(_ pointer: UnsafePointer<cai_array>?, _ name: String) throws(Failure) -> TensorView {
    guard let array = unsafe pointer?.pointee, let data = unsafe array.data else {
        throw Failure("\(name): expected an array, found NULL")
    }
    let types: [DType] = [.f16, .f32, .f64]
    guard unsafe types.indices.contains(Int(array.dtype)) else {
        throw Failure("\(name): expected a cai_dtype, found \(unsafe array.dtype)")
    }
    guard unsafe 1...4 ~= array.axes else {
        throw Failure("\(name): expected 1 to 4 axes, found \(unsafe array.axes)")
    }
    let (shape, strides, axes) = unsafe (array.shape, array.strides, Int(array.axes))
    return try unsafe TensorView(
        name, types[Int(array.dtype)],
        shape: [shape.0, shape.1, shape.2, shape.3].prefix(axes).map(Int.init),
        byteStrides: [strides.0, strides.1, strides.2, strides.3].prefix(axes).map(Int.init), at: data, of: "arrays")
}

private func galaxies(
    _ images: UnsafePointer<cai_array>?, _ magnitudes: UnsafePointer<cai_array>? = nil
) throws(Failure) -> GalaxyArrays {
    try unsafe GalaxyArrays(
        images: view(images, "images"), magnitudes: optionalView(magnitudes, "magnitudes"))
}

/// nil for NULL.
private func optionalView(_ pointer: UnsafePointer<cai_array>?, _ name: String) throws(Failure) -> TensorView? {
    try unsafe pointer == nil ? nil : view(pointer, name)
}

private func outputs<Element>(
    _ pointer: UnsafeMutablePointer<Element>?, _ count: Int64, _ name: String, _ expected: Int
) throws(Failure) -> UnsafeMutableBufferPointer<Element> {
    guard count == expected else { throw Failure("\(name): expected an array of \(expected), found \(count)") }
    return try unsafe UnsafeMutableBufferPointer(pointer, count, name)
}

@_cdecl("cai_abi_version")
public func abiVersion() -> Int32 { CAI_ABI_VERSION }

@_cdecl("cai_free")
public func release(_ string: UnsafeMutableRawPointer?) { unsafe free(string) }

@_cdecl("cai_close")
public func close(_ handle: Int64, _ error: Buffer?, _ capacity: Int64) -> Int32 {
    unsafe status(error, capacity) { () throws(Failure) in try Handles.close(handle) }
}

@_cdecl("cai_model_open")
public func openModel(_ weights: Text?, _ json: Text?, _ error: Buffer?, _ capacity: Int64) -> Int64 {
    unsafe call(error, capacity) { () throws(Failure) in
        Handles.open(
            try unsafe ArrayModel(
                weights: CallerText.read(weights, "weights"), options: options(json, ArrayModel.keys)))
    } ?? 0
}

@_cdecl("cai_describe")
public func describe(_ handle: Int64, _ error: Buffer?, _ capacity: Int64) -> Buffer? {
    unsafe call(error, capacity) { () throws(Failure) in
        if let galaxies = try? stored(handle) { return try unsafe CallerText.copy(galaxies.description()) }
        return try unsafe CallerText.copy(model(handle).description())
    }
}

@_cdecl("cai_predict")
public func predict(
    _ handle: Int64, _ images: UnsafePointer<cai_array>?, _ magnitudes: UnsafePointer<cai_array>?, _ json: Text?,
    _ redshifts: UnsafeMutablePointer<Float>?, _ flags: UnsafeMutablePointer<UInt8>?, _ count: Int64,
    _ error: Buffer?, _ capacity: Int64
) -> Int32 {
    unsafe status(error, capacity) { () throws(Failure) in
        let (model, galaxies) = try unsafe (model(handle), galaxies(images, magnitudes))
        let redshifts = try unsafe outputs(redshifts, count, "redshifts", galaxies.count)
        let flags = try unsafe outputs(flags, count, "flags", galaxies.count)
        let found = try unsafe model.predict(galaxies, options(json, ArrayModel.runKeys))
        _ = unsafe redshifts.update(fromContentsOf: found.redshifts)
        _ = unsafe flags.update(fromContentsOf: found.flags.map(\.rawValue))
    }
}

@_cdecl("cai_embed")
public func embed(
    _ handle: Int64, _ images: UnsafePointer<cai_array>?, _ json: Text?, _ features: UnsafeMutablePointer<Float>?,
    _ floats: Int64, _ error: Buffer?, _ capacity: Int64
) -> Int32 {
    unsafe status(error, capacity) { () throws(Failure) in
        try unsafe model(handle).embed(
            galaxies(images), into: CallerRows(features, floats, "features"), options(json, ArrayModel.embedKeys))
    }
}

@_cdecl("cai_reconstruct")
public func reconstruct(
    _ handle: Int64, _ images: UnsafePointer<cai_array>?, _ json: Text?, _ predictions: UnsafeMutablePointer<Float>?,
    _ floats: Int64, _ mask: UnsafeMutablePointer<Float>?, _ noise: UnsafeMutablePointer<Float>?, _ patches: Int64,
    _ losses: UnsafeMutablePointer<Float>?, _ passes: Int64, _ error: Buffer?, _ capacity: Int64
) -> Int32 {
    unsafe status(error, capacity) { () throws(Failure) in
        try unsafe model(handle).reconstruct(
            galaxies(images),
            into: .init(
                predictions: CallerRows(predictions, floats, "predictions"), mask: CallerRows(mask, patches, "mask"),
                losses: CallerRows(losses, passes, "losses"), noise: CallerRows(noise, patches, "noise")),
            options(json, ArrayModel.maskKeys))
    }
}

@_cdecl("cai_measure_errors")
public func measureErrors(
    _ handle: Int64, _ images: UnsafePointer<cai_array>?, _ magnitudes: UnsafePointer<cai_array>?, _ json: Text?,
    _ measurements: UnsafeMutablePointer<Float>?, _ floats: Int64, _ flags: UnsafeMutablePointer<UInt8>?,
    _ count: Int64, _ error: Buffer?, _ capacity: Int64
) -> Int32 {
    unsafe status(error, capacity) { () throws(Failure) in
        let galaxies = try unsafe galaxies(images, magnitudes)
        let flags = try unsafe outputs(flags, count, "flags", galaxies.count)
        let rows = try unsafe CallerRows(measurements, floats, "measurements")
        let found = try unsafe model(handle).measureErrors(galaxies, into: rows, options(json, ArrayModel.maskKeys))
        _ = unsafe flags.update(fromContentsOf: found)
    }
}

@_cdecl("cai_anomaly_scores")
public func scoreAnomalies(
    _ handle: Int64, _ measurements: UnsafePointer<Float>?, _ floats: Int64, _ json: Text?,
    _ scores: UnsafeMutablePointer<Double>?, _ count: Int64, _ error: Buffer?, _ capacity: Int64
) -> Int32 {
    unsafe status(error, capacity) { () throws(Failure) in
        let rows = try unsafe UnsafeMutableBufferPointer(.init(mutating: measurements), floats, "measurements")
        let found = try unsafe model(handle).scoreRows(Array(rows), options(json, ArrayModel.scoreKeys))
        _ = try unsafe outputs(scores, count, "scores", found.count).update(fromContentsOf: found)
    }
}

@_cdecl("cai_galaxies_open")
public func openGalaxies(_ paths: Text?, _ json: Text?, _ error: Buffer?, _ capacity: Int64) -> Int64 {
    unsafe call(error, capacity) { () throws(Failure) in
        Handles.open(
            try unsafe StoredGalaxies(
                paths: CallOptions.paths(CallerText.read(paths, "paths")), options: options(json, StoredGalaxies.keys)))
    } ?? 0
}

@_cdecl("cai_galaxies_copy")
public func copyGalaxies(
    _ handle: Int64, _ images: UnsafeMutablePointer<Float>?, _ imageFloats: Int64,
    _ magnitudes: UnsafeMutablePointer<Float>?, _ magnitudeFloats: Int64, _ redshifts: UnsafeMutablePointer<Double>?,
    _ count: Int64, _ error: Buffer?, _ capacity: Int64
) -> Int32 {
    unsafe status(error, capacity) { () throws(Failure) in
        let galaxies = try stored(handle)
        let redshifts = try unsafe outputs(redshifts, count, "redshifts", galaxies.count)
        let known = try unsafe galaxies.copy(
            images: CallerRows(images, imageFloats, "images"),
            magnitudes: CallerRows(magnitudes, magnitudeFloats, "magnitudes"))
        _ = unsafe redshifts.update(fromContentsOf: known)
    }
}

@_cdecl("cai_galaxies_ids")
public func ids(_ handle: Int64, _ error: Buffer?, _ capacity: Int64) -> Buffer? {
    unsafe call(error, capacity) { () throws(Failure) in try unsafe CallerText.copy(stored(handle).ids()) }
}

@_cdecl("cai_calibration_fit")
public func fitCalibration(
    _ handle: Int64, _ redshifts: UnsafePointer<Float>?, _ spectroscopic: UnsafePointer<cai_array>?,
    _ magnitudes: UnsafePointer<cai_array>?, _ count: Int64, _ json: Text?, _ error: Buffer?, _ capacity: Int64
) -> Buffer? {
    unsafe call(error, capacity) { () throws(Failure) in
        let redshifts = try unsafe UnsafeMutableBufferPointer(.init(mutating: redshifts), count, "redshifts")
        let calibration = try unsafe model(handle).calibration(
            redshifts: Array(redshifts), spectroscopic: view(spectroscopic, "spectroscopic"),
            magnitudes: optionalView(magnitudes, "magnitudes"), options(json, ArrayModel.calibrationKeys))
        return try unsafe CallerText.copy(calibration.json)
    }
}

@_cdecl("cai_calibration_read")
public func readCalibration(_ json: Text?, _ error: Buffer?, _ capacity: Int64) -> Buffer? {
    unsafe call(error, capacity) { () throws(Failure) in try unsafe CallerText.copy(calibration(json).json) }
}

@_cdecl("cai_calibration_intervals")
public func intervals(
    _ json: Text?, _ handle: Int64, _ redshifts: UnsafePointer<Float>?, _ magnitudes: UnsafePointer<cai_array>?,
    _ count: Int64, _ choices: Text?, _ low: UnsafeMutablePointer<Float>?, _ high: UnsafeMutablePointer<Float>?,
    _ floats: Int64, _ error: Buffer?, _ capacity: Int64
) -> Int32 {
    unsafe status(error, capacity) { () throws(Failure) in
        let calibration = try unsafe calibration(json)
        let model = try handle == 0 ? nil : model(handle)
        try model?.check(calibration)
        let redshifts = try unsafe UnsafeMutableBufferPointer(.init(mutating: redshifts), count, "redshifts")
        let found = try unsafe calibration.intervals(
            Array(redshifts), magnitudes: optionalView(magnitudes, "magnitudes"), of: model,
            options(choices, Calibration.intervalKeys))
        let size = redshifts.count * calibration.levels.count
        _ = try unsafe outputs(low, floats, "low", size).update(fromContentsOf: found.flatMap { $0.map(\.low) })
        _ = try unsafe outputs(high, floats, "high", size).update(fromContentsOf: found.flatMap { $0.map(\.high) })
    }
}
