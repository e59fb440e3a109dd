"""Write the pages of docs/reference/ that come from the code, or check that they are current."""

from __future__ import annotations

import argparse
import inspect
import io
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from phalanx.authorship.rules import authorship_rules
from phalanx.cli.application import build_app, command_paths
from phalanx.detect.rules import all_rules
from phalanx.formats.schema import (
    AUTHORSHIP_DOCUMENTS,
    authorship_schema,
    campaigns_schema,
    policy_schema,
    profile_schema,
    provenance_schema,
)
from phalanx.prevent.facts import FACTS
from phalanx.prevent.rules import gateway_rules
from phalanx.provenance.rules import provenance_rules
from phalanx.share.gate import load_policy
from phalanx.watermark.rules import mark_rules

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
HELP_COLUMNS = 96


def command_line_page() -> str:
    """Return the page of the command line: the help of every command."""
    parts = [
        "# Command line",
        "Options may be set in a file or the environment too: [Settings](../how-to/settings.md).",
    ]
    for words in ((), *command_paths()):
        name = " ".join(("phalanx", *words))
        help_text = "\n".join(line.rstrip() for line in _help(words).splitlines())
        parts += [f"## {name}" if words else "## phalanx", f"```text\n{help_text}\n```"]
    return "\n\n".join(parts) + "\n"


def signals_page() -> str:
    """Return the page of signals and tests: the docstring of every rule."""
    parts = [
        "# Signals and tests",
        "`phalanx explain RULE` prints the same text. A rule id never changes its meaning.",
    ]
    for rule in (
        *all_rules(), *mark_rules(), *provenance_rules(), *authorship_rules(), *gateway_rules(),
    ):  # fmt: skip
        parts += [
            f"## {rule.rule_id}: {rule.name}",
            f"Family: {rule.family}.",
            _as_list(inspect.cleandoc(rule.documentation)),
        ]
    return "\n\n".join(parts) + "\n"


def disclosure_page() -> str:
    """Return the page of the disclosure policy that is shipped: rules, legal bases, fields."""
    policy = load_policy()
    parts = [
        "# Disclosure rules",
        f"Version {policy.version} of {policy.dated}, as installed with the package. {_RULES}",
        "| rule | what | action | may be released by | source |\n| --- | --- | --- | --- | --- |\n"
        + "\n".join(
            f"| {rule.id} {rule.title} | {rule.text} | `{rule.action}` | "
            f"{' and '.join(rule.approvals)} | {rule.source} |"
            for rule in policy.rules
        ),
        "## Legal bases",
        "| basis | what | where | from | until | source |\n| --- | --- | --- | --- | --- | --- |\n"
        + "\n".join(
            f"| `{basis.id}` | {basis.title} | {', '.join(sorted(basis.jurisdictions))} | "
            f"{basis.valid_from.date()} | "
            f"{basis.valid_until.date() if basis.valid_until else ''} | {basis.source} |"
            for basis in policy.bases
        ),
        "## Fields that may leave",
        _FIELDS,
        "| type | field | value |\n| --- | --- | --- |\n"
        + "\n".join(
            f"| {kind} | `{name}` | `{shape.replace('|', ' or ')}` |"
            for kind, named in policy.fields.items()
            for name, shape in named.items()
        ),
    ]
    return "\n\n".join(parts) + "\n"


_RULES = "How they work: [The disclosure policy](../how-to/disclosure-policy.md)."
_FIELDS = """\
`all` stands for every type, `versioned` for those with versions, `pattern` for what an indicator
may compare; `share` for the identifier of our extension."""


def _as_list(documentation: str) -> str:
    """Turn the lines `Sees: ...` of a rule into a list, which plain text shows without marks."""
    return re.sub(r"^([A-Z][a-z -]+):(?= )", r"- **\1**:", documentation, flags=re.MULTILINE)


def json_schema_page() -> str:
    """Return the page of the scan folder and of `campaigns.json`, from its JSON Schema."""
    schema = campaigns_schema()
    parts = [_SCAN_FOLDER, "## campaigns.json", _fields(schema)]
    for name, definition in sorted(schema["$defs"].items()):
        parts += [f"### {name}", definition["description"], _fields(definition)]
    profile = profile_schema()
    parts += ["## Profiles of known actors", _PROFILES, _fields(profile)]
    for name, definition in sorted(profile["$defs"].items()):
        if name not in schema["$defs"]:
            parts += [f"### {name}", definition["description"], _fields(definition)]
    verdict = provenance_schema()
    parts += ["## Verdicts about a model", _VERDICTS, _fields(verdict)]
    for name, definition in sorted(verdict["$defs"].items()):
        said = _fields(definition) if "properties" in definition else _values(definition)
        parts += [f"### {name}", definition["description"], said]
    parts += ["## Answers about authorship", _AUTHORSHIP]
    answers = [authorship_schema(name) for name in AUTHORSHIP_DOCUMENTS]
    for answer in answers:
        parts += [f"### {answer['title']}", answer["description"], _fields(answer)]
    told = {name: part for answer in answers for name, part in answer.get("$defs", {}).items()}
    for name, definition in sorted(told.items()):
        parts += [f"### {name}", definition["description"], _fields(definition)]
    return "\n\n".join(parts) + "\n"


