"""The figure of a soak: memory, descriptors and threads, and rate, against minutes. It has light and dark colours as
the program's figures (Sources/Report/Figures), with the same classes."""

import math
from dataclasses import dataclass
from html import escape

from readings import Row
from verdict import line, settled

WIDTH = 720
LEFT, RIGHT = 66, 14
PANEL, GAP, TOP, BOTTOM = 150, 46, 30, 44

LIGHT = {"ink": "#1B232C", "soft": "#56626E", "page": "#FFFFFF", "grid": "#DFE5EA"}
DARK = {"ink": "#E4E9EE", "soft": "#A3AFBA", "page": "#14181D", "grid": "#2F3841"}
SERIES = (("#0072B2", "#4FA8E3"), ("#D55E00", "#FF8340"), ("#00825F", "#2CC597"))


@dataclass
class Curve:
    name: str
    points: list[tuple[float, float]]
    series: int


@dataclass
class Panel:
    title: str
    curves: list[Curve]
    # Its line, over the minutes of the verdict.
    trends: list[tuple[tuple[float, float], tuple[float, float]]]


def _rules(dark: bool) -> str:
    colour = DARK if dark else LIGHT
    font = 'system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",Arial,sans-serif'
    rules = [
        f".t,.ts,.tb{{font-family:{font};font-size:13px;fill:{colour['ink']}}}",
        f".ts{{fill:{colour['soft']}}}",
        ".tb{font-weight:600}",
        f".page{{fill:{colour['page']}}}",
        f".g{{stroke:{colour['grid']};stroke-width:1}}",
        f".a{{stroke:{colour['soft']};stroke-width:1}}",
        f".r2{{stroke:{colour['ink']};stroke-width:1.2;stroke-dasharray:6 4;fill:none}}",
        f".w{{fill:{colour['grid']};fill-opacity:.5}}",
    ]
    for index, pair in enumerate(SERIES):
        rules.append(f".l{index}{{stroke:{pair[dark]};stroke-width:1.4;fill:none;stroke-linejoin:round}}")
        rules.append(f".k{index}{{stroke:{pair[dark]};stroke-width:3;fill:none}}")
    return "\n".join(rules)


def _ticks(most: float, about: int) -> list[float]:
    """Round numbers from zero to at least `most`."""
    rough = max(most, 1e-9) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.999)
    return [step * index for index in range(math.ceil(most / step - 1e-9) + 1)]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value - round(value)) < 1e-9 else f"{value:,.1f}"


