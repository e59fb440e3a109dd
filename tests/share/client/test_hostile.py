"""Servers that lie, flood, dawdle or are something else: an error of Phalanx, never a traceback."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phalanx.errors import (
    InputError,
    PhalanxError,
    PolicyError,
    ServiceError,
    VerificationError,
)
from phalanx.share.asking import Patience
from phalanx.share.client import (
    Collection,
    acknowledge,
    manifest,
    opinions,
    pull,
    push,
    tombstone,
    tombstones_of,
)
from phalanx.share.wire import Document

Make = Callable[..., Document]
NAME = "indicator--00000000-0000-4000-8000-000000000001"
ADDED = {"X-TAXII-Date-Added-Last": "2026-01-01T00:00:00.000000Z"}


class _Said:
    """An answer, as the liar gives it."""

    def __init__(
        self, body: Any = b"{}", status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.status = status
        self.headers = headers or {}


def _object(number: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": NAME[:-1] + str(number), "type": "indicator", **more}


def _pages(*pages: Any) -> Callable[[str, str], _Said]:
    """Return answers: no tombstones, then one page after another, the last one for ever."""
    left = list(pages)

    def answered(_method: str, path: str) -> _Said:
        if "x-tombstones" in path:
            return _Said(status=404)
        page = left.pop(0) if len(left) > 1 else left[0]
        return page if isinstance(page, _Said) else _Said(page, headers=ADDED)

    return answered


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>", b"[]", b"null", b"\xff\xfe", b'{"objects": 5}', b'{"more": "yes"}',
        b'{"objects": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}",
        b'{"more": true}', b'{"more": true, "next": "a", "objects": []}',
        json.dumps({"next": "x" * 40_000}).encode(),
        json.dumps({"objects": [1] * 10_001}).encode(),
        b'{"objects": [{"a": 1}',
    ],
)  # fmt: skip
def test_pages_that_are_none(liar: Any, body: bytes) -> None:
    """Whatever stands where a page should be."""
    liar.answers = _pages(_Said(body, headers=ADDED))
    with liar.collection() as theirs, pytest.raises(VerificationError):
        list(pull(theirs))


def test_an_empty_page_is_an_empty_collection(liar: Any) -> None:
    """As TAXII wants it."""
    liar.answers = _pages(b"{}")
    with liar.collection() as theirs:
        assert list(pull(theirs)) == []


def test_a_list_without_end(liar: Any) -> None:
    """The same page again and again ends the reading; what came before it is the member's."""
    page = {"more": True, "next": "a", "objects": [_object()]}
    liar.answers = _pages(page)
    with liar.collection() as theirs:
        reading = pull(theirs)
        assert len(next(reading).documents) == 1
        with pytest.raises(VerificationError, match="move on"):
            next(reading)


def test_a_server_that_gives_no_next(liar: Any) -> None:
    """It is asked for what was added later, as long as there is something later."""
    later = {"X-TAXII-Date-Added-Last": "2026-01-02T00:00:00Z"}
    first = {"more": True, "objects": [_object(1)]}
    liar.answers = _pages(first, _Said({"objects": [_object(2)]}, headers=later))
    with liar.collection() as theirs:
        parts = list(pull(theirs))
    assert [part.documents[0].id[-1] for part in parts] == ["1", "2"]
    assert parts[0].cursor.objects_after == "2025-12-31T23:59:59.999999Z"
    assert parts[1].cursor.objects_after == "2026-01-02T00:00:00.000000Z"
    assert "added_after=2026-01-01" in liar.asked[-1][1]
    liar.answers = _pages(first)
    with liar.collection() as theirs, pytest.raises(VerificationError, match="move on"):
        list(pull(theirs))


