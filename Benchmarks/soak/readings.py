"""Readings of a running process, and their table."""

import csv
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Reading:
    """Values of /proc/PID at one time. `minute` counts from the first rank's start."""

    minute: float
    resident_kib: int  # VmRSS
    anonymous_kib: int  # RssAnon: memory without mapped files
    file_kib: int  # RssFile: pages of mapped files, which the system can reclaim
    descriptors: int
    threads: int
    processor_s: float  # of all threads, user and system time


@dataclass
class Rank:
    """The result of one rank, from its RANK.json."""

    minute: float  # of its end
    galaxies: int
    wall_s: float
    processor_s: float
    peak_kib: int  # the peak memory of the process during the rank


@dataclass
class Row:
    """A line of samples.csv: a reading, and sums of the ranks that ended since the previous line.

    The columns of ranks are None if no rank ended since then.
    """

    minute: float
    resident_kib: int
    anonymous_kib: int
    file_kib: int
    descriptors: int
    threads: int
    processor_s: float
    ranks: int  # that have ended so far
    galaxies: int  # of these
    peak_kib: int | None  # the maximum of these ranks
    galaxies_per_s: float | None
    galaxies_per_processor_s: float | None


def read(pid: int, minute: float) -> Reading | None:
    """None if the process has ended."""
    folder = Path("/proc") / str(pid)
    try:
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        times = (folder / "stat").read_text().rpartition(")")[2].split()
        descriptors = len(os.listdir(folder / "fd"))
        kib = [int(status[key].split()[0]) for key in ("VmRSS", "RssAnon", "RssFile")]
    except (FileNotFoundError, ProcessLookupError, KeyError):
        return None
    return Reading(minute, *kib, descriptors, int(status["Threads"]), (int(times[11]) + int(times[12])) / TICKS)


def rows(readings: list[Reading], ranks: list[Rank]) -> list[Row]:
    """Rates are those of whole ranks: galaxies divided by the time of the ranks that end between two readings."""
    ordered = sorted(ranks, key=lambda rank: rank.minute)
    lines: list[Row] = []
    done = galaxies = 0
    for reading in readings:
        ended: list[Rank] = []
        while done < len(ordered) and ordered[done].minute <= reading.minute:
            ended.append(ordered[done])
            done += 1
        count = sum(rank.galaxies for rank in ended)
        galaxies += count
        peak = max((rank.peak_kib for rank in ended), default=None)
        rate = count / sum(rank.wall_s for rank in ended) if ended else None
        steady = count / sum(rank.processor_s for rank in ended) if ended else None
        lines.append(Row(**asdict(reading), ranks=done, galaxies=galaxies, peak_kib=peak, galaxies_per_s=rate,
                         galaxies_per_processor_s=steady))  # fmt: skip
    return lines


def write(lines: list[Row], path: Path) -> None:
    places = {"minute": 3, "processor_s": 2, "galaxies_per_s": 1, "galaxies_per_processor_s": 2}

    def text(name: str, value: float | None) -> str:
        if value is None:
            return ""
        return f"{value:.{places[name]}f}" if name in places else str(value)

    with path.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow([field.name for field in fields(Row)])
        for line in lines:
            table.writerow([text(name, value) for name, value in asdict(line).items()])


class InvalidTable(ValueError):
    """The line that is not as `write` has it."""


def parse(path: Path) -> list[Row]:
    """The rows of a table written by `write`; at least one.

    Raises:
        InvalidTable: naming the file, the line, and what was expected.
    """
    names = [field.name for field in fields(Row)]
    try:
        lines = list(csv.reader(path.read_text().splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidTable(f"{path}: cannot be read: {error}") from None
    if not lines or lines[0] != names:
        found = ",".join(lines[0])[:80] if lines else "nothing"
        raise InvalidTable(f"{path}: line 1: expected the columns {','.join(names)}, found {found}")
    if len(lines) == 1:
        raise InvalidTable(f"{path}: expected readings below the columns, found none")
    return [_row(names, values, f"{path}: line {number}") for number, values in enumerate(lines[1:], 2)]


def _row(names: list[str], values: list[str], line: str) -> Row:
    if len(values) != len(names):
        raise InvalidTable(f"{line}: expected {len(names)} values, found {len(values)}")
    numbers: dict[str, Any] = {}
    for name, value in zip(names, values, strict=True):
        if not value and name not in ("peak_kib", "galaxies_per_s", "galaxies_per_processor_s"):
            raise InvalidTable(f"{line}: {name}: expected a number, found nothing")
        try:
            numbers[name] = (float(value) if "." in value else int(value)) if value else None
        except ValueError:
            raise InvalidTable(f"{line}: {name}: expected a number, found {value[:40]!r}") from None
    return Row(**numbers)
