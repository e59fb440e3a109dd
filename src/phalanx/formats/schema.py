"""The published JSON Schemas of documents that leave Phalanx, generated from the types.

`python -m phalanx.formats.schema` writes them again after a type has changed.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from phalanx import model
from phalanx.detect import result
from phalanx.formats import (
    authorship_calibrate_document,
    authorship_corpus_document,
    authorship_detect_document,
    authorship_lookup_document,
    authorship_made_document,
    authorship_parts,
    provenance_document,
)
from phalanx.formats.document import SCHEMA_ID, ScanDocument
from phalanx.formats.json import to_text
from phalanx.formats.provenance_document import PROVENANCE_SCHEMA_ID, ProvenanceDocument
from phalanx.prevent.decide import decision as gateway_decision
from phalanx.prevent.decide.decision import DECISION_SCHEMA_ID, Decision
from phalanx.prevent.policy.document import POLICY_SCHEMA_ID, PolicyDocument
from phalanx.prevent.replay import report as gateway_replay
from phalanx.prevent.replay.report import REPLAY_SCHEMA_ID, ReplayReport

SCHEMA_PATH = Path(__file__).parent / "schemas" / "campaigns-2.schema.json"
"""Where the schema is published, inside the package."""

PROFILE_SCHEMA_PATH = SCHEMA_PATH.with_name("profile-1.schema.json")
"""Where that of profiles is."""

PROVENANCE_SCHEMA_PATH = SCHEMA_PATH.with_name("provenance-1.schema.json")
"""Where that of verdicts about models is."""

POLICY_SCHEMA_PATH = SCHEMA_PATH.with_name("gateway-policy-1.schema.json")
"""Where that of policies of the gateway is."""

DECISION_SCHEMA_PATH = SCHEMA_PATH.with_name("gateway-decision-1.schema.json")
"""Where that of decisions of the gateway is."""

REPLAY_SCHEMA_PATH = SCHEMA_PATH.with_name("gateway-replay-1.schema.json")
"""Where that of replays of the gateway is."""


def campaigns_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of `campaigns.json`, with the types' own descriptions.

    Examples:
        >>> campaigns_schema()["properties"]["schema"]["const"]
        'phalanx.campaigns/2'
    """
    schema = TypeAdapter(ScanDocument).json_schema(mode="serialization")
    _describe(schema, ScanDocument)
    for name, definition in schema["$defs"].items():
        _describe(definition, getattr(model, name, None) or getattr(result, name))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **schema,
    }


def profile_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a profile of a known actor.

    Examples:
        >>> profile_schema()["properties"]["schema"]["const"]
        'phalanx.profile/1'
    """
    schema = TypeAdapter(model.ActorProfile).json_schema()
    _describe(schema, model.ActorProfile)
    schema["properties"]["sources"]["minItems"] = 1
    for name, definition in schema["$defs"].items():
        _describe(definition, getattr(model, name))
    for each in (schema, *schema["$defs"].values()):
        each["additionalProperties"] = False
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "phalanx.profile/1",
        **schema,
    }


def provenance_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a verdict about a model.

    Examples:
        >>> provenance_schema()["properties"]["schema"]["const"]
        'phalanx.provenance/1'
    """
    schema = TypeAdapter(ProvenanceDocument).json_schema(mode="serialization")
    _describe(schema, ProvenanceDocument)
    for name, definition in schema["$defs"].items():
        noun = getattr(provenance_document, name)
        if issubclass(noun, Enum):
            definition["description"] = inspect.getdoc(noun)
        else:
            for each in reversed(noun.__mro__[:-1]):
                _describe(definition, each)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": PROVENANCE_SCHEMA_ID,
        **schema,
    }


def policy_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a policy of the gateway.

    Examples:
        >>> policy_schema()["properties"]["schema"]["const"]
        'phalanx.gateway-policy/1'
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": POLICY_SCHEMA_ID,
        **PolicyDocument.model_json_schema(),
    }