@pytest.mark.parametrize(
    "moment", ["", "now", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00Z", "2026-01-01T25:00:00Z"]
)
def test_moments_that_are_none(liar: Any, moment: str) -> None:
    """Without knowing when objects were added, nobody could go on reading later."""
    page = _Said({"objects": [_object()]}, headers={"X-TAXII-Date-Added-Last": moment})
    liar.answers = _pages(page)
    with liar.collection() as theirs, pytest.raises(VerificationError):
        list(pull(theirs))


def test_objects_that_are_none_spoil_no_other(liar: Any) -> None:
    """They are handed on as bytes, with the reason."""
    bad: list[Any] = [5, None, [], {}, {"id": 5, "type": "x"}, _object(1, modified=5)]
    bad += [{"id": NAME, "type": "tool"}, {"id": "../../etc/passwd", "type": "indicator"}]
    liar.answers = _pages({"objects": [*bad, _object(2)]})
    with liar.collection() as theirs:
        (part,) = pull(theirs)
    assert [json.loads(each.raw) for each in part.rejected] == bad
    assert [each.id for each in part.documents] == [_object(2)["id"]]


def test_an_answer_that_is_too_large(liar: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more of it is read than an honest one has."""
    monkeypatch.setattr("phalanx.share.client.access.LARGEST_ANSWER_BYTES", 10_000)
    liar.answers = _pages(_Said(b" " * 10_001))
    with liar.collection() as theirs, pytest.raises(VerificationError, match="larger"):
        list(pull(theirs))


def test_redirects_are_not_followed(liar: Any) -> None:
    """The key is for the server that was named."""
    liar.asked.clear()
    elsewhere = {"Location": f"http://127.0.0.1:{liar.port}/elsewhere/"}
    liar.answers = lambda _method, _path: _Said(status=302, headers=elsewhere)
    with liar.collection() as theirs, pytest.raises(ServiceError) as told:
        list(pull(theirs))
    assert not [path for _, path in liar.asked if "elsewhere" in path]
    assert f"redirects to {elsewhere['Location']} (302)" in str(told.value)
    assert "does not answer" not in str(told.value)
    assert "name that address" in told.value.next_step


def test_other_servers_get_no_key(liar: Any) -> None:
    """A URL that leads away is refused before anything is asked."""
    liar.answers = lambda _method, _path: _Said()
    with liar.collection() as theirs:
        for url in (
            "https://evil.example/root/",
            "//evil.example/",
            "http://127.0.0.1:1/",
            "ftp:x",
        ):
            with pytest.raises(VerificationError):
                theirs.server.api_root(url)


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, PolicyError), (403, PolicyError), (404, InputError), (429, PolicyError),
     (500, ServiceError), (503, ServiceError), (507, ServiceError)],
)  # fmt: skip
def test_what_statuses_mean(liar: Any, make: Make, status: int, error: type[PhalanxError]) -> None:
    """Refused, not there, or not now."""
    liar.answers = lambda _method, _path: _Said(b"<p>no", status)
    with liar.collection() as theirs:
        for ask in (lambda: list(pull(theirs)), lambda: list(push(theirs, [make(1)]))):
            with pytest.raises(error):
                ask()


def test_later_is_waited_for(liar: Any) -> None:
    """As long as the server asks for, if that is not long."""
    left = [_Said(status=429, headers={"Retry-After": "3"}), _Said(status=503)]
    liar.answers = lambda _method, _path: left.pop(0) if left else _Said()
    with liar.collection(Patience(attempts=3)) as theirs:
        assert list(pull(theirs)) == []
    long = _Said(status=429, headers={"Retry-After": "86400"})
    liar.answers = lambda _method, _path: long
    with liar.collection() as theirs, pytest.raises(PolicyError, match="86400"):
        list(pull(theirs))


def _in_turn(left: list[bytes], status: int) -> Callable[[str, str], _Said]:
    """Return answers, one after another, the last one for ever."""
    return lambda _method, _path: _Said(left.pop(0) if len(left) > 1 else left[0], status, ADDED)


def _taking(status: Any, *later: Any) -> Callable[[str, str], _Said]:
    """Return answers of a server that takes objects, and says this of them."""
    left = list(later)

    def answered(method: str, path: str) -> _Said:
        if method == "POST":
            return status if isinstance(status, _Said) else _Said(status, 202)
        if "status" in path:
            return _Said(left.pop(0) if len(left) > 1 else left[0])
        return _Said({"title": "Root", "max_content_length": 10_000})

    return answered


def _fate(liar: Any, documents: list[Document]) -> tuple[list[str], dict[str, str]]:
    with liar.collection() as theirs:
        parts = list(push(theirs, documents))
    stored = [each.id for part in parts for each in part.stored]
    refused = {each.document.id: each.reason for part in parts for each in part.refused}
    return stored, refused


def test_a_pending_request_is_followed_to_its_end(liar: Any, make: Make) -> None:
    """Until nothing is pending; one that never ends is told so."""
    pending = {"id": "s-1", "status": "pending", "total_count": 2, "pending_count": 2}
    failed = {"id": make(2).id, "message": "no"}
    done = {"id": "s-1", "status": "complete", "success_count": 1, "failure_count": 1}
    liar.answers = _taking(pending, pending, pending, done | {"failures": [failed]})
    stored, refused = _fate(liar, [make(1), make(2)])
    assert (stored, refused) == ([make(1).id], {make(2).id: "no"})
    liar.answers = _taking(pending, pending)
    with pytest.raises(ServiceError, match="not finished"):
        _fate(liar, [make(1)])


def test_nothing_counts_as_taken_that_is_not_said_to_be(liar: Any, make: Make) -> None:
    """Counts that fit nothing, lists of other objects, versions that were never sent."""
    complete = {"id": "s", "status": "complete"}
    documents = [make(1), make(2)]
    for status in (
        complete,
        complete | {"success_count": 1},
        complete | {"success_count": 2, "failure_count": 1},
        complete | {"success_count": 7, "successes": [{"id": make(9).id}]},
        complete | {"success_count": 1, "failures": [{"id": each.id} for each in documents]},
    ):
        liar.answers = _taking(status)
        stored, refused = _fate(liar, documents)
        assert not stored
        assert len(refused) == 2
    written = [{"id": make(1).id, "version": "2026-01-01T00:00:00Z"}]
    liar.answers = _taking(complete | {"success_count": 1, "successes": written})
    assert _fate(liar, documents)[0] == [make(1).id]
    written[0]["version"] = "2025-01-01T00:00:00Z"
    liar.answers = _taking(complete | {"success_count": 1, "successes": written})
    assert _fate(liar, documents)[0] == []


def test_an_envelope_that_is_too_large_after_all(liar: Any, make: Make) -> None:
    """It is sent in halves; a single object that is too large is refused alone."""
    liar.answers = _taking(_Said(status=413))
    stored, refused = _fate(liar, [make(1), make(2), make(3)])
    assert not stored
    assert len(refused) == 3
    liar.answers = _taking(_Said(status=422))
    assert "422" in _fate(liar, [make(1)])[1][make(1).id]


@pytest.mark.parametrize("most", [0, -1, "much", None, 2**80])
def test_lengths_that_are_none(liar: Any, make: Make, most: Any) -> None:
    """A root that says nonsense of what it takes."""
    liar.answers = lambda _method, _path: _Said({"title": "Root", "max_content_length": most})
    with liar.collection() as theirs, pytest.raises(VerificationError):
        list(push(theirs, [make(1)]))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["id", "type", "objects", "more", "next", "tombstones", "number", "object_id",
                 "kind", "date_added", "status", "successes", "failures", "version", "modified",
                 "title", "max_content_length", "success_count", "verdict", "agreeing"]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)  # fmt: skip
_BODIES = _JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(bodies=st.lists(_BODIES, min_size=1, max_size=3), status=st.sampled_from([200, 202, 201]))
def test_any_answer_is_read_or_refused(
    liar: Any, make: Make, bodies: list[bytes], status: int
) -> None:
    """Each function of the client, against answers that nobody foresaw."""
    asked: list[Callable[[Collection], object]] = [
        lambda theirs: list(pull(theirs)),
        lambda theirs: list(push(theirs, [make(1)])),
        lambda theirs: list(manifest(theirs)),
        lambda theirs: list(tombstones_of(theirs)),
        lambda theirs: tombstone(theirs, 1),
        lambda theirs: acknowledge(theirs, 1, "kept"),
        lambda theirs: opinions(theirs, NAME),
        lambda theirs: theirs.info(),
        lambda theirs: theirs.server.discover(),
        lambda theirs: theirs.server.collections(),
    ]
    for ask in asked:
        liar.answers = _in_turn(list(bodies), status)
        with liar.collection() as theirs, suppress(PhalanxError):
            ask(theirs)