def _place(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _text(x: float, y: float, text: str, kind: str = "t", anchor: str = "start", more: str = "") -> str:
    return f'<text class="{kind}" x="{_place(x)}" y="{_place(y)}" text-anchor="{anchor}"{more}>{escape(text)}</text>'


def _segment(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    places = (f'{name}="{_place(value)}"' for name, value in (("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2)))
    return f'<line class="{kind}" ' + " ".join(places) + "/>"


def _panels(rows: list[Row]) -> list[Panel]:
    def curve(name: str, series: int, values: list[float | None]) -> Curve:
        return Curve(name, [(row.minute, value) for row, value in zip(rows, values) if value is not None], series)

    def trends(*columns: list[float | None]) -> list[tuple[tuple[float, float], tuple[float, float]]]:
        found = []
        for column in columns:
            values = {id(row): value for row, value in zip(rows, column)}
            if through := line(rows, lambda row: values[id(row)]):
                known = [row.minute for row in rows if row.minute >= settled(rows) and values[id(row)] is not None]
                found.append(((known[0], through.start), (known[-1], through.end)))
        return found

    mib = 1 / 1024
    resident = [row.resident_kib * mib for row in rows]
    anonymous: list[float | None] = [row.anonymous_kib * mib for row in rows]
    peak = [None if row.peak_kib is None else row.peak_kib * mib for row in rows]
    wall = [row.galaxies_per_s for row in rows]
    steady = [row.galaxies_per_processor_s for row in rows]
    return [
        Panel(
            "memory, MiB",
            [curve("most of a rank", 2, peak), curve("resident", 0, list(resident)), curve("anonymous", 1, anonymous)],
            trends(peak, anonymous),
        ),
        Panel(
            "open descriptors, threads",
            [
                curve("descriptors", 0, [row.descriptors for row in rows]),
                curve("threads", 1, [row.threads for row in rows]),
            ],
            [],
        ),
        Panel(
            "galaxies/s",
            [curve("by the clock", 0, wall), curve("by processor seconds", 1, steady)],
            trends(wall, steady),
        ),
    ]


def _draw(panel: Panel, top: float, last: float, settling: float) -> list[str]:
    right, bottom = WIDTH - RIGHT, top + PANEL
    values = [value for curve in panel.curves for _, value in curve.points]
    ticks = _ticks(max(values, default=1) * 1.02, 4)
    minutes = [minute for minute in _ticks(last, 6) if minute <= last]

    def x(minute: float) -> float:
        return LEFT + (right - LEFT) * minute / last

    def y(value: float) -> float:
        return bottom - PANEL * value / ticks[-1]

    parts = [_text(12, top - 10, panel.title, "tb")]
    # A letter is at most eight units wide.
    start = right - sum(8 * len(curve.name) + 40 for curve in panel.curves)
    for curve in panel.curves:
        parts.append(_segment(f"k{curve.series}", start + 10, top - 14.5, start + 28, top - 14.5))
        parts.append(_text(start + 34, top - 10, curve.name))
        start += 8 * len(curve.name) + 40
    shade = f'x="{LEFT}" y="{_place(top)}" width="{_place(x(settling) - LEFT)}" height="{PANEL}"'
    parts.append(f'<rect class="w" {shade}/>')
    parts += [_segment("g", x(minute), top, x(minute), bottom) for minute in minutes[1:]]
    parts += [_segment("g", LEFT, y(tick), right, y(tick)) for tick in ticks]
    for curve in panel.curves:
        path = "L".join(f"{_place(x(minute))} {_place(y(value))}" for minute, value in curve.points)
        parts.append(f'<path class="l{curve.series}" d="M{path}"/>' if path else "")
    for (start, low), (end, high) in panel.trends:
        ends = f"M{_place(x(start))} {_place(y(low))}L{_place(x(end))} {_place(y(high))}"
        parts.append(f'<path class="r2" d="{ends}"/>')
    parts += [_segment("a", LEFT, bottom, right, bottom), _segment("a", LEFT, top, LEFT, bottom)]
    for tick in ticks:
        parts.append(_segment("a", LEFT - 4, y(tick), LEFT, y(tick)))
        parts.append(_text(LEFT - 7, y(tick) + 4.55, _number(tick), anchor="end"))
    for minute in minutes:
        parts.append(_segment("a", x(minute), bottom, x(minute), bottom + 4))
        parts.append(_text(x(minute), bottom + 19, _number(minute), anchor="middle"))
    return [part for part in parts if part]


def draw(rows: list[Row], caption: str) -> str:
    """The contents of the file.

    - caption: what ran, where and for how long.
    """
    title = "A soak: memory, open descriptors and rate against minutes"
    panels = _panels(rows)
    height = TOP + len(panels) * PANEL + (len(panels) - 1) * GAP + BOTTOM + 24
    named = f'role="img" viewBox="0 0 {WIDTH} {height}" aria-label="{escape(f"{title}. {caption}")}"'
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" {named}>',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(caption)}</desc>",
        f"<style>\n{_rules(False)}\n@media (prefers-color-scheme:dark){{\n{_rules(True)}\n}}\n</style>",
        f'<rect class="page" width="{WIDTH}" height="{height}"/>',
    ]
    top = float(TOP)
    for panel in panels:
        parts += _draw(panel, top, rows[-1].minute, settled(rows))
        top += PANEL + GAP
    bottom = top - GAP
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, bottom + 38, "minutes", anchor="middle"))
    parts.append(_text(12, bottom + 58, caption, "ts"))
    return "\n".join([*parts, "</svg>", ""])
