"""Under what a key is handed out: whose tokens, which claims, how often, until when."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from jwt import PyJWK, PyJWKSet
from jwt.exceptions import PyJWTError
from pydantic import Field, ValidationError

from phalanx.errors import InputError, PhalanxError
from phalanx.json_text import parse_object
from phalanx.printable import printable
from phalanx.release.envelopes.statement import Moment, Part, Text

Algorithm = Literal["ES256", "ES384", "EdDSA", "PS256", "PS384", "RS256"]
"""Signatures with public keys only: no `none`, and no shared secret."""

Value = str | int | bool
_MOST_KEYS = 32


class Rules(Part):
    """What a token has to say, and how often it helps."""

    issuer: Text
    """`iss` of the attester."""

    audience: Text
    """`aud`, by which the attester names this broker."""

    algorithms: Annotated[tuple[Algorithm, ...], Field(strict=False, min_length=1)]
    most_age_seconds: Annotated[int, Field(ge=1, le=86_400)] = 300
    """Between `iat` and now."""

    most_releases: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """How often the key is handed out, ever."""

    not_after: Moment
    """From when on it is not handed out any more."""

    claims: Mapping[str, Annotated[tuple[Value, ...], Field(strict=False, min_length=1)]]
    """Path of a claim, parts joined by dots -> values of which it has to have one."""


@dataclass(frozen=True, slots=True)
class TokenPolicy:
    """Rules, and the pinned keys of the attester by their id."""

    rules: Rules
    keys: Mapping[str, PyJWK]
    key_set: str
    """The keys, as they were given."""


def token_policy(rules: Mapping[str, Any], key_set: bytes) -> TokenPolicy:
    """Understand a policy.

    Parameters:
        rules: Of a TOML file, or of the database.
        key_set: JSON Web Key Set of the attester, with public keys that have ids.

    Raises:
        InputError: If a rule is missing, wrong or unknown, or the keys are none.
    """
    try:
        found = Rules.model_validate_json(json.dumps(dict(rules), default=str))
        said = _public(parse_object(key_set, "the key set"))
        keys = PyJWKSet.from_dict(said).keys
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _unusable(why=f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except (PyJWTError, PhalanxError, ValueError, TypeError, AttributeError) as error:
        raise _unusable(why="the keys of the attester are none") from error
    by_id = {each.key_id: each for each in keys if each.key_id}
    # The library leaves out keys that it does not know.
    if len(by_id) != len(said["keys"]) or len(by_id) > _MOST_KEYS:
        raise _unusable(why="each key of the attester needs an id of its own")
    usable = {name: key for name, key in by_id.items() if key.algorithm_name in found.algorithms}
    if len(usable) < len(by_id):
        raise _unusable(why="a key of the attester is for an algorithm that is not allowed")
    return TokenPolicy(rules=found, keys=usable, key_set=key_set.decode())


def _public(said: dict[str, Any]) -> dict[str, Any]:
    for each in said.get("keys", []):
        if {"d", "k", "p"} & set(each):
            message = "a secret key"
            raise ValueError(message)
    return said


def rules_text(rules: Rules) -> str:
    """Return rules as the database keeps them."""
    return json.dumps(rules.model_dump(mode="json"), sort_keys=True)


def _unusable(*, why: str) -> InputError:
    message = f"the policy of the broker: {printable(why)[:200]}"
    return InputError(message, next_step="Write it as the how-to shows.")
