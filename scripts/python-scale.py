#!/usr/bin/env python3
"""Measures audits of one large log: by the program, and in parts on Ray and Spark with one and two workers.

    pip install . "ray[data]" pyspark pandas pyarrow
    scripts/python-scale.py --megabytes 400 [--engines program,ray,spark] [--runs 3]

The log is made on the spot: candidates of 40 tokens with ids and log-probs, an error in one row of a thousand with --bad. Prints a
Markdown table of the best of the runs. Every report is compared with the program's, byte by byte.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import retally
from retally import parts

TOKENS = 40


def write(path: Path, megabytes: int, *, is_bad: bool) -> None:
    """Writes rows until the file has the size."""
    rng = random.Random(1)
    with path.open("w", encoding="utf-8") as file:
        at = 0
        while file.tell() < megabytes * 10**6:
            values = [round(-rng.expovariate(0.8), 6) for _ in range(TOKENS)]
            score = round(sum(values) / (TOKENS if is_bad and at % 1000 == 0 else 1), 6)
            row = {"item": f"q{at // 4}", "candidate": at % 4, "token_ids": [rng.randrange(50_000) for _ in values], "logprobs": values, "score": score}
            file.write(json.dumps(row) + "\n")
            at += 1


def best(run: Callable[[], retally.Report], runs: int, expected: bytes) -> float:
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        report = run()
        seconds.append(time.perf_counter() - started)
        assert report.to_json() == expected, "the report differs from the program's"
    return min(seconds)


def cores() -> float:
    """Seconds of processor time of the programs that this process has run."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=400)
    parser.add_argument("--engines", default="program,ray,spark")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--parts", type=int, default=8)
    parser.add_argument("--bad", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        log = Path(place, "scores.jsonl")
        write(log, arguments.megabytes, is_bad=arguments.bad)
        size = log.stat().st_size / 10**6
        expected = retally.check(log).to_json()
        print(f"| {size:.0f} MB | workers | seconds | MB/s | core-seconds per GB |\n|---|---|---|---|---|")

        def say(what: str, workers: int, run: Callable[[], retally.Report]) -> None:
            before = cores()
            seconds = best(run, arguments.runs, expected)
            # Workers of an engine are not children of this process.
            used = f"{(cores() - before) / arguments.runs / size * 1000:.1f}" if "`retally check" in what else ""
            print(f"| {what} | {workers} | {seconds:.1f} | {size / seconds:.0f} | {used} |", flush=True)

        if "program" in arguments.engines:
            for threads in (1, 2):
                say("`retally check --threads`", threads, lambda threads=threads: retally.check(log, threads=threads))
            tasks, plan = parts.split(log, arguments.parts)
            started, before = time.perf_counter(), cores()
            scanned = [task.scan(plan, threads=1) for task in tasks]
            middle = time.perf_counter()
            whole = parts.Part(tally for part in scanned for tally in part.tallies())
            whole.conclude()
            ended = time.perf_counter()
            bytes_of_part = sum(len(part.to_bytes()) for part in scanned) / len(scanned)
            used = (cores() - before) / size * 1000
            print(f"| {len(tasks)} parts, one after the other, merged | 1 | {ended - started:.1f} | {size / (ended - started):.0f} | {used:.1f} |")
            print(f"| of it: merging ({bytes_of_part / 1000:.0f} kB a part) | 1 | {ended - middle:.2f} | | |", flush=True)
            started = time.perf_counter()
            compacted = whole.compact()
            merged = time.perf_counter() - started
            assert compacted.conclude().to_json() == expected, "the report differs from the program's"
            print(f"| what a worker of a tree does with them (one part of {len(compacted.to_bytes()) / 1000:.0f} kB) | 1 | {merged:.2f} | | |", flush=True)
        here = str(Path(retally.__file__).parents[1])
        if "ray" in arguments.engines:
            # Ray gives its workers a low priority; the program has none on a machine that others use.
            os.environ.update(RAY_raylet_start_wait_time_s="300", RAY_worker_niceness="0")
            import ray

            from retally.ray import check as on_ray

            for workers in (1, 2):
                ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False, runtime_env={"env_vars": {"PYTHONPATH": here}})
                say("`retally.ray.check`", workers, lambda: on_ray(log, parts=arguments.parts))
                ray.shutdown()
        if "spark" in arguments.engines:
            for workers in (1, 2):
                # A session cannot change its number of cores.
                code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); main = __import__('python-scale'); main.spark({str(log)!r}, {workers}, {arguments.parts}, {arguments.runs}, {size})"
                environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "PYTHONPATH": here}
                (Path(place, "expected.json")).write_bytes(expected)
                subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def spark(log: str, workers: int, number: int, runs: int, size: float) -> None:
    """One row of the table, in a process of its own."""
    from pyspark.sql import SparkSession

    from retally.spark import check as on_spark

    session = SparkSession.builder.master(f"local[{workers}]").config("spark.ui.enabled", "false").getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    expected = Path(log).with_name("expected.json").read_bytes()
    seconds = best(lambda: on_spark(session, log, parts=number), runs, expected)
    session.stop()
    print(f"| `retally.spark.check` | {workers} | {seconds:.1f} | {size / seconds:.0f} | |", flush=True)


if __name__ == "__main__":
    main()
