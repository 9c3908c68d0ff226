#!/usr/bin/env python3
"""Builds the documentation as a site: target/site/html.

    cargo build && scripts/site.py --program target/debug/retally

docs/SUMMARY.md is the table of contents. Links between files of the repository become links between pages. A rule's page is what
`retally explain` prints, at rules/RT204.html. Beside the pages there are rules.json, llms.txt, the Markdown source of each
page and the JSON Schemas. Fails if a page is missing from the table of contents, or a link or an anchor leads nowhere.
"""

import argparse
import html.parser
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
SITE = ROOT / "target/site"
# Files of the repository outside docs/, and their pages.
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "skills/retally/SKILL.md": "skill.md",
    "rules": "rules/index.md",
}
# A code span with any number of backticks, or the target of a link or an image.
SPAN_OR_LINK = re.compile(
    r"(?P<span>(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`))"
    r"|(?P<text>!?\[(?:`[^`]*`|[^\[\]`]|\[[^\[\]]*\])*\])\((?P<link>[^()\s]+)\)",
    re.S,
)
FAMILIES = ["step", "sequence", "span", "selection", "normalised", "aggregate", "log", "precision"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True, type=pathlib.Path, help="the built retally")
    parser.add_argument("--mdbook", default="mdbook", help="the mdbook to call")
    arguments = parser.parse_args()
    manifest = (ROOT / "Cargo.toml").read_text()
    homepage = field(manifest, "homepage")
    rules = json.loads(output(arguments.program, "rules", "--format", "json"))

    pages = dict(PAGES)
    pages.update({f"docs/{page.name}": page.name for page in (ROOT / "docs").glob("*.md")})
    pages.update({f"rules/{rule['code']}-{rule['name']}.md": f"rules/{rule['code']}.md" for rule in rules})
    linker = Linker(pages, field(manifest, "repository"))

    source = SITE / "source"
    shutil.rmtree(SITE, ignore_errors=True)
    (source / "rules").mkdir(parents=True)
    shutil.copytree(ROOT / "docs/images", source / "images")
    for schema in (ROOT / "docs").glob("*.json"):
        shutil.copy(schema, source)
    for file, page in pages.items():
        if page == "SUMMARY.md" or file == "rules" or file.startswith("rules/"):
            continue
        text = (ROOT / file).read_text()
        if text.startswith("---\n"):
            text = text.split("\n---\n", 1)[1]
        (source / page).write_text(linker.page(file, page, text))
    for rule in rules:
        file = f"rules/{rule['code']}-{rule['name']}.md"
        text = rule_page(rule, (ROOT / file).read_text())
        (source / pages[file]).write_text(linker.page(file, pages[file], text))
    (source / "rules/index.md").write_text(index(rules))
    (source / "SUMMARY.md").write_text(summary(pages, rules))

    subprocess.run([arguments.mdbook, "build", ROOT], check=True)
    html_directory = SITE / "html"
    for rule in rules:
        rule["url"] = f"{homepage}/rules/{rule['code']}.html"
    (html_directory / "rules.json").write_text(json.dumps(rules, indent=2, ensure_ascii=False) + "\n")
    (html_directory / "llms.txt").write_text(llms(field(manifest, "description"), homepage, source, rules))
    for page in source.rglob("*.md"):
        if page.name != "SUMMARY.md":
            shutil.copy(page, html_directory / page.relative_to(source))
    count = check(html_directory)
    print(f"{html_directory}: {count} pages, {len(rules)} rules; all links lead somewhere")


def output(program, *words):
    return subprocess.run([program.resolve(), *words], check=True, capture_output=True, text=True).stdout


def field(manifest, name):
    """A string of [package] in Cargo.toml; empty where it is not set."""
    package = manifest.split("[package]", 1)[1].split("\n[", 1)[0]
    found = re.search(rf'^{name} = "(.*)"$', package, re.M)
    return found[1] if found else ""


class Linker:
    """Turns links between files of the repository into links between pages."""

    def __init__(self, pages, repository):
        self.pages = pages
        self.repository = repository

    def page(self, file, page, text):
        """The text of a file for its page: links adapted, and `<date>` outside of code no tag."""
        parts = re.split(r"(^```.*?^```[ ]*$|^    .*$)", text, flags=re.M | re.S)
        return "".join(part if at % 2 else self.prose(file, page, part) for at, part in enumerate(parts))

    def prose(self, file, page, text):
        done, end = [], 0
        for found in SPAN_OR_LINK.finditer(text):
            done.append(plain(text[end : found.start()]))
            if found["span"]:
                done.append(found["span"])
            else:
                done.append(self.link(file, page, found["text"], found["link"]))
            end = found.end()
        return "".join(done) + plain(text[end:])

    def link(self, file, page, text, target):
        if re.match(r"[a-z]+:|#", target):
            return f"{text}({target})"
        path, _, anchor = target.partition("#")
        path = os.path.normpath(os.path.join(os.path.dirname(file), path))
        anchor = f"#{anchor}" if anchor else ""
        if not (ROOT / path).exists():
            sys.exit(f"site: {file}: the link to {target} leads nowhere")
        where = os.path.dirname(page) or "."
        if path in self.pages:
            return f"{text}({os.path.relpath(self.pages[path], where)}{anchor})"
        if path.startswith("docs/"):
            return f"{text}({os.path.relpath(path.removeprefix('docs/'), where)}{anchor})"
        if self.repository:
            return f"{text}({self.repository}/blob/main/{path}{anchor})"
        # A file of the repository that is not a page, while the repository has no address.
        return text.removeprefix("[").removesuffix("]")


