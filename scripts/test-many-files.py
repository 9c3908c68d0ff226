#!/usr/bin/env python3
"""Audits a directory of very many small logs and checks the verdicts, the memory and the descriptors that it takes.

    cargo build --release && scripts/test-many-files.py

50,000 files of four rows lie in 50 directories; one row in one file is wrong. The audit may have 64 files open and take 500 MB. It
prints the CPU seconds, which are for docs/performance.md and decide nothing.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DESCRIPTORS = 64
MEGABYTES = 500


def rows(file: int, wrong: bool) -> str:
    lines = []
    for row in range(4):
        logprobs = [-(((7 * file + 13 * row + 5 * at) % 97) + 1) / 64 for at in range(8)]
        score = sum(logprobs) / (8 if wrong and row == 2 else 1)
        names = {"item": f"q{file}", "candidate": row}
        lines.append(json.dumps({**names, "tokens": [f"t{at}" for at in range(8)], "logprobs": logprobs, "score": score}))
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, default=ROOT / "target" / "release" / "retally")
    parser.add_argument("--files", type=int, default=50_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wrong = given.files * 2 // 3
        for file in range(given.files):
            directory = Path(folder) / f"run-{file % 50:02}"
            directory.mkdir(exist_ok=True)
            (directory / f"part-{file:06}.jsonl").write_text(rows(file, file == wrong))
        limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
        command = [given.program.resolve(), "check", ".", "--format", "json", "--threads", "1"]
        report = Path(folder) / "report.txt"
        with report.open("w") as out, subprocess.Popen(command, cwd=folder, stdout=out, preexec_fn=limit) as child:
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        found = json.loads(report.read_text())
    claims = found["summary"]["verdicts"]["score"]
    told = {
        "exit code": (child.returncode, 1),
        "proven": (claims["proven"], 4 * given.files - 1),
        "refuted": (claims["refuted"], 1),
        "errors": (len(found["errors"]), 0),
    }
    files = {place["path"] for finding in found["findings"] for place in finding["locations"]}
    told["places"] = (files, {f"run-{wrong % 50:02}/part-{wrong:06}.jsonl"})
    peak = usage.ru_maxrss * 1024 / 1e6
    print(f"{given.files} files: {usage.ru_utime + usage.ru_stime:.1f} s CPU, {peak:.0f} MB")
    failed = [f"{name}: {got}, expected {wanted}" for name, (got, wanted) in told.items() if got != wanted]
    failed += [f"{peak:.0f} MB, expected at most {MEGABYTES}"] if peak > MEGABYTES else []
    print("\n".join(failed), file=sys.stderr, end="\n" if failed else "")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