def gateway_policy_page() -> str:
    """Return the page of the gateway's policy: what a file may say, and every fact."""
    schema = policy_schema()
    named = schema["$defs"]
    parts = ["# Policy of the gateway", _GATEWAY_POLICY, _fields(schema)]
    for name in ("PolicyRule", "NumberTest", "TextTest", "SetTest", "ValueWeights"):
        parts += [f"## {name}", named[name]["description"], _fields(named[name])]
    parts += ["## When", named["When"]["description"]]
    parts.append(
        "| fact | kind | from | meaning |\n| --- | --- | --- | --- |\n"
        + "\n".join(
            f"| `{fact.name}` | {fact.kind} | {fact.source} | {fact.meaning} |" for fact in FACTS
        )
    )
    return "\n\n".join(parts) + "\n"


_GATEWAY_POLICY = """\
A TOML file; how to write one: [Decide in the gateway](../how-to/gateway.md). Its JSON Schema is
`gateway-policy-1.schema.json`, installed in `phalanx/formats/schemas`. What it does not know is
refused."""

_PROFILES = """\
Files that a person writes, TOML or JSON, for `phalanx scan --profiles`; how:
[Attribute a campaign](../how-to/attribute-a-campaign.md). Their schema is
`profile-1.schema.json`, in the same place. Fields that it does not know are refused."""

_VERDICTS = """\
What `phalanx provenance compare` and `probe` write with `-f json`, and what a signed report of
theirs holds as its `report`. Their schema is `provenance-1.schema.json`, in the same place."""

_AUTHORSHIP = """\
What `phalanx authorship detect`, `lookup`, `detect --corpus`, `calibrate`, `fit` (`join` too) and
`index` write with `-f json`. Their schemas are `authorship-detect-1.schema.json`,
`authorship-lookup-1.schema.json`, `authorship-corpus-1.schema.json`,
`authorship-calibrate-1.schema.json`, `authorship-fit-1.schema.json` and
`authorship-index-1.schema.json`, in the same place."""

_SCAN_FOLDER = """\
# Scan folder and JSON schema

| file | content |
| --- | --- |
| `campaigns.json` | every list of the scan, with its evidence; described below |
| `accounts.parquet` | one row for each account: counts, habits, shared values, group, confidence |
| `links.parquet` | one row for each link inside a group, with its weight |
| `looks.parquet` | one row for each look at a group that was ever opened: what each family said |
| `groups.parquet` | with `--for-pool`, each group that was tested: its accounts, its evidence |
| `daily.parquet` | one row for each day |
| `report.html` | the report |
| `rejects.jsonl` | one line for each row that could not be used: where, and why |
| `run.json` | versions, parameters, timings, digests of the inputs: enough to repeat the scan |

The JSON Schema (2020-12) of `campaigns.json` is installed with the package, in
`phalanx/formats/schemas`. Within a major version fields may be added, none removed or changed.
Logarithms are to base 10 where the name says `log10`, natural otherwise."""


def _fields(definition: dict[str, Any]) -> str:
    rows = ["| field | type | meaning |", "| --- | --- | --- |"]
    for name, field in definition["properties"].items():
        meaning = " ".join(field.get("description", "").split()).replace("|", "\\|")
        rows.append(f"| `{name}` | {_type(field)} | {meaning} |")
    return "\n".join(rows)


def _values(definition: dict[str, Any]) -> str:
    return "One of " + ", ".join(f"`{value}`" for value in definition["enum"]) + "."


def _type(field: dict[str, Any]) -> str:
    match field:
        case {"$ref": str(reference)}:
            name = reference.rpartition("/")[2]
            text = f"[{name}](#{name.lower()})"
        case {"const": value}:
            text = f"`{value}`"
        case {"enum": values}:
            text = " or ".join(f"`{value}`" for value in values)
        case {"anyOf": options}:
            text = " or ".join(_type(option) for option in options)
        case {"type": "array", "items": items}:
            text = f"list of {_type(items)}"
        case {"type": "object", "additionalProperties": dict(inner)}:
            text = f"map to {_type(inner)}"
        case {"type": str(kind)}:
            text = str(field.get("format", kind))
        case _:
            text = "any"
    return text


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": command_line_page,
    "signals.md": signals_page,
    "json-schema.md": json_schema_page,
    "disclosure-rules.md": disclosure_page,
    "gateway-policy.md": gateway_policy_page,
}


def _help(words: tuple[str, ...]) -> str:
    sink = io.StringIO()
    console = Console(file=sink, width=HELP_COLUMNS, color_system=None, force_terminal=False)
    build_app().help_print(list(words), console=console)
    return sink.getvalue().strip("\n")


def main() -> int:
    """Write the pages; with `--check`, say which are stale instead and fail."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = []
    for name, page in PAGES.items():
        path, text = REFERENCE / name, page()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.write_text(text, encoding="utf-8")
    sys.stdout.writelines(f"{'stale' if check else 'wrote'}: {name}\n" for name in stale)
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
