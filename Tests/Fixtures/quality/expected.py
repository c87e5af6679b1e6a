"""Prints the expected numbers of Tests/ReportTests for quality, its intervals and its bins, using only numpy.

usage: expected.py      (numpy 2; some minutes, for the bootstrap by brute force)

Galaxies come from a linear congruential generator of one line, which the tests contain as well.
"""

import numpy as np

MASK = (1 << 64) - 1


def pseudo_random(count, seed):
    state, values = seed, np.empty(count)
    for index in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) & MASK
        values[index] = (state >> 11) / (1 << 53)
    return values


def galaxies(count, seed, width):
    numbers = pseudo_random(2 * count, seed)
    zs = 0.01 + 0.39 * numbers[:count]
    error = numbers[count:] - 0.5
    return zs + width * (8 * error * error * error + 0.3 * error) + 0.002, zs


def measures(zp, zs):
    """Both families in the order of the program's lines; nan for an undefined R2."""
    dz = (zp - zs) / (1 + zs)
    mad = np.median(np.abs(dz - np.median(dz)))
    iqr = (np.percentile(dz, 75) - np.percentile(dz, 25)) / 1.349
    spread = np.sum((zs - zs.mean()) ** 2)
    return np.array([
        np.mean(np.abs(zp - zs)), np.mean((zp - zs) ** 2), np.mean(dz), 1.48 * mad,
        1 - np.sum((zp - zs) ** 2) / spread if spread > 0 else np.nan,
        1.4826 * mad, np.median(dz), iqr, np.mean(np.abs(dz) > 0.05), np.mean(np.abs(dz) > 0.15),
        np.mean(np.abs(dz) > max(0.06, 3 * iqr)),
    ])  # fmt: skip


def show(name, values):
    print(f"{name}: " + ", ".join(repr(float(value)) for value in values))


def main():
    for count, seed, width in [(2, 1, 0.05), (7, 2, 0.05), (1000, 3, 0.05), (1001, 4, 0.4), (4096, 5, 0.02),
                               (20000, 6, 0.15)]:  # fmt: skip
        show(f"quality of {count}", measures(*galaxies(count, seed, width)))

    # Galaxy i is repeated by its weight: floor(4 u) of another stream of numbers, 0 to 3 times.
    for count, seed, width in [(7, 2, 0.05), (1000, 3, 0.05), (1001, 4, 0.4)]:
        zp, zs = galaxies(count, seed, width)
        order = np.argsort((zp - zs) / (1 + zs))
        weights = np.floor(4 * pseudo_random(count, 90 + seed)).astype(int)
        show(f"weighted quality of {count}", measures(np.repeat(zp[order], weights), np.repeat(zs[order], weights)))

    # The bootstrap by brute force.
    rng = np.random.default_rng(2026)
    for count, seed, width in [(100, 7, 0.4), (1000, 4, 0.4)]:
        zp, zs = galaxies(count, seed, width)
        drawn = np.array([measures(zp[i], zs[i]) for i in (rng.integers(0, count, count) for _ in range(40000))])
        show(f"bootstrap of {count}, 2.5%", np.nanpercentile(drawn, 2.5, axis=0))
        show(f"bootstrap of {count}, 97.5%", np.nanpercentile(drawn, 97.5, axis=0))

    zp, zs = galaxies(1000, 3, 0.05)
    for low in (0.0, 0.1, 0.2, 0.3):
        inside = (zs >= low) & (zs < low + 0.1)
        show(f"bin from {low}, {inside.sum()} galaxies", measures(zp[inside], zs[inside]))

    dz = (zp - zs) / (1 + zs)
    for step in range(4):
        low = 0.01 + 0.1 * step
        inside = (zs >= low) & (zs < low + 0.1)
        show(f"running median from {low:.2f}, {inside.sum()} galaxies",
             [np.median(dz[inside]), *np.percentile(dz[inside], [16, 84])])  # fmt: skip


if __name__ == "__main__":
    main()