def plain(text):
    return re.sub(r"<(?!https?://|!--)", "&lt;", text)


def rule_page(rule, text):
    """The page of a rule: its summary, its metadata as a table, the rest of its text, and how to set it."""
    summary, body = text.split("\n---\n", 1)[1].split("\n", 1)
    needs = ", ".join(rule["needs"]) or "–"
    return (
        f"# {rule['code']} {rule['name']}\n\n{summary}\n\n"
        "| severity | certainty | family | looks at | needs |\n|---|---|---|---|---|\n"
        f"| {rule['severity']} | {rule['certainty']} | {rule['family']} | {rule['scope']} | {needs} |\n"
        f"{body}\n"
        f"## Settings\n```toml\n[rules]\n{rule['code']} = \"off\" # or error, warning, note\n```\n"
        "See [rule severities](../docs/configuration.md), [exceptions](../docs/configuration.md#exceptions) and the\n"
        "[baseline](../docs/baseline.md).\n"
    )


def index(rules):
    lines = ["# Rules", "`retally rules` lists them, `retally explain CODE` prints one. As data: [rules.json](../rules.json).", ""]
    for family in sorted({rule["family"] for rule in rules}, key=FAMILIES.index):
        lines += [f"## {family.capitalize()}", "| code | name | severity | what is wrong |", "|---|---|---|---|"]
        for rule in rules:
            if rule["family"] == family:
                code = rule["code"]
                lines.append(f"| [{code}]({code}.md) | {rule['name']} | {rule['severity']} | {plain(rule['summary'])} |")
        lines.append("")
    return "\n".join(lines)


def summary(pages, rules):
    """The table of contents with the pages of the rules; every page has to be in it."""
    lines, listed = [], {"SUMMARY.md"}
    for line in (ROOT / "docs/SUMMARY.md").read_text().splitlines():
        found = re.match(r"(.*\]\()(.*)\)$", line)
        if found:
            page = pages.get(os.path.normpath(os.path.join("docs", found[2])))
            if page is None:
                sys.exit(f"site: docs/SUMMARY.md: {found[2]} is not a page")
            listed.add(page)
            line = f"{found[1]}{page})"
            if page == "rules/index.md":
                line += "".join(f"\n  - [{rule['code']} {rule['name']}](rules/{rule['code']}.md)" for rule in rules)
        lines.append(line)
    listed.update(f"rules/{rule['code']}.md" for rule in rules)
    missing = sorted(set(pages.values()) - listed)
    if missing:
        sys.exit(f"site: not in docs/SUMMARY.md: {', '.join(missing)}")
    return "\n".join(lines) + "\n"


def llms(description, homepage, source, rules):
    """The pages for a language model, as https://llmstxt.org describes it."""
    lines = ["# retally", "", f"> {description}", "", "Each page is also there as Markdown, at the addresses below.", "", "## Pages", ""]
    for line in (source / "SUMMARY.md").read_text().splitlines():
        found = re.match(r"(?:- )?\[(.*)\]\((.*)\)$", line)
        if found:
            lines.append(f"- [{found[1]}]({homepage}/{found[2]}): {first_sentence((source / found[2]).read_text())}")
    lines += ["", "## Rules", "", f"As data, with their addresses: {homepage}/rules.json", ""]
    lines += [f"- [{rule['code']} {rule['name']}]({homepage}/rules/{rule['code']}.md): {rule['summary']}" for rule in rules]
    return "\n".join(lines) + "\n"


def first_sentence(text):
    for paragraph in text.split("\n\n"):
        paragraph = "\n".join(line for line in paragraph.splitlines() if not re.match(r"#|```|\||!\[", line))
        paragraph = " ".join(re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", paragraph).replace("**", "").split())
        if paragraph:
            return re.split(r"(?<=[.:]) (?=[A-Z`])", paragraph)[0].rstrip(":").replace("&lt;", "<")
    return ""


class References(html.parser.HTMLParser):
    """The links of a page and what can be linked to in it."""

    def __init__(self, text):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("href", "src") and value:
                self.links.append(value)
            elif name in ("id", "name") and value:
                self.anchors.add(value)


def check(directory):
    """Checks that every local link leads to a file, and its anchor to a place in it."""
    pages = {page.resolve(): References(page.read_text()) for page in directory.rglob("*.html")}
    wrong = []
    for page, references in pages.items():
        # The page for a missing address is served from any address, so it has a base of its own.
        if page.name in ("404.html", "print.html", "toc.html"):
            continue
        for link in references.links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else page
            if target.is_dir():
                target /= "index.html"
            anchor = urllib.parse.unquote(parts.fragment)
            if not target.is_file() or (anchor and target in pages and anchor not in pages[target].anchors):
                wrong.append(f"{page.relative_to(directory.resolve())}: {link}")
    if wrong:
        sys.exit("site: these links lead nowhere:\n  " + "\n  ".join(wrong))
    return len(pages)


if __name__ == "__main__":
    main()
