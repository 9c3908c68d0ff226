#!/usr/bin/env python3
"""Writes python/retally/model.py, the dataclasses of a report, from docs/report.schema.json.

    scripts/python-model.py            rewrite the module
    scripts/python-model.py --check    exit with 1 if the module is not what the schema gives
"""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = ROOT / "docs" / "report.schema.json"
MODULE = ROOT / "python" / "retally" / "model.py"

# A definition is named for its place in the schema; these names would hide a builtin or say too little in Python.
NAMES = {"changed_pick": "ChangedPick", "error": "InputError", "path": "CandidatePath", "input": "Input", "number": "float"}
# Objects that the schema writes in place.
INLINE = {
    "tool": "Tool",
    "changed_picks": "ChangedPicks",
    "summary.findings": "FindingCounts",
    "silenced": "Silenced",
    "finding.snippet": "Snippet",
}
PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}

HEAD = '''\
"""The report of an audit as dataclasses, generated from docs/report.schema.json by scripts/python-model.py.

A field has the name, the meaning and the unit of its key in the JSON report. Lines and columns start at 1, columns count
bytes, log-probs are in nats. NaN and infinities, which the JSON report writes as strings, are floats here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

'''


class Writer:
    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema
        self.classes: dict[str, str] = {}

    def module(self) -> str:
        for name, definition in self.schema["$defs"].items():
            if definition.get("type") == "object":
                self.of_object(self.name(name), name, definition)
        self.of_object("Document", "", {**self.schema, "description": "A report of `retally check --format json`."})
        unions = []
        for name, definition in self.schema["$defs"].items():
            if "oneOf" in definition:
                members = [self.name(option["$ref"].rsplit("/", 1)[1]) for option in definition["oneOf"]]
                unions.append(self.of_union(self.name(name), definition, members))
        names = sorted([*self.classes, *(union.strip().split(" = ")[0] for union in unions)])
        listed = "__all__ = [\n" + "".join(f'    "{name}",\n' for name in names) + "]\n"
        numbers = (
            "\n\ndef _number(value: Any) -> float:\n"
            '    """A number as JSON or, for NaN and infinities, as a string."""\n'
            "    return float(value)\n"
        )
        return HEAD + listed + numbers + "".join(self.classes.values()) + "".join(unions)

    @staticmethod
    def name(definition: str) -> str:
        return NAMES.get(definition, definition[0].upper() + definition[1:])

    def of_union(self, name: str, definition: dict[str, Any], members: list[str]) -> str:
        kinds = {self.schema["$defs"][m[0].lower() + m[1:]]["properties"]["kind"]["const"]: m for m in members}
        cases = "".join(f'    if kind == "{kind}":\n        return {member}.from_dict(data)\n' for kind, member in kinds.items())
        return (
            f"\n\n{name} = {' | '.join(members)}\n"
            f'"""{definition["description"]}"""\n'
            f"\n\ndef _{name.lower()}(data: Mapping[str, Any]) -> {name}:\n"
            f'    """The {name.lower()} of the kind that it names."""\n'
            '    kind = data["kind"]\n'
            f"{cases}"
            f'    raise ValueError(f"unknown kind of {name.lower()} {{kind!r}}")\n'
        )

    def of_object(self, name: str, key: str, definition: dict[str, Any]) -> None:
        required = definition.get("required", list(definition["properties"]))
        properties = sorted(definition["properties"].items(), key=lambda entry: entry[0] not in required)
        fields, values = [], []
        for field, of in properties:
            type_, value = self.value(f'data["{field}"]', f"{key}.{field}".strip("."), of)
            default = ""
            if field not in required:
                default = " = ()" if type_.startswith("tuple") else " = None"
                if default == " = None":
                    type_ = f"{type_} | None"
                value = f'{value} if "{field}" in data else {default[3:]}'
            line = f"    {field}: {type_}{default}\n"
            if of.get("description"):
                line += f'    """{of["description"]}"""\n'
            fields.append(line)
            values.append(f"            {field}={value},\n")
        about = definition.get("description") or f"`{key}` of a report."
        self.classes[name] = (
            "\n\n@dataclass(frozen=True)\n"
            f"class {name}:\n"
            f'    """{about}"""\n\n'
            f"{''.join(fields)}\n"
            "    @classmethod\n"
            f"    def from_dict(cls, data: Mapping[str, Any]) -> {name}:\n"
            f'        """Reads the JSON object."""\n'
            f"        return cls(\n{''.join(values)}        )\n"
        )

    def value(self, source: str, key: str, of: dict[str, Any]) -> tuple[str, str]:
        """The type of a value and the expression that reads it from a JSON value."""
        if "$ref" in of:
            name = of["$ref"].rsplit("/", 1)[1]
            if name == "number":
                return "float", f"_number({source})"
            if "oneOf" in self.schema["$defs"][name]:
                return self.name(name), f"_{name}({source})"
            return self.name(name), f"{self.name(name)}.from_dict({source})"
        for union in ("anyOf", "oneOf"):
            if union in of:
                (option,) = [option for option in of[union] if option != {"type": "null"}]
                type_, value = self.value(source, key, option)
                return f"{type_} | None", f"None if {source} is None else {value}"
        if "const" in of:
            return f"Literal[{json.dumps(of['const'])}]", source
        if "enum" in of:
            words = ", ".join(json.dumps(word) for word in of["enum"] if word is not None)
            return f"Literal[{words}]" + (" | None" if None in of["enum"] else ""), source
        if isinstance(of["type"], list):
            return " | ".join(PLAIN[type_] for type_ in of["type"]), source
        if of["type"] == "array":
            type_, value = self.value("entry", key, of["items"])
            return f"tuple[{type_}, ...]", f"tuple({source})" if value == "entry" else f"tuple({value} for entry in {source})"
        if of["type"] == "object" and "properties" in of:
            name = INLINE[key]
            self.of_object(name, key, of)
            return name, f"{name}.from_dict({source})"
        if of["type"] == "object":
            type_, value = self.value("entry", key, of["additionalProperties"])
            return f"dict[str, {type_}]", f"dict({source})" if value == "entry" else f"{{key: {value} for key, entry in {source}.items()}}"
        return PLAIN[of["type"]], source


def main() -> int:
    text = Writer(json.loads(SCHEMA.read_text(encoding="utf-8"))).module()
    for line in text.splitlines():
        if len(line) > 140 and '"""' not in line:
            print(textwrap.shorten(line, 120), file=sys.stderr)
    if "--check" in sys.argv[1:]:
        if MODULE.read_text(encoding="utf-8") == text:
            return 0
        print(f"{MODULE.relative_to(ROOT)} differs from the schema; run scripts/python-model.py", file=sys.stderr)
        return 1
    MODULE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
