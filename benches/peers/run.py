"""Times `retally check` against peers on the same files, in turn, and writes the tables of docs/performance.md.

    benches/peers/run.py                        # everything, 100 MB per log
    benches/peers/run.py --megabytes 20 --runs 3 --only shapes,refuted

It installs the Python peers (requirements.txt) into target/peers, builds the Rust ones and the program, and needs nothing else.
Times are CPU seconds of the whole process (user and system), the least of several runs that alternate between all commands of
a row. Logs are made by generate.py.
"""

import argparse
import gzip
import itertools
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SHAPES = ["chat", "native", "short", "vllm", "lm-eval"]
FLOOR_KEYS = {"chat": '"logprob": ', "vllm": '"logprob": ', "native": '"logprobs": [', "short": '"logprobs": ['}
PEERS = ["json", "orjson", "msgspec", "duckdb", "polars"]
# Maps with a key per token, and lists of mixed types, have no schema of a table.
NO_TABLE = {("duckdb", "vllm"), ("polars", "vllm"), ("polars", "lm-eval")}


class Run:
    """One command: its least CPU time, its least wall time, and its largest memory.

    Linux counts the memory of this process as that of a child until the child runs its program, so no log is held here.
    """

    def __init__(self, name: str, command: list[str]) -> None:
        self.name, self.command = name, [str(part) for part in command]
        self.cpu, self.wall, self.peak, self.output = float("inf"), float("inf"), 0.0, ""

    def once(self) -> None:
        started = time.perf_counter()
        environment = {**os.environ, "POLARS_MAX_THREADS": "1"}
        with open(os.devnull, "w") as nothing, subprocess.Popen(
            self.command, stdout=subprocess.PIPE, stderr=nothing, env=environment, text=True
        ) as child:
            self.output = child.stdout.read()
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        self.wall = min(self.wall, time.perf_counter() - started)
        self.cpu = min(self.cpu, usage.ru_utime + usage.ru_stime)
        self.peak = max(self.peak, usage.ru_maxrss / 1024)
        if child.returncode not in (0, 1):
            raise SystemExit(f"{' '.join(self.command)}: exit code {child.returncode}")


def in_turn(runs: list[Run], times: int) -> list[Run]:
    for _ in range(times):
        for run in runs:
            run.once()
    return runs


def table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


