#!/usr/bin/env python3
"""Checks the folders of Sources and Tests: no folder has more than 20 Swift files, and the folders of a target depend on
each other in one direction. A folder depends on another if one of its files names a type that the other defines.

    scripts/check-folders.py            exit 1 and the offending files, if a folder is too full or a cycle is found
    scripts/check-folders.py --graph    also the dependencies between folders of each target, with the number of files
"""

import collections
import pathlib
import re
import sys

LIMIT = 20
ROOT = pathlib.Path(__file__).resolve().parent.parent

# Comments and string literals name no type. An interpolation does, so its content is kept.
_SKIPPED = re.compile(r'//[^\n]*|/\*.*?\*/|(#*)""".*?"""\1|(#*)"(?:\\.|[^"\\\n])*"\2', re.DOTALL)
_INTERPOLATION = re.compile(r"\\#*\(((?:[^()]|\([^()]*\))*)\)")
_DECLARATION = re.compile(
    r"\b(?:struct|class|enum|protocol|actor|typealias)\s+(?!(?:func|var|let|subscript|init)\b)([A-Za-z_]\w*)")
_PRIVATE = re.compile(r"\b(?:private|fileprivate)\s+(?:\w+\s+)*$")
_WORD = re.compile(r"\b[A-Za-z_]\w*\b")


def code(text):
    """The text without comments and string literals; interpolated expressions stay."""
    return _SKIPPED.sub(lambda match: " " + " ".join(_INTERPOLATION.findall(match.group())) + " ", text)


def declared(text):
    """The names of the types that a file defines: those that other files can see, and those that they cannot."""
    visible, hidden = set(), set()
    for match in _DECLARATION.finditer(text):
        (hidden if _PRIVATE.search(text, 0, match.start()) else visible).add(match.group(1))
    return visible, hidden


class Target:
    """The Swift files of one target, and what each of them names of the others."""

    def __init__(self, folder, files):
        self.folder = folder
        self.texts = {path: code(path.read_text()) for path in files}
        defined = collections.defaultdict(set)
        own = {}
        for path, text in self.texts.items():
            visible, hidden = declared(text)
            own[path] = visible | hidden
            for name in visible:
                defined[name].add(path)
        self.uses = collections.defaultdict(lambda: collections.defaultdict(set))
        for path, text in self.texts.items():
            for name in set(_WORD.findall(text)):
                # A name that several files define says nothing about which of them is meant.
                if len(defined.get(name, ())) == 1 and name not in own[path]:
                    self.uses[path][next(iter(defined[name]))].add(name)

    def edges(self, folder_of=lambda path: path.parent):
        """{folder: {folder it depends on: {(file, file it names, type)}}}"""
        edges = collections.defaultdict(lambda: collections.defaultdict(set))
        for path, others in self.uses.items():
            for other, names in others.items():
                if folder_of(path) != folder_of(other):
                    for name in names:
                        edges[folder_of(path)][folder_of(other)].add((path, other, name))
        return edges


def cycles(edges):
    """Strongly connected sets of more than one folder (Tarjan's algorithm)."""
    order, low, stack, found = {}, {}, [], []

    def visit(node):
        order[node] = low[node] = len(order)
        stack.append(node)
        for other in edges.get(node, ()):
            if other not in order:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], order[other])
        if low[node] == order[node]:
            members = set()
            while not members or node not in members:
                members.add(stack.pop())
            if len(members) > 1:
                found.append(members)

    for node in list(edges):
        if node not in order:
            visit(node)
    return found


def targets():
    for group in ("Sources", "Tests"):
        for folder in sorted((ROOT / group).iterdir()):
            files = sorted(folder.rglob("*.swift"))
            if files:
                yield Target(folder, files)


def main(arguments):
    failed = False
    for target in targets():
        shown = lambda path: str(path.relative_to(ROOT))
        counts = collections.Counter(path.parent for path in target.texts)
        for folder, count in sorted(counts.items()):
            if count > LIMIT:
                print(f"{shown(folder)}: {count} Swift files, expected at most {LIMIT}")
                failed = True
        edges = target.edges()
        for members in cycles(edges):
            failed = True
            print("cycle of folders: " + ", ".join(sorted(map(shown, members))))
            for folder in sorted(members):
                for other in sorted(members & edges[folder].keys()):
                    for path, used, name in sorted(edges[folder][other]):
                        print(f"    {shown(path)} names {name} of {shown(used)}")
        if "--graph" in arguments:
            for folder, count in sorted(counts.items()):
                others = ", ".join(sorted(shown(other) for other in edges[folder]))
                print(f"{shown(folder)} ({count})" + (f" -> {others}" if others else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
