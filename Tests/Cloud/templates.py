"""CloudFormation templates with their parameters, as the service evaluates them."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ACCOUNT = "123456789012"
_NOTHING = object()


class Call(NamedTuple):
    """A function of CloudFormation: `!Sub text` is `Call("Sub", "text")`."""

    name: str
    argument: Any


class Loader(yaml.SafeLoader):
    pass


def _call(loader: Loader, name: str, node: yaml.Node) -> Call:
    if isinstance(node, yaml.ScalarNode):
        return Call(name, loader.construct_scalar(node))
    assert isinstance(node, yaml.SequenceNode)
    return Call(name, loader.construct_sequence(node, deep=True))


Loader.add_multi_constructor("!", _call)


class Template:
    """Resources are their names in brackets, as `{WorkerRole.Arn}`."""

    def __init__(self, path: Path, partition: str = "aws", region: str = "us-east-1", **parameters: Any) -> None:
        self._template: dict[str, Any] = yaml.load(path.read_text(), Loader)
        defaults = {name: entry.get("Default", "") for name, entry in self._template["Parameters"].items()}
        assert set(parameters) <= set(defaults), f"not in {path}: {set(parameters) - set(defaults)}"
        suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
        for name, value in parameters.items():
            pattern = self._template["Parameters"][name].get("AllowedPattern", "")
            assert re.search(pattern, str(value)), f"{name} does not allow {value}"
        self._names = defaults | parameters | {
            "AWS::Partition": partition, "AWS::Region": region, "AWS::AccountId": ACCOUNT, "AWS::StackName": "cai",
            "AWS::URLSuffix": suffix, "AWS::NoValue": _NOTHING,
        }  # fmt: skip

    def evaluated(self, part: str) -> dict[str, Any]:
        """`Resources` or `Outputs`."""
        return self._value(self._template[part])

    def _value(self, node: Any) -> Any:
        if isinstance(node, Call):
            return self._result(node.name, node.argument)
        if isinstance(node, dict):
            found = {name: self._value(value) for name, value in node.items()}
            return {name: value for name, value in found.items() if value is not _NOTHING}
        if isinstance(node, list):
            return [value for value in map(self._value, node) if value is not _NOTHING]
        return node

    def _result(self, name: str, argument: Any) -> Any:
        match name:
            case "Ref":
                return self._names.get(argument, f"{{{argument}}}")
            case "GetAtt":
                return f"{{{argument}}}"
            case "Sub":
                return re.sub(r"\$\{([^}]*)\}", lambda match: str(self._result("Ref", match[1])), argument)
            case "If":
                condition, yes, no = argument
                return self._value(yes if self._value(self._template["Conditions"][condition]) else no)
            case "Equals":
                first, second = self._value(argument)
                return str(first) == str(second)
            case "Not":
                return not self._value(argument[0])
            case "Join":
                words = self._value(argument[1])
                return argument[0].join([words] if isinstance(words, str) else words)
            case "Split":
                return self._value(argument[1]).split(argument[0])
            case "Select":
                return self._value(argument[1])[argument[0]]
        raise ValueError(f"no function: {name}")

    def permissions(self, role: str) -> set[tuple[str, str]]:
        """The actions of a role's policies, each with its resource."""
        found = set[tuple[str, str]]()
        for policy in self.evaluated("Resources")[role]["Properties"]["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                assert statement["Effect"] == "Allow"
                actions, resources = _list(statement["Action"]), _list(statement["Resource"])
                found |= {(action, resource) for action in actions for resource in resources}
        return found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
