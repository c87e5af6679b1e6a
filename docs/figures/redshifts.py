"""Draws predicted against spectroscopic redshifts, from a table that `cai infer` or `cai demo` wrote.

usage: redshifts.py PREDICTIONS.csv OUT.svg      (no packages needed; `make figure` runs it on the demo)
"""

import csv
import math
import statistics
import sys

WIDTH, LEFT, TOP, SIDE, GAP, STRIP = 560, 64, 20, 440, 20, 110
BOTTOM = TOP + SIDE + GAP + STRIP
INK, FAINT, DOT = "#1f2933", "#d8dee6", "#2667a8"
DASHED = ' stroke-dasharray="5 4"'


def read(path):
    """(z_spec, z_phot) of the rows that have both."""
    with open(path, newline="") as table:
        rows = list(csv.DictReader(table))
    pairs = [(float(row["z_spec"]), float(row["z_phot"])) for row in rows if row["z_spec"]]
    if not pairs:
        sys.exit(f"redshifts.py: {path}: no row has a z_spec")
    return pairs


def measures(pairs):
    mean = statistics.fmean(zs for zs, _ in pairs)
    residual = sum((zp - zs) ** 2 for zs, zp in pairs)
    dz = [(zp - zs) / (1 + zs) for zs, zp in pairs]
    middle = statistics.median(dz)
    return {
        "galaxies": str(len(pairs)),
        "MAE": f"{statistics.fmean(abs(zp - zs) for zs, zp in pairs):.4f}",
        "Precision": f"{1.48 * statistics.median(abs(d - middle) for d in dz):.4f}",
        "R2": f"{1 - residual / sum((zs - mean) ** 2 for zs, _ in pairs):.4f}",
    }


def text(x, y, content, anchor="middle", more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{content}</text>'


def line(x1, y1, x2, y2, stroke, more=""):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{stroke}"{more}/>'


def dots(points):
    """All points as one path of round dots, which keeps the file small."""
    moves = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in points)
    style = f'stroke="{DOT}" stroke-opacity="0.55" stroke-width="4" stroke-linecap="round" fill="none"'
    return f'<path d="{moves}" {style}/>'


def draw(pairs):
    step = 0.1
    top = math.ceil(max(max(pair) for pair in pairs) / step) * step
    low = math.floor(min(0, min(min(pair) for pair in pairs)) / step) * step
    worst = max(abs(zp - zs) / (1 + zs) for zs, zp in pairs)
    reach = max(0.02, math.ceil(worst / 0.02) * 0.02)
    strip = TOP + SIDE + GAP + STRIP / 2

    def x(z):
        return LEFT + (z - low) / (top - low) * SIDE

    def y(z):
        return TOP + SIDE - (z - low) / (top - low) * SIDE

    def y_strip(dz):
        return strip - dz / reach * STRIP / 2

    out = []
    for index in range(round((top - low) / step) + 1):
        z = low + index * step
        out += [line(x(z), TOP, x(z), TOP + SIDE, FAINT), line(LEFT, y(z), LEFT + SIDE, y(z), FAINT)]
        out += [line(x(z), strip - STRIP / 2, x(z), BOTTOM, FAINT)]
        out += [text(x(z), BOTTOM + 18, f"{z:.1f}"), text(LEFT - 8, y(z) + 4, f"{z:.1f}", "end")]
    for dz in (-reach, 0, reach):
        look = (FAINT,) if dz else (INK, DASHED)
        out.append(line(LEFT, y_strip(dz), LEFT + SIDE, y_strip(dz), *look))
        out += [text(LEFT - 8, y_strip(dz) + 4, f"{dz:.2f}".replace("-", "\u2212"), "end")]
    out.append(line(x(low), y(low), x(top), y(top), INK, DASHED))
    out.append(dots((x(zs), y(zp)) for zs, zp in pairs))
    out.append(dots((x(zs), y_strip((zp - zs) / (1 + zs))) for zs, zp in pairs))
    for index, (name, value) in enumerate(measures(pairs).items()):
        height = TOP + 26 + 19 * index
        out += [text(LEFT + 16, height, name, "start"), text(LEFT + 150, height, value, "end")]
    out.append(text(LEFT + SIDE / 2, BOTTOM + 42, "spectroscopic redshift"))
    for middle, name in ((TOP + SIDE / 2, "predicted redshift"), (strip, "\u0394z / (1 + z)")):
        out.append(text(16, middle, name, more=f' transform="rotate(-90 16 {middle:.1f})"'))
    height = BOTTOM + 60
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="Helvetica, Arial, DejaVu Sans, sans-serif" font-size="13" fill="{INK}">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff" rx="6"/>', *out, "</svg>", "",
    ])  # fmt: skip


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    picture = draw(read(sys.argv[1]))
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        out.write(picture)
