"""Draws the README's figure of reconstructed galaxies from the page that `cai demo --mae` writes (`make figure`).

The page's images side by side: columns i r g in colour, then u, g, r, i, z; rows original, visible patches,
reconstruction, residual (over the reader's background, as on the page). Uses only the standard library.
"""

import base64
import re
import struct
import sys
import zlib

GALAXIES = (1, 5)  # of those on the page, from 0: a bright one and a faint one
SCALE = 3
GAP = 4
CLEAR = bytes(4)


def pixels(content):
    """The rows of a PNG of 8-bit RGBA, each line's filter 1 (Sub)."""
    place, parts = 8, {}
    while place < len(content):
        (size,) = struct.unpack(">I", content[place : place + 4])
        name = content[place + 4 : place + 8]
        parts[name] = parts.get(name, b"") + content[place + 8 : place + 8 + size]
        place += 12 + size
    width, height = struct.unpack(">II", parts[b"IHDR"][:8])
    data = zlib.decompress(parts[b"IDAT"])
    rows = []
    for row in range(height):
        line = bytearray(data[row * (4 * width + 1) + 1 : (row + 1) * (4 * width + 1)])
        for index in range(4, len(line)):
            line[index] = (line[index] + line[index - 4]) & 255
        rows.append([bytes(line[4 * column : 4 * column + 4]) for column in range(width)])
    return rows


def png(rows):
    """A file of RGBA rows, each pixel SCALE times as large."""
    lines = b"".join(b"\0" + b"".join(pixel * SCALE for pixel in row) for row in rows for _ in range(SCALE))

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", SCALE * len(rows[0]), SCALE * len(rows), 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b"")
    )


def main():
    page, figure = sys.argv[1:]
    with open(page, encoding="utf-8") as file:
        # The legend's images precede those of the galaxies.
        galaxies = file.read().split('<div class="pictures">')[1]
    images = [base64.b64decode(text) for text in re.findall(r"data:image/png;base64,([\w+/=]+)", galaxies)]
    columns = []
    for galaxy in GALAXIES:
        rows = []
        for image in images[4 * galaxy : 4 * galaxy + 4]:
            strip = pixels(image)
            rows += strip + [[CLEAR] * len(strip[0])] * 2
        columns.append(rows[:-2])
    rows = [left + [CLEAR] * GAP + right for left, right in zip(*columns)]
    with open(figure, "wb") as file:
        file.write(png(rows))


if __name__ == "__main__":
    main()
