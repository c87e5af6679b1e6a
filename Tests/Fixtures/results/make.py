"""Writes `tree/` and its expected tables, using only numpy: python3 make.py

The times of ranks are invented; one rank of each run is an outlier by numpy's quartiles. Tables follow the published
formulas, in an implementation independent of `cai`.
"""

import csv
import json
import os
import shutil

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.join(HERE, "tree")
RANDOM = np.random.default_rng(20240229)
BITS = 8 * 20520
SPECIAL = {"total": 12.6}


def rank(index, folder, galaxies, batch, store, threads):
    seconds = float(RANDOM.uniform(4, 6)) * (5 if index == 3 else 1)
    record = {
        "total_cpu_time (seconds)": seconds,
        "total_cpu_memory (MB)": float(RANDOM.uniform(900, 1000)),
        "execution_time (seconds/batch)": seconds / (galaxies / batch),
        "num_batches": -(-galaxies // batch),
        "batch_size": batch,
        "device": "cpu",
        "throughput_bps": BITS * galaxies / seconds,
        "sample_persec": galaxies / seconds,
        "result_path": folder,
        "data_path": f"25MB/{index + 1}.pt",
    }
    if store:
        record |= {
            "s3_num_requests": 5,
            "s3_total_time": float(RANDOM.uniform(0.1, 0.4)),
            "s3_avg_time": float(RANDOM.uniform(0.02, 0.08)),
            "s3_min_time": float(RANDOM.uniform(0.001, 0.02)),
            "s3_max_time": float(RANDOM.uniform(0.08, 0.2)),
            "s3_first_request_time": 1.7e9 + 1000 * store + index,
            "s3_last_response_time": 1.7e9 + 1000 * store + index + 0.5,
        }
    if threads:
        record |= {"threads": threads, "num_samples": galaxies, "started": 1.7e9 + seconds, "finished": 1.7e9 + 2 * seconds}
    return record


def run(path, ranks, batch=512, store=0, threads=0, galaxies=1278):
    folder = os.path.join(TREE, path)
    os.makedirs(folder)
    records = [rank(index, path, galaxies, batch, store, threads) for index in range(ranks)]
    with open(os.path.join(folder, "combined_data.json"), "w") as file:
        json.dump(records, file, indent=0)
    return records


def measures(records):
    times = np.array([record["total_cpu_time (seconds)"] for record in records])
    first, third = np.percentile(times, [25, 75])
    kept = times[(times >= first - 1.5 * (third - first)) & (times <= third + 1.5 * (third - first))]
    assert len(kept) < len(times)
    bits = [record["throughput_bps"] * record["total_cpu_time (seconds)"] for record in records]
    values = [
        kept.mean(), np.sum([record["total_cpu_memory (MB)"] for record in records]),
        np.sum([record["throughput_bps"] for record in records]), np.sum(bits),
        np.sum([record.get("s3_total_time", 0.0) for record in records]),
    ]
    for key in ["s3_avg_time", "s3_min_time", "s3_max_time"]:
        known = [record[key] for record in records if key in record]
        values.append(np.mean(known) if known else np.nan)
    return np.array(values)


def text(value):
    return "" if np.isnan(value) else repr(float(np.round(value, 2)))


def write(name, columns, groups):
    """groups: (keys, [(run, values)])."""
    with open(os.path.join(HERE, name), "w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(columns)
        for keys, runs in groups:
            for number, values in runs:
                table.writerow([*keys, number, *map(text, values)])
            stacked = np.array([values for _, values in runs])
            known = ~np.isnan(stacked).all(axis=0)
            mean = np.full(stacked.shape[1], np.nan)
            mean[known] = np.nanmean(stacked[:, known], axis=0)
            table.writerow([*keys, "mean", *map(text, mean)])


def main():
    shutil.rmtree(TREE, ignore_errors=True)
    plain = []
    for megabytes, size, gigabytes, ranks, store in [
        (25, "500MB", 0.5, 6, 0), (25, "1GB", 1.0, 7, 0), (50, "1GB", 1.0, 5, 1), (50, "total", 12.6, 6, 2),
    ]:
        runs = []
        for number in (1, 2, 3):
            name = f"run {number}" if size == "500MB" else str(number)
            # One group has runs with and without calls to the store.
            calls = store * 10 + number if store and number != 2 else 0
            records = run(f"result-partition-{megabytes}MB/{size}/{name}", ranks, store=calls)
            runs.append((number, measures(records)))
        plain.append(((megabytes, gigabytes), runs))
    batches = []
    for batch in (32, 128, 512):
        runs = [
            (number, measures(run(f"result-partition-25MB/1GB/Batches/{batch}/run {number}", 5, batch))[:4])
            for number in (1, 2)
        ]
        batches.append(((batch,), runs))
    threads = []
    for count in (1, 2):
        runs = [
            (number, measures(run(f"result-partition-50MB/1GB/Threads/{count}/{number}", 5, store=30 + number, threads=count)))
            for number in (1, 2)
        ]
        threads.append(((50, 1.0, count), runs))

    time = ["total_cpu_time (seconds)", "total_cpu_memory (MB)", "throughput_bps", "total_bits"]
    store = ["s3_total_time", "s3_avg_time", "s3_min_time", "s3_max_time"]
    tree = ["partition (MB)", "data (GB)"]
    write("result_stats.csv", [*tree, "run", *time, *store], plain)
    write("batch_varying_results.csv", ["batch_size", "run", *time], batches)
    write("threads_varying_results.csv", [*tree, "threads", "run", *time, *store], threads)

    # Durations of two groups: for the first, runs 1 and 3.
    adjusted = []
    with open(os.path.join(HERE, "state_machine_logs.csv"), "w") as file:
        file.write("data (GB),batch_size,run,partition (MB),total_duration (s),inference_duration (s),batch_varying\n")
        for (keys, runs), size, numbers in [(plain[1], "1GB", (1, 3)), (plain[3], "total", (1, 2, 3))]:
            known = []
            for number, values in runs:
                if number not in numbers:
                    continue
                inference = 30 + number * 1.37
                total = inference + 7.5
                file.write(f"{size},512,{number},{keys[0]}MB,{total!r},{inference!r},False\n")
                values = np.concatenate([values, [total, inference]])
                values[2] = values[3] / inference
                known.append((number, values))
            adjusted.append((keys, known))
        file.write("timing,512,1,100MB,77.4,68.98,False\n")
    write(
        "result_stats_adjusted.csv",
        [*tree, "run", *time, *store, "total_duration (s)", "inference_duration (s)"], adjusted)


if __name__ == "__main__":
    main()
