import AstroMAE
import CKernels
import Testing

@Suite("Instruction sets") struct InstructionSetTests {
    @Test("Each kernel table names its instruction set", arguments: KernelTable.available)
    func identity(table: KernelTable) throws {
        let set = try #require(InstructionSet(rawValue: table.name))
        let identifiers: [InstructionSet: cai_isa] = [
            .portable: CAI_ISA_PORTABLE, .avx2: CAI_ISA_AVX2, .avx512: CAI_ISA_AVX512, .neon: CAI_ISA_NEON,
        ]
        #expect(try table.kernels.isa == #require(identifiers[set]))
        #expect(set.isAvailable)
    }

    @Test(
        "The AVX2 kernels are among the tested tables",
        .enabled(if: InstructionSet.avx2.isAvailable, "this processor or build has no AVX2 and FMA"))
    func avx2() {
        #expect(KernelTable.available.map(\.name).starts(with: ["portable", "avx2"]))
        #expect(!InstructionSet.neon.isAvailable)
    }

    @Test("The available kernel tables are those of the available instruction sets")
    func availability() {
        #expect(
            KernelTable.available.map(\.name) == InstructionSet.allCases.filter(\.isAvailable).map(\.rawValue))
        #expect(InstructionSet.widest == InstructionSet.allCases.last(where: \.isAvailable))
    }

    @Test("An unavailable instruction set is replaced by the one below it", arguments: InstructionSet.allCases)
    func cap(set: InstructionSet) throws {
        let found = try InstructionSet.widest(cappedBy: set.rawValue)
        #expect(found.isAvailable)
        if set.isAvailable {
            #expect(found == set)
        } else {
            let below = try #require(set.below)
            #expect(try found == InstructionSet.widest(cappedBy: below.rawValue))
        }
    }

    @Test("Each instruction set has the next narrower one of its processors below it")
    func order() {
        #expect(InstructionSet.avx512.below == .avx2)
        #expect(InstructionSet.avx2.below == .portable)
        #expect(InstructionSet.neon.below == .portable)
        #expect(InstructionSet.portable.below == nil)
    }

    @Test("No cap or an empty one gives the widest instruction set")
    func noCap() throws {
        #expect(try InstructionSet.widest(cappedBy: nil) == .widest)
        #expect(try InstructionSet.widest(cappedBy: "") == .widest)
    }

    @Test(
        "An unknown instruction set is rejected, and the error lists the known ones",
        arguments: ["AVX2", "sse4", "avx512 "])
    func unknown(name: String) {
        #expect {
            try InstructionSet.widest(cappedBy: name)
        } throws: { error in
            "\(error)" == "CAI_ISA: '\(name)' is not an instruction set; expected portable, avx2, avx512, neon"
        }
    }
}
