#!/usr/bin/env python3
"""Counts the instructions of `retally check` per byte of log, and compares them with the recorded ones.

    benches/instructions.py             # compare; exit code 1 where a count is more than 3 % above the recorded one
    benches/instructions.py --update    # record the counts of this program

The counts are those of callgrind (valgrind) on one thread, so no other load of the machine moves them. Logs are made by
benches/peers/generate.py; the program is target/release/retally unless --retally names another one.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
RECORDED = HERE / "instructions.json"
MEGABYTES = 2
LOGS = [("chat", ""), ("native", ""), ("short", ""), ("vllm", ""), ("lm-eval", "")]
LOGS += [("chat", "all"), ("native", "all"), ("short", "all"), ("native", "last")]


def count(program: Path, shape: str, bad: str, folder: Path) -> float:
    log = folder / f"{shape}{bad}.jsonl"
    generate = [sys.executable, HERE / "peers" / "generate.py", shape, str(MEGABYTES), log]
    subprocess.run([*generate, *(["--bad", bad] if bad else [])], check=True)
    check = [program, "check", log, "--threads", "1", "--format", "json", "--allow-unproven"]
    callgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder / 'out'}", *check]
    done = subprocess.run(callgrind, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    if found is None or done.returncode not in (0, 1):
        raise SystemExit(f"callgrind gave no count for {log.name}:\n{done.stderr[-2000:]}")
    return int(found[1].replace(",", "")) / log.stat().st_size


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--retally", type=Path, default=HERE.parent / "target" / "release" / "retally")
    parser.add_argument("--update", action="store_true", help="record the counts of this program")
    parser.add_argument("--tolerance", type=float, default=3.0, help="percent above the recorded count that is accepted")
    given = parser.parse_args()
    recorded = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    counts, slower = {}, []
    print("| log | recorded | now | change |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for shape, bad in LOGS:
            name = f"{shape}, {'every row' if bad == 'all' else 'the last tenth'} wrong" if bad else shape
            now, before = count(given.retally.resolve(), shape, bad, Path(folder)), recorded.get(name)
            counts[name] = round(now, 1)
            change = 100 * (now / before - 1) if before else 0.0
            if before is None or change > given.tolerance:
                slower.append(name)
            print(f"| {name} | {before or '–'} | {now:.1f} | {change:+.1f} % |", flush=True)
    if given.update:
        RECORDED.write_text(json.dumps(counts, indent=2) + "\n")
        return 0
    if slower:
        print(f"more instructions per byte than recorded: {'; '.join(slower)}", file=sys.stderr)
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