def decision_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a decision of the gateway.

    Examples:
        >>> decision_schema()["properties"]["schema"]["const"]
        'phalanx.gateway-decision/1'
    """
    schema = TypeAdapter(Decision).json_schema(mode="serialization")
    _describe(schema, Decision)
    for name, definition in schema["$defs"].items():
        _describe(definition, getattr(gateway_decision, name))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": DECISION_SCHEMA_ID,
        **schema,
    }


def replay_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a replay of the gateway.

    Examples:
        >>> replay_schema()["properties"]["schema"]["const"]
        'phalanx.gateway-replay/1'
    """
    schema = TypeAdapter(ReplayReport).json_schema(mode="serialization")
    _describe(schema, ReplayReport)
    for name, definition in schema["$defs"].items():
        _describe(definition, getattr(gateway_replay, name))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": REPLAY_SCHEMA_ID,
        **schema,
    }


AUTHORSHIP_DOCUMENTS: dict[str, type] = {
    "authorship-detect-1": authorship_detect_document.DetectDocument,
    "authorship-lookup-1": authorship_lookup_document.LookupDocument,
    "authorship-corpus-1": authorship_corpus_document.CorpusDocument,
    "authorship-calibrate-1": authorship_calibrate_document.CalibrateDocument,
    "authorship-fit-1": authorship_made_document.FitDocument,
    "authorship-index-1": authorship_made_document.IndexDocument,
}
"""Answers of `phalanx authorship`: name of the file of their schema -> type."""


def authorship_path(name: str) -> Path:
    """Return where the schema of an answer of `phalanx authorship` is published."""
    return SCHEMA_PATH.with_name(f"{name}.schema.json")


def authorship_schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of an answer of `phalanx authorship`.

    Parameters:
        name: One of `AUTHORSHIP_DOCUMENTS`.

    Examples:
        >>> authorship_schema("authorship-lookup-1")["properties"]["schema"]["const"]
        'phalanx.authorship-lookup/1'
    """
    noun = AUTHORSHIP_DOCUMENTS[name]
    schema = TypeAdapter(noun).json_schema(mode="serialization")
    _describe(schema, noun)
    nouns = vars(authorship_parts) | vars(inspect.getmodule(noun))
    # An answer without parts of its own kind has no definitions.
    for part, definition in schema.get("$defs", {}).items():
        _describe(definition, nouns[part])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": schema["properties"]["schema"]["const"],
        **schema,
    }


def _describe(definition: dict[str, Any], noun: type) -> None:
    definition["description"] = (inspect.getdoc(noun) or "").split("\n\n")[0]
    for name, text in _field_docstrings(noun).items():
        if name in definition["properties"]:
            definition["properties"][name]["description"] = text


def _field_docstrings(noun: type) -> dict[str, str]:
    body = ast.parse(textwrap.dedent(inspect.getsource(noun))).body[0]
    found: dict[str, str] = {}
    if not isinstance(body, ast.ClassDef):
        return found
    for field, text in zip(body.body, body.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
            and isinstance(text.value.value, str)
        ):
            found[field.target.id] = " ".join(text.value.value.split())
    return found


if __name__ == "__main__":
    SCHEMA_PATH.write_text(to_text(campaigns_schema()), encoding="utf-8")
    PROFILE_SCHEMA_PATH.write_text(to_text(profile_schema()), encoding="utf-8")
    PROVENANCE_SCHEMA_PATH.write_text(to_text(provenance_schema()), encoding="utf-8")
    POLICY_SCHEMA_PATH.write_text(to_text(policy_schema()), encoding="utf-8")
    DECISION_SCHEMA_PATH.write_text(to_text(decision_schema()), encoding="utf-8")
    REPLAY_SCHEMA_PATH.write_text(to_text(replay_schema()), encoding="utf-8")
    for answer in AUTHORSHIP_DOCUMENTS:
        authorship_path(answer).write_text(to_text(authorship_schema(answer)), encoding="utf-8")
