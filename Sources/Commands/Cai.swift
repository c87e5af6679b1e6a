import ArgumentParser
import Platform

/// The root command: all work is done by its subcommands.
struct Cai: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cai",
        abstract: "Redshifts of galaxy cutouts, from the AstroMAE network, on CPUs.",
        usage: "cai COMMAND [options]",
        discussion: """
            EXAMPLES
              cai demo                         predict the demo galaxies
              cai infer 1.pt 2.pt -o z.csv     predict the galaxies of two files
              cai infer 'data/*.pt' > z.csv    of all matching files, in natural order
              cai merge z.rank-* -o z.csv      join the outputs of ranks
              cai index data/ -o index.json    count the galaxies of each file
              cai evaluate z.csv               measure how good predictions are
              cai report z.csv -o z.html       the same as a page with figures
              cai embed data/ -o features.npy  the encoder's features
              cai reconstruct 1.pt -o r.npz    reconstruct hidden patches
              cai anomalies data/ -o u.csv     rank unusual galaxies
              cai inspect weights.pt           show what a file contains
              cai verify -w model.pt --reference z.npy 1.pt
                                               compare with your PyTorch's redshifts
              cai split all.npz -o 25MB/ --partition-size 25
                                               partitions for a fan-out
              cai run payload.json --store file:///data
                                               a fan-out on this machine
              cai experiment data/ -o tree --vary threads 1,2
                                               measure how time depends on threads
              cai cost --galaxies 500000 --within 60s
                                               plan a run on AWS Lambda

            EXIT STATUS
              0  every requested galaxy is in the output
              1  an input or output is invalid or failed: one line on standard error
                 names the file, the key and the expected value
              2  invalid command line
              3  launch, experiment: AWS does not answer, and whether the execution
                 continues is unknown; 'cai launch --follow' attaches to it
              130, 143  interrupted by SIGINT, SIGTERM

            ENVIRONMENT
              CAI_WEIGHTS       redshift weights, without --weights
              CAI_MAE_WEIGHTS   weights of the masked autoencoder, without --weights
              CAI_ISA           the widest instruction set to use: portable, avx2,
                                avx512 or neon
              CAI_LOG_LEVEL     as --log-level
              CAI_LOG_FORMAT    as --log-format
              CAI_SSE_KMS_KEY   the KMS key that encrypts new objects in S3
              AWS_...           credentials, region and endpoints, as AWS's own
                                tools read them, for s3:// and 'cai launch'

            FILES
              weights/          demo weights and galaxies: beside the program, above
                                it, or in ../share/cai
              OUT.partial       finished galaxies of an interrupted run (--resume)
              OUT.run.json      weights, options and input meaning of OUT
              PART.rank.json    the same for the part of a rank
            """,
        version: "\(Release.version) (\(CPUFacts.architecture), Swift \(Release.swift))",
        groupedSubcommands: [
            CommandGroup(
                name: "Predict",
                subcommands: [
                    InferCommand.self, EmbedCommand.self, IndexCommand.self, MergeCommand.self, DemoCommand.self,
                ]),
            CommandGroup(
                name: "Look at results",
                subcommands: [
                    EvaluateCommand.self, ReportCommand.self, InspectCommand.self, ReconstructCommand.self,
                    AnomaliesCommand.self,
                ]),
            CommandGroup(
                name: "Prepare",
                subcommands: [ConvertCommand.self, VerifyCommand.self, CalibrateCommand.self, SplitCommand.self]),
            CommandGroup(name: "Scale out", subcommands: [RunCommand.self, LaunchCommand.self, CostCommand.self]),
            CommandGroup(
                name: "Measure", subcommands: [ExperimentCommand.self, StatsCommand.self, VersionCommand.self]),
            CommandGroup(
                name: "Steps of a fan-out",
                subcommands: [
                    InitializeCommand.self, WorkerCommand.self, SummarizeCommand.self, ManualCommand.self,
                ]),
        ])

    @OptionGroup(title: "Logging") var log: LogOptions
}
