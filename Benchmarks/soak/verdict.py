"""The verdict on a soak: lines through its readings, compared with limits.

Lines are Theil and Sen's: the median of the slopes between all pairs of points (Sen 1968, J. Am. Stat. Assoc. 63, 1379),
which a few readings that lie anywhere do not move. The first part of a soak is not judged: caches, the allocator's pools
and the processor's temperature find their level there.
"""

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from readings import Row

# Minutes at the beginning that are excluded, at most this part of the total.
SETTLING = 10.0
SETTLING_PART = 0.25
# The allowed rise of anonymous memory and of a rank's peak per minute: a leak of 1.5 MiB an hour is found, with some
# 130 MiB in use.
MEMORY_KIB_PER_MINUTE = 32.0
# By the line, between the first and the last minute of the verdict.
RATE_PART = 0.02
TENTHS = 10


@dataclass
class Line:
    slope: float  # a minute
    start: float  # at the first minute of the verdict
    end: float  # at the last one


@dataclass
class Finding:
    """One criterion: its subject, the found and the allowed value."""

    name: str
    found: str
    limit: str
    holds: bool
    counts: bool = True  # in the verdict; otherwise it is only reported

    def __str__(self) -> str:
        word = "ok" if self.holds else "FAILED" if self.counts else "beyond, but not counted"
        return f"{self.name}: {self.found}; {self.limit}: {word}"


def theil_sen(points: list[tuple[float, float]]) -> Line | None:
    """None for fewer than three points, or if all are at one minute."""
    slopes = [
        (right[1] - left[1]) / (right[0] - left[0])
        for index, left in enumerate(points)
        for right in points[index + 1 :]
        if right[0] != left[0]
    ]
    if len(points) < 3 or not slopes:
        return None
    slope = statistics.median(slopes)
    origin = statistics.median(value - slope * minute for minute, value in points)
    return Line(slope, origin + slope * points[0][0], origin + slope * points[-1][0])


def settled(rows: list[Row]) -> float:
    """The first minute of the verdict."""
    return min(SETTLING, SETTLING_PART * rows[-1].minute) if rows else 0.0


def judged(rows: list[Row]) -> list[Row]:
    start = settled(rows)
    return [row for row in rows if row.minute >= start]


def line(rows: list[Row], value: Callable[[Row], float | None]) -> Line | None:
    """The line through a column within the verdict."""
    return theil_sen([(row.minute, found) for row in judged(rows) if (found := value(row)) is not None])


def judge(rows: list[Row]) -> list[Finding]:
    """All findings; the soak passes if all counted ones do."""
    return [
        _memory("anonymous memory", line(rows, lambda row: row.anonymous_kib)),
        _memory("most memory of a rank", line(rows, lambda row: row.peak_kib)),
        _even("descriptors", [row.descriptors for row in judged(rows)]),
        _even("threads", [row.threads for row in judged(rows)]),
        _rate("galaxies a processor second", line(rows, lambda row: row.galaxies_per_processor_s)),
        # This rate depends on other load of the machine.
        _rate("galaxies a second by the clock", line(rows, lambda row: row.galaxies_per_s), counts=False),
    ]


def _memory(name: str, found: Line | None) -> Finding:
    limit = f"at most {MEMORY_KIB_PER_MINUTE:.0f} KiB a minute"
    if found is None:
        return Finding(name, "too few readings", limit, False)
    text = f"{found.slope:+.1f} KiB a minute, {found.start / 1024:.1f} to {found.end / 1024:.1f} MiB"
    return Finding(name, text, limit, found.slope <= MEMORY_KIB_PER_MINUTE)


def _even(name: str, counts: list[int]) -> Finding:
    """Between two ranks there are fewer for a moment, and while weights are loaded more; a reading may fall into it.

    What leaks is in every reading after it, so that the median of a later tenth is higher.
    """
    limit = "the same median in every tenth of the time"
    if len(counts) < 2 * TENTHS:
        return Finding(name, "too few readings", limit, False)
    medians = [
        statistics.median_low(counts[len(counts) * part // TENTHS : len(counts) * (part + 1) // TENTHS])
        for part in range(TENTHS)
    ]
    low, high = min(medians), max(medians)
    text = f"{low}" if low == high else f"{low} to {high}"
    return Finding(name, f"{text}, all readings {min(counts)} to {max(counts)}", limit, low == high)


def _rate(name: str, found: Line | None, counts: bool = True) -> Finding:
    limit = f"at most {RATE_PART:.0%} of drift"
    if found is None or found.start <= 0:
        return Finding(name, "too few readings", limit, False, counts)
    drift = found.end / found.start - 1
    text = f"{drift:+.2%}, {found.start:,.0f} to {found.end:,.0f}"
    return Finding(name, text, limit, abs(drift) <= RATE_PART, counts)
