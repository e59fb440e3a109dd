"""Who may do what: every route of the console with the roles that it is for, as a table.

A route that is not in it is refused to everybody, and the application does not start with one.
Pages have a twin under `/api/v1`, for the same roles.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from phalanx.console.people.roles import EVERYBODY, Role

API = "/api/v1"

PUBLIC: frozenset[Role] = frozenset()
"""Nobody has to sign in."""

_JUDGING = frozenset({Role.ANALYST, Role.COUNSEL, Role.AUDITOR})
"""See what accounts are accused of."""

_ANSWERING = frozenset({Role.ANALYST, Role.COUNSEL})
"""Approve what is to leave the house; the agreement says who else must."""

_RELEASING = frozenset({Role.RELEASE_MANAGER, Role.COUNSEL, Role.AUDITOR})
_MARKING = _JUDGING | {Role.RELEASE_MANAGER}
_LEDGER = frozenset({Role.COUNSEL, Role.AUDITOR, Role.ADMINISTRATOR})
_PEOPLE = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})
_KEEPING = frozenset({Role.ADMINISTRATOR})

_PAGES = {
    "/": EVERYBODY,
    "/search": EVERYBODY,
    "/campaigns": _JUDGING,
    "/campaigns/{scan}/{group}": _JUDGING,
    "/findings": _JUDGING,
    "/accounts": _JUDGING,
    "/accounts/{scan}/{account}": _JUDGING,
    "/people": _PEOPLE,
    "/me": EVERYBODY,
}
"""Pages with a twin."""

ACCESS: Mapping[str, frozenset[Role]] = MappingProxyType(
    {
        **{f"GET {path}": roles for path, roles in _PAGES.items()},
        **{f"GET {API}{path}": roles for path, roles in _PAGES.items()},
        "GET /sign-in": PUBLIC,
        "POST /sign-in": PUBLIC,
        "GET /sign-in/elsewhere": PUBLIC,
        "GET /sign-in/back": PUBLIC,
        "GET /assets/{name}": PUBLIC,
        "GET /healthz": PUBLIC,
        f"GET {API}/openapi.json": EVERYBODY,
        f"GET {API}/campaigns/{{scan}}/{{group}}/graph": _JUDGING,
        "POST /sign-out": EVERYBODY,
        "POST /me/password": EVERYBODY,
        "POST /me/sessions/end": EVERYBODY,
        "POST /people/{name}/disable": _KEEPING,
        "POST /people/{name}/enable": _KEEPING,
    }
)
"""Method and path of a route -> roles that it is for."""


def may(role: Role, method: str, path: str) -> bool:
    """Tell whether a route is for a role.

    Examples:
        >>> may(Role.AUDITOR, "GET", "/ledger"), may(Role.ANALYST, "GET", "/ledger")
        (True, False)
    """
    return role in ACCESS.get(f"{method} {path}", frozenset())
