import ArgumentParser
import Platform

/// The root command: all work is done by its subcommands.
struct Cai: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cai",
        abstract: "Redshifts of galaxy cutouts, from the AstroMAE network, on CPUs.",
        discussion: """
            EXAMPLES
              cai demo                         the demo network on the demo galaxies
              cai infer 1.pt 2.pt -o z.csv     predictions of two partitions
              cai infer 'data/*.pt' > z.csv    of all that match, in natural order
              cai merge z.rank-* -o z.csv      what ranks wrote, as one file
              cai index data/ -o index.json    galaxies of each file, for ranks
              cai evaluate z.csv               how good they are
              cai report z.csv -o z.html       the same as a page with figures
              cai embed data/ -o features.npy  what the encoder makes of them
              cai reconstruct 1.pt -o r.npz    hidden patches, reconstructed
              cai anomalies data/ -o odd.csv   galaxies that are not as expected
              cai inspect weights.pt           what is in a file
              cai verify --weights model.pt --reference z.npy 1.pt
                                               whether it is your network that runs
              cai split all.npz 25MB/ --megabytes 25
                                               partitions for a fan-out
              cai run payload.json --store file:///data
                                               a fan-out, all on this machine
              cai experiment data/ -o tree --vary threads 1,2
                                               how long it takes, and what decides that
              cai cost --galaxies 500000 --within 60s
                                               what one would take on AWS Lambda

            EXIT STATUS
              0  every galaxy asked for is in the output
              1  something failed; one line on the standard error says what
              2  the command line is wrong
              3  launch, experiment: an execution on AWS may continue, and it cannot be
                 found out; cai launch --follow attaches to it

            ENVIRONMENT
              CAI_WEIGHTS       the redshift network, where --weights does not name it
              CAI_MAE_WEIGHTS   the same for the masked autoencoder
              CAI_ISA           portable, avx2, avx512 or neon: the widest to use
              CAI_LOG_LEVEL     as --log-level
              CAI_LOG_FORMAT    as --log-format
              AWS_...           credentials, region and endpoints, as AWS's own
                                tools read them, for s3:// and 'cai launch'
              CAI_SSE_KMS_KEY   the KMS key that encrypts new objects of s3://
            """,
        version: Release.version,
        subcommands: [
            InferCommand.self,
            EmbedCommand.self,
            ReconstructCommand.self,
            AnomaliesCommand.self,
            IndexCommand.self,
            MergeCommand.self,
            DemoCommand.self,
            InspectCommand.self,
            ConvertCommand.self,
            VerifyCommand.self,
            EvaluateCommand.self,
            CalibrateCommand.self,
            StatsCommand.self,
            ReportCommand.self,
            CostCommand.self,
            ExperimentCommand.self,
            SplitCommand.self,
            RunCommand.self,
            LaunchCommand.self,
            InitializeCommand.self,
            WorkerCommand.self,
            SummarizeCommand.self,
            ManualCommand.self,
        ])

    @OptionGroup(title: "Logging") var log: LogOptions
}
