#!/usr/bin/env python3
"""Packs the program of a wheel as a release archive, with its licences, completions and manual pages.

    scripts/pack.py --target x86_64-unknown-linux-gnu --output dist dist/retally-*.whl

writes to the directory

    retally-TARGET.tar.gz (.zip for Windows)   what the action, cargo-binstall and the container image take
    retally-TARGET.tar.gz.sha256               its digest, as `sha256sum --check` reads it
    retally-TARGET.cdx.json                    the crates that the program was built from (CycloneDX), out of the wheel

The wheel has to run on this machine: the program writes its completions and manual pages itself. Equal wheels give equal
archives.
"""

import argparse
import gzip
import hashlib
import io
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
# The earliest time that a zip archive can hold; no file of an archive has a time of its own.
TIME = 315_532_800
COMPLETIONS = {"bash": "retally.bash", "zsh": "_retally", "fish": "retally.fish", "powershell": "_retally.ps1"}
TEXTS = ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", required=True, help="target triple, such as x86_64-unknown-linux-gnu")
    parser.add_argument("--output", required=True, type=pathlib.Path, help="directory for the archive")
    parser.add_argument("wheel", type=pathlib.Path)
    arguments = parser.parse_args()
    name = f"retally-{arguments.target}"
    arguments.output.mkdir(parents=True, exist_ok=True)

    with zipfile.ZipFile(arguments.wheel) as wheel:
        members = {one: wheel.read(one) for one in wheel.namelist()}
    program, content = only(members, lambda one: ".data/scripts/retally" in one, "program")
    _, sbom = only(members, lambda one: one.endswith(".cyclonedx.json"), "SBOM of the crates")
    _, metadata = only(members, lambda one: one.endswith(".dist-info/METADATA"), "METADATA")
    suffix = ".exe" if program.endswith(".exe") else ""

    files = {f"retally{suffix}": content}
    files.update({text: (ROOT / text).read_bytes() for text in TEXTS})
    version = next(line for line in metadata.decode().splitlines() if line.startswith("Version: "))
    files.update(of_program(content, suffix, version.removeprefix("Version: ")))

    archive = arguments.output / (name + (".zip" if suffix else ".tar.gz"))
    archive.write_bytes(zipped(name, files) if suffix else tarred(name, files))
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    # Two spaces and "\n" on every system: `sha256sum --check` knows no other form.
    (arguments.output / f"{archive.name}.sha256").write_bytes(f"{digest}  {archive.name}\n".encode())
    (arguments.output / f"{name}.cdx.json").write_bytes(sbom)
    print(f"{archive}: {len(files)} files, sha256 {digest}")


def only(members, is_it, what):
    """The one member of the wheel that is meant."""
    found = [(one, content) for one, content in members.items() if is_it(one)]
    if len(found) != 1:
        sys.exit(f"pack: expected one {what} in the wheel, found {len(found)}")
    return found[0]


def of_program(content, suffix, version):
    """Completions and manual pages, written by the program itself."""
    with tempfile.TemporaryDirectory() as place:
        program = pathlib.Path(place) / f"retally{suffix}"
        program.write_bytes(content)
        program.chmod(0o755)

        def run(*words):
            return subprocess.run([program, *words], check=True, capture_output=True).stdout

        said = run("--version").decode().strip()
        if said != f"retally {version}":
            sys.exit(f"pack: the program says {said!r}, the wheel has version {version}")
        files = {f"completions/{file}": run("completions", shell) for shell, file in COMPLETIONS.items()}
        pages = pathlib.Path(place) / "man1"
        run("man", "--output", str(pages))
        files.update({f"man/man1/{page.name}": page.read_bytes() for page in pages.iterdir()})
        return files


def is_program(file):
    return file in ("retally", "retally.exe")


def tarred(name, files):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for file in sorted(files):
            info = tarfile.TarInfo(f"{name}/{file}")
            info.size = len(files[file])
            info.mode = 0o755 if is_program(file) else 0o644
            info.mtime = TIME
            archive.addfile(info, io.BytesIO(files[file]))
    return gzip.compress(raw.getvalue(), mtime=0)


def zipped(name, files):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(files):
            info = zipfile.ZipInfo(f"{name}/{file}", (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = (0o100755 if is_program(file) else 0o100644) << 16
            archive.writestr(info, files[file])
    return raw.getvalue()


if __name__ == "__main__":
    main()
