import Testing

@testable import Cloud

@Suite("ARNs of Step Functions")
struct ARNTests {
    private typealias Script = StepFunctionsScript

    @Test("The ARN of an execution has its region and name, and follows from the state machine's")
    func executionARNs() throws {
        let arn = try #require(ExecutionARN(Script.execution))
        #expect(arn.region == "eu-west-1" && arn.name == "run")
        let machine = try #require(StateMachineARN(Script.machine))
        #expect(ExecutionARN(machine, name: "run") == arn)
        #expect(arn.isOf(machine))
        // Executions of a version or an alias have the name of the machine alone.
        #expect(arn.isOf(try #require(StateMachineARN(Script.machine + ":7"))))
        #expect(!arn.isOf(try #require(StateMachineARN(Script.machine + "-2"))))
        #expect(ExecutionARN(machine, name: "a b") == nil)
        for text in [
            "", "run", Script.machine, Script.execution + ":x", Script.execution + "/Workers:x",
            "arn:aws:states:eu-west-1:123456789012:execution:cai/Workers:x",
        ] {
            #expect(ExecutionARN(text) == nil, "\(text)")
        }
    }

    @Test("The ARN of a state machine has its region")
    func arns() {
        #expect(StateMachineARN(Script.machine)?.region == "eu-west-1")
        #expect(StateMachineARN("arn:aws-cn:states:cn-north-1:1:stateMachine:cai:prod")?.region == "cn-north-1")
        for text in [
            "", "cai", Script.execution, "arn:aws:states::1:stateMachine:cai",
            "arn:aws:lambda:eu-west-1:1:stateMachine:cai",
            "arn:aws:states:e/x:1:stateMachine:cai", "arn:aws:states:eu-west-1:1:stateMachine:",
        ] {
            #expect(StateMachineARN(text) == nil, "\(text)")
        }
    }
}
