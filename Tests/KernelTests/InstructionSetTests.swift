import AstroMAE
import CKernels
import Testing

@Suite("Instruction sets") struct InstructionSetTests {
    @Test("each table says whose it is", arguments: KernelTable.available)
    func identity(table: KernelTable) throws {
        let set = try #require(InstructionSet(rawValue: table.name))
        let identifiers: [InstructionSet: cai_isa] = [
            .portable: CAI_ISA_PORTABLE, .avx2: CAI_ISA_AVX2, .avx512: CAI_ISA_AVX512, .neon: CAI_ISA_NEON,
        ]
        #expect(try table.kernels.isa == #require(identifiers[set]))
        #expect(set.isAvailable)
    }

    @Test(
        "AVX2 can run here, so that its contract is tested",
        .enabled(if: InstructionSet.avx2.isAvailable, "this processor or build has no AVX2 and FMA"))
    func avx2() {
        #expect(KernelTable.available.map(\.name).starts(with: ["portable", "avx2"]))
        #expect(!InstructionSet.neon.isAvailable)
    }

    @Test("the tables that are there are the sets that are available")
    func availability() {
        #expect(
            KernelTable.available.map(\.name) == InstructionSet.allCases.filter(\.isAvailable).map(\.rawValue))
        #expect(InstructionSet.widest == InstructionSet.allCases.last(where: \.isAvailable))
    }

    @Test("a set that is not there gives way to the one below it", arguments: InstructionSet.allCases)
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

    @Test("sets stand in the order of their processors")
    func order() {
        #expect(InstructionSet.avx512.below == .avx2)
        #expect(InstructionSet.avx2.below == .portable)
        #expect(InstructionSet.neon.below == .portable)
        #expect(InstructionSet.portable.below == nil)
    }

    @Test("no cap, or an empty one, gives the widest")
    func noCap() throws {
        #expect(try InstructionSet.widest(cappedBy: nil) == .widest)
        #expect(try InstructionSet.widest(cappedBy: "") == .widest)
    }

    @Test("a name that is none is refused, and the known ones are told", arguments: ["AVX2", "sse4", "avx512 "])
    func unknown(name: String) {
        #expect {
            try InstructionSet.widest(cappedBy: name)
        } throws: { error in
            "\(error)" == "CAI_ISA: '\(name)' is no instruction set; expected portable, avx2, avx512, neon"
        }
    }
}
