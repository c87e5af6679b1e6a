// Predicts the redshifts of the galaxies in a file, or in a folder of files:
//     swift run predict weights/astromae-demo.safetensors weights/demo-galaxies.pt

import Inference
import Runs

@main
struct Predict {
    static func main() throws {
        guard CommandLine.arguments.count == 3 else { return print("usage: predict WEIGHTS GALAXIES") }
        let galaxies = try GalaxyInputs([CommandLine.arguments[2]])
        let outcome = try PredictionJob(weights: CommandLine.arguments[1], inputs: galaxies).run()
        try outcome.predictions.forEach { galaxy in
            print(galaxy.objectID, galaxy.zPhot)
        }
    }
}