class Bench:
    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.work = Path(given.work).resolve()
        (self.work / "logs").mkdir(parents=True, exist_ok=True)
        self.retally = Path(given.retally).resolve()
        self.built = self.work / "build" / "release"

    def prepare(self) -> None:
        if not self.retally.exists():
            subprocess.run(["cargo", "build", "--release", "--locked"], cwd=ROOT, check=True)
        build = ["cargo", "build", "--release", "--manifest-path", HERE / "Cargo.toml"]
        subprocess.run([*build, "--target-dir", self.work / "build"], check=True)
        self.python = self.work / "venv" / "bin" / "python"
        if not self.python.exists():
            subprocess.run([sys.executable, "-m", "venv", self.work / "venv"], check=True)
        install = [self.python, "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt"]
        subprocess.run(install, check=True)

    def log(self, shape: str, bad: str = "") -> Path:
        size = self.given.megabytes
        path = self.work / "logs" / f"{shape}{'-' + bad if bad else ''}-{size:g}.jsonl"
        if not path.exists():
            command = [sys.executable, HERE / "generate.py", shape, f"{size}", path]
            subprocess.run([*command, *(["--bad", bad] if bad else [])], check=True)
        return path

    def check(self, path: Path, *, threads: int = 1, name: str = "retally") -> Run:
        # Samples of lm-eval hold no tokens and, alone, nothing that proves their accuracy.
        options = ["--threads", threads, "--format", "json", "--allow-unproven"]
        return Run(name, [self.retally, "check", path, *options])

    def peer(self, library: str, shape: str, path: Path) -> Run:
        return Run(library, [self.python, HERE / "sums.py", library, shape, path])

    def shapes(self) -> str:
        rows = []
        for shape in SHAPES:
            path = self.log(shape)
            runs = [self.check(path), Run("serde_json", [self.built / "typed", path, shape])]
            if shape in FLOOR_KEYS:
                runs.append(Run("floor", [self.built / "floor", path, FLOOR_KEYS[shape]]))
            runs += [self.peer(name, shape, path) for name in PEERS if (name, shape) not in NO_TABLE]
            by_name = {run.name: run.cpu for run in in_turn(runs, self.given.runs)}
            own = by_name["retally"]
            megabytes = path.stat().st_size / 1e6
            ratio = lambda name: f"{own / by_name[name]:.2f}" if name in by_name else "–"
            faster = lambda name: f"{by_name[name] / own:.2f} ×" if name in by_name else "–"
            row = [shape, f"{megabytes / own:.0f}", ratio("floor"), ratio("serde_json")]
            rows.append(row + [faster(name) for name in ("msgspec", "orjson", "json", "duckdb", "polars")])
            print(rows[-1], flush=True)
        header = ["log", "check MB/s", "÷ byte floor", "÷ serde_json typed parse"]
        return table(header + [f"faster than {name}" for name in ("msgspec", "orjson", "json", "DuckDB", "Polars")], rows)

    def refuted(self) -> str:
        rows = []
        for shape in ("chat", "native", "short", "vllm"):
            kinds = ["", "all", "last"]
            runs = in_turn([self.check(self.log(shape, bad), name=bad) for bad in kinds], self.given.runs)
            clean, everywhere, last = (run.cpu for run in runs)
            rows.append([shape, f"{everywhere / clean:.2f}", f"{last / clean:.2f}"])
            print(rows[-1], flush=True)
        return table(["log", "every row wrong ÷ clean", "the last tenth wrong ÷ clean"], rows)

    def threads(self) -> str:
        lines = self.log("native")
        array, packed = (lines.with_suffix(end) for end in (".array.json", ".jsonl.gz"))
        if not array.exists():
            with lines.open() as rows, array.open("w") as out:
                for at, row in enumerate(rows):
                    out.write((",\n" if at else "[") + row.rstrip("\n"))
                out.write("]\n")
            with lines.open("rb") as rows, gzip.open(packed, "wb", 1) as out:
                shutil.copyfileobj(rows, out)
        rows = []
        for name, path in (("JSON Lines", lines), ("a JSON array", array), ("JSON Lines, gzip", packed)):
            one, two = in_turn([self.check(path), self.check(path, threads=2)], self.given.runs)
            rows.append([name, f"{one.wall / two.wall:.2f} ×", f"{one.peak:.0f}", f"{two.peak:.0f}"])
            print(rows[-1], flush=True)
        return table(["container", "two threads, by wall time", "MiB, one thread", "MiB, two threads"], rows)

    def small(self) -> str:
        folder = self.work / "logs" / "many"
        ten = self.work / "logs" / "ten.jsonl"
        with self.log("short").open() as rows:
            lines = list(itertools.islice(rows, 40000))
        ten.write_text("".join(lines[:10]))
        if not folder.exists():
            folder.mkdir()
            for at in range(10000):
                (folder / f"f{at:05}.jsonl").write_text("".join(lines[4 * at : 4 * at + 4]))
        together = self.work / "logs" / "together.jsonl"
        together.write_text("".join(lines))
        few = in_turn([self.check(ten), Run("true", ["/bin/true"])], 20 * self.given.runs)
        many = in_turn([self.check(folder), self.check(together)], self.given.runs)
        stripped = self.work / "stripped"
        subprocess.run(["strip", "-o", stripped, self.retally], check=True)
        rows = [
            ["ten rows, over /bin/true", f"{1000 * (few[0].wall - few[1].wall):.1f} ms"],
            ["10,000 files of 4 rows", f"{many[0].cpu:.2f} s"],
            ["the same rows in one file", f"{many[1].cpu:.2f} s"],
            ["stripped program", f"{stripped.stat().st_size / 1e6:.1f} MB"],
        ]
        return table(["what", "figure"], rows)

    def memory(self) -> str:
        rows = []
        for shape in ("native", "chat"):
            path = self.log(shape)
            large = self.work / "logs" / f"{shape}-large.jsonl"
            wanted = int(self.given.large * 1e6)
            if not large.exists() or large.stat().st_size < wanted:
                command = [sys.executable, HERE / "generate.py", shape, f"{self.given.large}", large]
                subprocess.run(command, check=True)
            small, big = in_turn([self.check(path)], 1)[0], in_turn([self.check(large)], 1)[0]
            sizes = [f"{file.stat().st_size / 1e6:.0f} MB: {run.peak:.0f} MiB" for file, run in ((path, small), (large, big))]
            rows.append([shape, *sizes])
        return table(["log", "peak", "peak"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--retally", default=ROOT / "target" / "release" / "retally", help="the program to time")
    parser.add_argument("--work", default=ROOT / "target" / "peers", help="where logs and peers are kept")
    parser.add_argument("--megabytes", type=float, default=100, help="size of each log")
    parser.add_argument("--large", type=float, default=1000, help="size of the logs for memory, in megabytes")
    parser.add_argument("--runs", type=int, default=5, help="runs of each command")
    parser.add_argument("--only", default="shapes,refuted,threads,small,memory", help="parts, with commas")
    parser.add_argument("--output", help="a file for the tables; standard output otherwise")
    given = parser.parse_args()
    bench = Bench(given)
    bench.prepare()
    titles = {
        "shapes": "Against peers that do less",
        "refuted": "A refuted column",
        "threads": "Two threads",
        "small": "Small and many files",
        "memory": "Memory",
    }
    parts = []
    for name in given.only.split(","):
        parts.append(f"### {titles[name]}\n{getattr(bench, name)()}")
    versions = (HERE / "requirements.txt").read_text().split()
    about = f"{platform.machine()}, {os.cpu_count()} cores; {given.megabytes:g} MB per log, least of {given.runs} runs; {', '.join(versions)}\n"
    text = "\n".join([about, *parts])
    if given.output:
        Path(given.output).write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
