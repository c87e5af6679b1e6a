import Foundation
import Platform
import TestSupport
import Testing

@testable import Commands

/// A folder with `/proc/cpuinfo` and `/sys` of a machine.
private func tree(_ files: [String: String], _ body: (String) throws -> Void) throws {
    try Fixture.withTemporaryFolder { folder in
        for (path, text) in files {
            let url = URL(fileURLWithPath: folder + "/" + path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data((text + "\n").utf8).write(to: url)
        }
        try body(folder)
    }
}

private let cpus = "sys/devices/system/cpu"
/// Two processors of Graviton3, as Linux describes them.
private let graviton3 = [
    "proc/cpuinfo": """
    processor\t: 0
    BogoMIPS\t: 2100.00
    Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimddp sve i8mm bf16
    CPU implementer\t: 0x41
    CPU architecture: 8
    CPU variant\t: 0x1
    CPU part\t: 0xd40
    CPU revision\t: 1
    """,
    "\(cpus)/online": "0-1",
    "\(cpus)/cpu0/topology/thread_siblings_list": "0", "\(cpus)/cpu1/topology/thread_siblings_list": "1",
    "\(cpus)/cpu0/cache/index0/level": "1", "\(cpus)/cpu0/cache/index0/type": "Data",
    "\(cpus)/cpu0/cache/index0/size": "64K", "\(cpus)/cpu0/cache/index0/shared_cpu_map": "00000000,00000001",
    "\(cpus)/cpu0/cache/index2/level": "2", "\(cpus)/cpu0/cache/index2/type": "Unified",
    "\(cpus)/cpu0/cache/index2/size": "1024K", "\(cpus)/cpu0/cache/index2/shared_cpu_map": "1",
    "\(cpus)/cpu0/cache/index3/level": "3", "\(cpus)/cpu0/cache/index3/type": "Unified",
    "\(cpus)/cpu0/cache/index3/size": "32M", "\(cpus)/cpu0/cache/index3/shared_cpu_map": "ffffffff,ffffffff",
    // A cache whose size is not stated is left out.
    "\(cpus)/cpu0/cache/index4/level": "4", "\(cpus)/cpu0/cache/index4/type": "Unified",
]

@Test("A 64-bit ARM processor is described by its part number, its features, and the topology and caches in /sys")
func armProcessor() throws {
    try tree(graviton3) { root in
        let facts = CPUFacts(root: root, isArm: true, features: ["asimd"])
        #expect(facts.name == "Neoverse V1 (Graviton3)")
        #expect(facts.cores == 2)
        #expect(facts.extensions == ["asimd", "crc32", "asimdhp", "asimddp", "i8mm", "sve", "bf16"])
        #expect(facts.caches.map(\.text) == ["L1 data 64K", "L2 1024K", "L3 32M for 64 processors"])
        #expect(facts.caches.map(\.byteCount) == [64 << 10, 1 << 20, 32 << 20])
    }
}

@Test("An unknown 64-bit ARM processor is named by its numbers")
func unknownArmProcessor() throws {
    let text = "CPU implementer : 0x99\nCPU part : 0x001\n"
    #expect(CPUFacts(cpuinfo: text, caches: [], isArm: true).name == "64-bit ARM processor 0x99 0x001")
}

@Test("Under emulation, the host's name and extensions are not those of a 64-bit ARM processor")
func emulatedArmProcessor() throws {
    let host = ["proc/cpuinfo": "model name : AMD EPYC\nflags : fma avx2 bf16\n"]
    try tree(host) { root in
        let facts = CPUFacts(root: root, isArm: true, features: ["asimd", "crc32"])
        #expect(facts.name == "unknown processor")
        #expect(facts.extensions == ["asimd", "crc32"])
        #expect(facts.cores == nil && facts.caches.isEmpty)
        #expect(CPUFacts(root: root, isArm: false, features: []).extensions == ["fma", "avx2", "bf16"])
    }
}

@Test("Threads of one core in /sys count as one core")
func siblings() throws {
    let siblings = ["0,2", "1,3", "0,2", "1,3"].enumerated().map {
        ("\(cpus)/cpu\($0.offset)/topology/thread_siblings_list", $0.element)
    }
    let files = Dictionary(uniqueKeysWithValues: siblings + [("\(cpus)/online", "0-3")])
    try tree(files) { #expect(CPUFacts(root: $0, isArm: false, features: []).cores == 2) }
}

@Test("Extensions of 64-bit ARM are parsed from the kernel's bits")
func capabilities() {
    #expect(ArmFeatures.names(first: 0x2 | 1 << 7 | 1 << 22, second: 1 << 14) == ["asimd", "crc32", "sve", "bf16"])
    #expect(ArmFeatures.names(first: 0, second: 0).isEmpty)
}
