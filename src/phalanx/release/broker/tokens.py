"""Attestation tokens (EAT as JWT): whether one vouches for this machine, now, to us.

References:
    RFC 9711 (EAT); RFC 8725 (best practices of JWT).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import jwt
from jwt.exceptions import PyJWTError

from phalanx.errors import PolicyError
from phalanx.release.broker.policy import TokenPolicy

MOST_BYTES = 16_384
_SKEW_SECONDS = 60
_REQUIRED = ("iss", "aud", "iat", "exp", "eat_nonce")


def refuse_token(token: str, policy: TokenPolicy, nonce: str, now: datetime) -> None:
    """Refuse a token that does not vouch for what the policy asks for.

    Parameters:
        token: As it was sent.
        policy: Pinned keys and rules.
        nonce: That it has to hold.
        now: In UTC.

    Raises:
        PolicyError: If it does not; the message repeats nothing of it.
    """
    claims = _verified(token, policy)
    _refuse_untimely(claims, policy, now)
    nonces = claims["eat_nonce"]
    if nonce not in (nonces if isinstance(nonces, list) else [nonces]):
        raise _refused(why="it is not of this challenge and this key")
    for path, allowed in policy.rules.claims.items():
        value = _at(claims, path)
        if not any(type(value) is type(each) and value == each for each in allowed):
            raise _refused(why=f"the claim {path} is not as the policy asks for")


def _verified(token: str, policy: TokenPolicy) -> Mapping[str, Any]:
    if len(token) > MOST_BYTES:
        raise _refused(why="it is too large")
    try:
        key = policy.keys.get(str(jwt.get_unverified_header(token).get("kid")))
        if key is None:
            raise _refused(why="it is signed with another key")
        found: Mapping[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=[key.algorithm_name],
            audience=policy.rules.audience,
            issuer=policy.rules.issuer,
            # Times are compared with the broker's own clock, below.
            options={
                "require": list(_REQUIRED),
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "strict_aud": True,
            },
        )
    except (PyJWTError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise _refused(why="it does not verify") from error
    return found


def _refuse_untimely(claims: Mapping[str, Any], policy: TokenPolicy, now: datetime) -> None:
    seconds = now.timestamp()
    times = {name: claims.get(name, 0) for name in ("iat", "exp", "nbf")}
    if any(type(each) is not int for each in times.values()):
        raise _refused(why="a time of it is no number of seconds")
    if times["exp"] <= seconds:
        raise _refused(why="it is over")
    if max(times["iat"], times["nbf"]) > seconds + _SKEW_SECONDS:
        raise _refused(why="it has not begun")
    if times["iat"] < seconds - policy.rules.most_age_seconds:
        raise _refused(why="it is too old")


def _at(claims: object, path: str) -> object:
    found = claims
    for part in path.split("."):
        if not isinstance(found, dict) or part not in found:
            return None
        found = found[part]
    return found


def _refused(*, why: str) -> PolicyError:
    message = f"the token does not help: {why}"
    return PolicyError(message, next_step="Get a token for this challenge from the attester.")
