"""The verdict on synthetic soaks: constant ones pass, and each kind of drift is found.

    python3 -m unittest discover -s Benchmarks/soak
"""

import random
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path

from figure import draw
from readings import Rank, Reading, Row, parse, rows, write
from verdict import judge, theil_sen


def soak(change: Callable[[Row], None] = lambda row: None, minutes: int = 60) -> list[Row]:
    """A row every ten seconds for a process whose memory varies by 15 MiB and rate by 1%, with a rise at the start."""
    noise = random.Random(7)
    made: list[Row] = []
    for index in range(6 * minutes + 1):
        minute = index / 6
        pool = min(minute, 2) * 10_000
        row = Row(
            minute, 140_000, round(120_000 + pool + noise.uniform(0, 15_000)), 16_600, 12, 3, 118.0 * minute, 90 * index,
            115_000 * index, round(150_000 + pool + noise.uniform(0, 2_000)), 1_900 * noise.gauss(1, 0.01),
            960 * noise.gauss(1, 0.01),
        )  # fmt: skip
        change(row)
        made.append(row)
    return made


def failed(made: list[Row]) -> list[str]:
    return [finding.name for finding in judge(made) if finding.counts and not finding.holds]


class Verdict(unittest.TestCase):
    def test_line(self) -> None:
        """By hand: slopes of (0, 1), (1, 3), (2, 100), (3, 7) are 2, 49.5, 2, 97, 2, -93; their median is 2."""
        line = theil_sen([(0, 1), (1, 3), (2, 100), (3, 7)])
        assert line
        self.assertEqual((line.slope, line.start, line.end), (2, 1, 7))
        self.assertIsNone(theil_sen([(0, 1), (1, 3)]))
        self.assertIsNone(theil_sen([(1, 1), (1, 2), (1, 3)]))

    def test_flat(self) -> None:
        self.assertEqual(failed(soak()), [])

    def test_memory(self) -> None:
        """A leak of 100 KiB a minute."""

        def leak(row: Row) -> None:
            row.anonymous_kib += round(100 * row.minute)
            row.peak_kib = (row.peak_kib or 0) + round(100 * row.minute)

        self.assertEqual(failed(soak(leak)), ["anonymous memory", "most memory of a rank"])

    def test_descriptors(self) -> None:
        def leak(row: Row) -> None:
            row.descriptors += row.minute >= 45

        self.assertEqual(failed(soak(leak)), ["descriptors"])

        def dip(row: Row) -> None:
            row.descriptors -= 3 if row.ranks % 7 == 0 else 0

        self.assertEqual(failed(soak(dip)), [])

    def test_threads(self) -> None:
        def leak(row: Row) -> None:
            row.threads += int(row.minute)

        self.assertEqual(failed(soak(leak)), ["threads"])

    def test_rate(self) -> None:
        """4% slower at the end than at the beginning; in the other row by load of another program."""

        def slow(row: Row) -> None:
            row.galaxies_per_processor_s = (row.galaxies_per_processor_s or 0) * (1 - 0.04 * row.minute / 60)

        self.assertEqual(failed(soak(slow)), ["galaxies a processor second"])

        def busy(row: Row) -> None:
            row.galaxies_per_s = (row.galaxies_per_s or 0) * (1 - 0.5 * row.minute / 60)

        self.assertEqual(failed(soak(busy)), [])

    def test_nothing(self) -> None:
        """A soak with too few readings fails."""
        self.assertEqual(len(failed(soak()[:2])), 5)
        self.assertEqual(len(failed([])), 5)


class Table(unittest.TestCase):
    def test_rows(self) -> None:
        """Ranks belong to the reading after their end, with their own times: a pause between ranks does not count."""
        readings = [Reading(minute, 9, 8, 1, 12, 3, 60 * minute) for minute in (0.0, 1.0, 2.0, 3.0)]
        ranks = [Rank(1.5, 100, 0.5, 1.0, 70), Rank(0.5, 100, 0.25, 0.5, 60), Rank(1.0, 100, 0.25, 0.5, 65)]
        made = rows(readings, ranks)
        self.assertEqual([row.ranks for row in made], [0, 2, 3, 3])
        self.assertEqual([row.galaxies for row in made], [0, 200, 300, 300])
        self.assertEqual([row.peak_kib for row in made], [None, 65, 70, None])
        self.assertEqual([row.galaxies_per_s for row in made], [None, 400, 200, None])
        self.assertEqual([row.galaxies_per_processor_s for row in made], [None, 200, 100, None])

    def test_file(self) -> None:
        """A table that is read and written again has the same bytes, and gives the same figure."""
        made = soak(minutes=5)
        made[0].peak_kib = made[0].galaxies_per_s = None
        with tempfile.TemporaryDirectory() as folder:
            first, second = Path(folder) / "1.csv", Path(folder) / "2.csv"
            write(made, first)
            read = parse(first)
            write(read, second)
            self.assertEqual(first.read_bytes(), second.read_bytes())
            self.assertEqual(len(read), len(made))
            self.assertEqual(draw(read, "a machine"), draw(parse(second), "a machine"))


class Judge(unittest.TestCase):
    """soak.py --judge: words and exit status."""

    def judge(self, path: Path) -> tuple[int, str]:
        program = Path(__file__).with_name("soak.py")
        done = subprocess.run([sys.executable, program, "--judge", path], capture_output=True, text=True, timeout=300)
        return done.returncode, done.stdout + done.stderr

    def test_passed_and_failed(self) -> None:
        """By the folder or by the table; no file is written."""

        def leak(row: Row) -> None:
            row.descriptors += row.minute >= 45

        with tempfile.TemporaryDirectory() as name:
            table = Path(name) / "samples.csv"
            write(soak(), table)
            for path in (table, Path(name)):
                status, text = self.judge(path)
                self.assertEqual(status, 0, text)
                self.assertTrue(text.endswith("passed: all limits are met\n"), text)
            write(soak(leak), table)
            status, text = self.judge(table)
            self.assertEqual((status, text.splitlines()[-1]), (1, "failed: descriptors"))
            self.assertEqual([path.name for path in Path(name).iterdir()], ["samples.csv"])

    def test_invalid(self) -> None:
        """One line that names the file, and what was expected."""
        with tempfile.TemporaryDirectory() as name:
            table = Path(name) / "samples.csv"
            self.assertEqual(self.judge(table)[0], 2)
            self.assertEqual(self.judge(Path(name))[0], 2)
            write(soak(minutes=5), table)
            good = table.read_text()
            for text, words in (
                ("", "line 1: expected the columns minute,"), ("a,b\n1,2\n", "found a,b"),
                (good.splitlines()[0] + "\n", "expected readings below the columns"),
                (good + "1,2\n", "expected 12 values, found 2"),
                (good.replace(",16600,", ",many,", 1), "line 2: file_kib: expected a number, found 'many'"),
                (good.replace(",16600,", ",,", 1), "line 2: file_kib: expected a number, found nothing"),
            ):  # fmt: skip
                table.write_text(text)
                status, found = self.judge(table)
                self.assertEqual((status, len(found.splitlines())), (2, 1), found)
                self.assertTrue(found.startswith(f"soak: error: {table}: ") and words in found, found)


if __name__ == "__main__":
    unittest.main()
