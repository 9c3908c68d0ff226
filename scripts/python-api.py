#!/usr/bin/env python3
"""Writes docs/python-api.md, the reference of the Python package, from its docstrings.

    scripts/python-api.py            rewrite the page
    scripts/python-api.py --check    exit with 1 if the page is not what the docstrings give

The sources are parsed and not imported, so that no integration has to be installed.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "python" / "retally"
PAGE = ROOT / "docs" / "python-api.md"
# Modules in the order of the page; what `retally` itself exports comes first.
MODULES = [
    ("retally", ["audit", "rollout", "report", "parts", "errors"]),
    ("retally.lm_eval", ["lm_eval"]),
    ("retally.inspect_ai", ["inspect_ai"]),
    ("retally.pytest_plugin", ["pytest_plugin"]),
    ("retally.mlflow", ["mlflow"]),
    ("retally.wandb", ["wandb"]),
    ("retally.trl", ["trl"]),
    ("retally.every_eval_ever", ["every_eval_ever"]),
    ("retally.ray", ["ray"]),
    ("retally.spark", ["spark"]),
]
HEAD = """\
# Python API
Written from the docstrings by `scripts/python-api.py`. How it is used: [python.md](python.md). The dataclasses of a report
(`retally.model`) have the fields of the [JSON report](json.md).
"""


def prose(text: str) -> str:
    """A docstring as Markdown: its sections of parameters and exceptions become lists, its examples code."""
    out: list[str] = []
    section = ""
    lines = inspect.cleandoc(text).splitlines()
    for at, line in enumerate(lines):
        following = lines[at + 1] if at + 1 < len(lines) else ""
        if re.fullmatch(r"-{3,}", following):
            section = line
            out += [f"{line}:", ""]
        elif re.fullmatch(r"-{3,}", line):
            continue
        elif section and line and not line.startswith(" "):
            names = ", ".join(f"`{name.strip()}`" for name in line.split(","))
            out.append(f"- {names}:")
        elif section:
            out.append(f"  {line.strip()}".rstrip())
        else:
            out.append(line)
    blocks: list[str] = []
    for block in re.split(r"\n{2,}", "\n".join(out)):
        is_code = block.startswith(("    ", ">>>"))
        blocks.append("```python\n" + inspect.cleandoc("\n" + block) + "\n```" if is_code else block)
    return re.sub(r"```\n\n```python\n", "\n", "\n\n".join(blocks)).strip()


def signature(name: str, function: ast.FunctionDef | ast.AsyncFunctionDef, *, is_method: bool) -> str:
    arguments = function.args
    if is_method and arguments.args and arguments.args[0].arg in ("self", "cls"):
        arguments.args = arguments.args[1:]
    returns = f" -> {ast.unparse(function.returns)}" if function.returns else ""
    text = f"{name}({ast.unparse(arguments)}){returns}"
    if len(text) <= 110:
        return text
    # One parameter per line.
    parts = re.split(r", (?![^\[(]*[\])])", ast.unparse(arguments))
    return f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){returns}"


def decorators(node: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    return {ast.unparse(one).rsplit(".", 1)[-1] for one in node.decorator_list}


def of_class(node: ast.ClassDef) -> list[str]:
    out = [f"### `{node.name}`", prose(ast.get_docstring(node) or "")]
    fields: list[str] = []
    for at, member in enumerate(node.body):
        if isinstance(member, ast.AnnAssign) and isinstance(member.target, ast.Name) and not member.target.id.startswith("_"):
            following = node.body[at + 1] if at + 1 < len(node.body) else None
            is_documented = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
            about = f": {following.value.value}" if is_documented else ""  # type: ignore[union-attr]
            fields.append(f"- `{member.target.id}: {ast.unparse(member.annotation)}`{about}")
        elif isinstance(member, (ast.FunctionDef, ast.AsyncFunctionDef)):
            text = ast.get_docstring(member)
            kinds = decorators(member)
            if member.name.startswith("_") and member.name not in ("__or__", "__arrow_c_stream__") or text is None or "overload" in kinds:
                continue
            if kinds & {"property", "cached_property"}:
                returns = f": {ast.unparse(member.returns)}" if member.returns else ""
                fields.append(f"- `{member.name}{returns}`: {' '.join(text.split())}")
            else:
                out += ["```python\n" + signature(f"{node.name}.{member.name}", member, is_method="staticmethod" not in kinds) + "\n```", prose(text)]
    return out[:2] + (["\n".join(fields)] if fields else []) + out[2:]


def page() -> str:
    exported = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    own = {name for node in exported.body if isinstance(node, ast.ImportFrom) for name in [one.name for one in node.names]}
    for node in ast.walk(exported):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("retally."):
            own |= {one.name for one in node.names}
    out = [HEAD.strip()]
    for title, modules in MODULES:
        out.append(f"## `{title}`")
        for module in modules:
            tree = ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))
            if title != "retally":
                out.append(prose(ast.get_docstring(tree) or ""))
            public = next(
                ast.literal_eval(node.value)
                for node in tree.body
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
            )
            for node in tree.body:
                name = getattr(node, "name", "")
                if name not in public or title == "retally" and module in ("audit", "parts") and name not in own:
                    continue
                if isinstance(node, ast.ClassDef):
                    out += of_class(node)
                elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    is_fixture = "fixture" in decorators(node)
                    out += [f"### `{name}`"] + ([] if is_fixture else ["```python\n" + signature(name, node, is_method=False) + "\n```"])
                    out.append(prose(ast.get_docstring(node) or ""))
    return "\n\n".join(part for part in out if part) + "\n"


def main() -> int:
    text = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    print(f"{PAGE.relative_to(ROOT)} differs from the docstrings; run scripts/python-api.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
