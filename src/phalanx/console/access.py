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
"""Agree as a second person; the agreement of the alliance, or the case, says who else must."""

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
    "/sharing/inbox": _JUDGING,
    "/sharing/outbox": _JUDGING,
    "/sharing/disclosures": _JUDGING,
    "/sharing/disclosures/{number}": _JUDGING,
    "/sharing/audit": _JUDGING,
    "/marks": _MARKING,
    "/marks/{name}": _MARKING,
    "/releases": _RELEASING,
    "/releases/{name}": _RELEASING,
    "/cases": _JUDGING,
    "/cases/{name}": _JUDGING,
    "/duties": EVERYBODY,
    "/controls": EVERYBODY,
    "/ledger": _LEDGER,
    "/ledger/{number}": _LEDGER,
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
        f"GET {API}/ledger/{{number}}/proof": _LEDGER,
        "POST /sign-out": EVERYBODY,
        "POST /me/password": EVERYBODY,
        "POST /me/sessions/end": EVERYBODY,
        "POST /me/sessions/{name}/end": EVERYBODY,
        f"POST {API}/me/token": EVERYBODY,
        "POST /sharing/disclosures/{number}/approve": _ANSWERING,
        "POST /sharing/disclosures/{number}/reject": _ANSWERING,
        f"POST {API}/sharing/disclosures/{{number}}/approve": _ANSWERING,
        f"POST {API}/sharing/disclosures/{{number}}/reject": _ANSWERING,
        "POST /cases/{name}/requests/{number}/approve": _ANSWERING,
        "POST /cases/{name}/requests/{number}/reject": _ANSWERING,
        "POST /people/{name}/disable": _KEEPING,
        "POST /people/{name}/enable": _KEEPING,
        "POST /people/sessions/{name}/end": _KEEPING,
    }
)
"""Method and path of a route -> roles that it is for."""


OF_PROGRAMS = frozenset({f"POST {API}/me/token"})
"""What only a token may do: trade itself for the next one."""


def may(role: Role, method: str, path: str) -> bool:
    """Tell whether a route is for a role.

    Examples:
        >>> may(Role.AUDITOR, "GET", "/ledger"), may(Role.ANALYST, "GET", "/ledger")
        (True, False)
    """
    return role in ACCESS.get(f"{method} {path}", frozenset())
