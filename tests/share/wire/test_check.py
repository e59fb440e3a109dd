"""The structural check takes what is an object and refuses the rest with a reason."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stix2patterns.v21.pattern import Pattern

from phalanx.errors import InputError
from phalanx.share.wire import (
    Limits,
    PatternError,
    atlas_case,
    check,
    document,
    joined,
    read_pattern,
    split,
)
from phalanx.share.wire.matching import quoted
from phalanx.share.wire.patterns import _Reader, _tokens, is_plain

OBJECTS = atlas_case()["objects"]
RULE = next(item for item in OBJECTS if item["type"] == "indicator")
JSON = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=4)
        | st.dictionaries(st.from_regex(r"[a-z_]{3,12}[xyz]", fullmatch=True), inner, max_size=4)
    ),
    max_leaves=12,
)


def _refusal(raw: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(InputError) as caught:
        check(raw, limits or Limits())
    return str(caught.value)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": "indicator--1"}, "`id` is not"),
        ({"id": OBJECTS[0]["id"]}, "`id` is not indicator"),
        ({"type": "x-thing"}, "is not taken"),
        ({"type": 7}, "no `type`"),
        ({"spec_version": "2.0"}, "`spec_version`"),
        ({"created": "2026-02-31T00:00:00Z"}, "`created` is no moment"),
        ({"created": "2026-02-01"}, "`created` is no moment"),
        ({"created": "2027-01-01T00:00:00Z"}, "`modified` is before `created`"),
        ({"valid_until": RULE["valid_from"]}, "not after"),
        ({"pattern": "[a:b = 'c'"}, "] was expected"),
        ({"pattern": "[a:b = ]"}, "a value was expected"),
        ({"pattern": "[a:b MATCHES '(a+)+$']"}, "regular expression"),
        ({"pattern": "[" + "(" * 17 + "a:b = 1" + ")" * 17 + "]"}, "parentheses"),
        ({"pattern": "[a:b = '" + "c" * 10_000 + "']"}, "longer than"),
        ({"pattern_type": "sigma"}, "`pattern_type`"),
        ({"labels": []}, "empty"),
        ({"name": None}, "null"),
        ({"confidence": 2**53 + 1}, "number"),
        ({"created_by_ref": "me"}, "`created_by_ref` is no identifier"),
        ({"object_marking_refs": ["x"]}, "`object_marking_refs`"),
        ({"bad name": 1}, "no name"),
        ({"name": "x" * 70_000}, "text of more"),
    ],
)
def test_each_fault_has_its_reason(change: dict[str, Any], reason: str) -> None:
    """A refusal says which property is at fault and what was expected."""
    assert reason in _refusal(json.dumps({**RULE, **change}).encode())


@pytest.mark.parametrize("name", ["created", "modified", "pattern", "valid_from", "spec_version"])
def test_what_must_be_there_is_missed(name: str) -> None:
    """An indicator lacks nothing that STIX asks of it."""
    lacking = {key: value for key, value in RULE.items() if key != name}
    assert f"without `{name}`" in _refusal(json.dumps(lacking).encode())


@pytest.mark.parametrize("between", ["", " ", "\n\t"])
def test_a_name_twice_is_refused(between: str) -> None:
    """Readers would take different values of it; texts that look like names do not count."""
    text = json.dumps({**RULE, "name": 'a":1,"b\\":2,"name" :'})
    assert check(text.encode()).fields["name"].startswith("a")
    twice = text[:-1] + f',"name"{between}:"other"}}'
    assert "twice" in _refusal(twice.encode())


def test_size_and_depth_are_bounded() -> None:
    """Neither long nor deeply nested input reaches a parser's own limits."""
    assert "bytes" in _refusal(b" " * 300_000)
    deep = json.dumps(RULE)[:-1] + ',"x":' + "[" * 50 + "1" + "]" * 50 + "}"
    assert "nested deeper" in _refusal(deep.encode())
    assert "no JSON" in _refusal(b"[" * 200_000)
    assert "not taken" in _refusal(json.dumps(RULE).encode(), Limits(types=frozenset({"note"})))


@pytest.mark.parametrize("raw", [b"", b"null", b"[]", b"\xff", b'{"a":NaN}', b'{"id":"\\ud800"}'])
def test_what_is_no_json_object_is_refused(raw: bytes) -> None:
    """Whatever bytes arrive, the answer is a plain message."""
    assert _refusal(raw).startswith("no object")


@given(raw=st.binary(max_size=200))
def test_any_bytes_are_taken_or_refused(raw: bytes) -> None:
    """No bytes raise anything but the refusal."""
    with pytest.raises(InputError):
        check(raw)
    with pytest.raises(InputError):
        split(b'{"objects": 1}' + raw, maximum_objects=3)


@given(name=st.sampled_from(sorted(RULE)), value=JSON)
def test_any_change_is_taken_or_refused(name: str, value: Any) -> None:
    """An object with any value in any place is an object or has a reason why not."""
    raw = json.dumps({**RULE, name: value}).encode()
    with suppress(InputError):
        assert check(raw).raw == raw


@given(
    extra=JSON, spaces=st.sampled_from(["", " ", "\n  "]), number=st.sampled_from(["1.0", "1E2"])
)
def test_unknown_fields_survive_byte_for_byte(extra: Any, spaces: str, number: str) -> None:
    """What is read in a bundle and written again keeps order, spacing and spelling."""
    body = json.dumps(RULE, separators=("," + spaces, ":" + spaces))[:-1]
    raw = f'{body},"x_future":{json.dumps(extra)},{spaces}"x_number":{number}}}'.encode()
    first, second = split(joined("bundle--1", [raw, b'{"a" : 1}']), maximum_objects=2)
    assert first == raw
    assert second == b'{"a" : 1}'
    assert document(check(raw).fields).fields["x_future"] == extra


NAMED = st.lists(
    st.tuples(
        st.sampled_from(['"x_a"', '"x_b"', '"x_\\u0061"', '"x_c"']),
        st.sampled_from(["", " ", "\n"]),
        st.sampled_from(
            [
                "1",
                '":"',
                '"\\":"',
                '"a\\\\"',
                '{"x_a":1,"x_a" :2}',
                '{"x_d":":","x_e":[{}]}',
                '[":",1]',
            ]
        ),
    ),
    max_size=4,
)


@given(named=NAMED)
def test_names_are_counted_as_a_full_reader_counts_them(named: list[tuple[str, str, str]]) -> None:
    """However names are spelt and whatever texts look like one, only a name twice is refused."""
    twice = []

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        twice.append(len({name for name, _ in found}) < len(found))
        return dict(found)

    body = json.dumps(RULE)[:-1]
    raw = body + "".join(f",{name}{space}:{value}" for name, space, value in named) + "}"
    read = json.loads(raw, object_pairs_hook=pairs)
    if any(twice):
        assert "twice" in _refusal(raw.encode())
    else:
        assert check(raw.encode()).fields == read


@given(
    place=st.integers(0, 10**6), removed=st.integers(0, 3), put=st.binary(max_size=3),
    which=st.integers(0, 10**6),
)  # fmt: skip
def test_damaged_bytes_are_taken_or_refused(
    place: int, removed: int, put: bytes, which: int
) -> None:
    """An object with bytes lost, changed or added is read as any reader does, or refused."""
    raw = document(OBJECTS[which % len(OBJECTS)]).raw
    place %= len(raw)
    damaged = raw[:place] + put + raw[place + removed :]
    with suppress(InputError):
        assert check(damaged).fields == json.loads(damaged)


def test_a_bundle_of_too_many_is_refused() -> None:
    """The number of objects in one message is bounded."""
    with pytest.raises(InputError, match="3 objects where 2"):
        split(b'{"objects":[1,2,3]}', maximum_objects=2)


PATTERNS = [
    "[ipv4-addr:value = '192.0.2.1']",
    "[a:b = 'it\\'s' AND c:d IN (1, 2)] OR [e:f LIKE '%x']",
    "([a:b = 1] FOLLOWEDBY [c:d > 2.5]) WITHIN 300 SECONDS",
    "[file:hashes.'SHA-256' = 'aa'] REPEATS 3 TIMES",
    "[a:b.c[*].d != true AND (e:f ISSUBSET '10.0.0.0/8' OR NOT EXISTS g:h)]",
    "[a:b NOT IN ('x','y')] START t'2026-01-01T00:00:00Z' STOP t'2026-01-02T00:00:00Z'",
    "[a:b EXISTS]", "[a = 1]", "[a:b = 'x'", "a:b = 'x'", "[]",  "[a:b ==== 1]",
    "[a:b = 'x'] AND", "[a:b = 'x'] [c:d = 1]", "[a:b WITHIN 3 SECONDS]", "[NOT a:b = 1]",
    "[a:b = 1] WITHIN x SECONDS", "[(a:b = 1]", "[a:b = 'x\\y']", '[a:b = "x"]',
]  # fmt: skip


@pytest.mark.parametrize("text", PATTERNS)
def test_patterns_are_judged_as_the_grammar_judges_them(text: str) -> None:
    """Our reader and the OASIS grammar agree on what is a pattern."""
    try:
        Pattern(text)
        is_pattern = True
    except Exception:  # noqa: BLE001 - the grammar raises many kinds
        is_pattern = False
    if is_pattern:
        read_pattern(text)
    else:
        with pytest.raises(PatternError):
            read_pattern(text)
    assert not is_plain(text) or is_pattern


@given(text=st.text(alphabet="ab:-_.'\\ =<>![]()IN,ANDOR01*", max_size=60))
def test_the_quick_look_never_takes_more(text: str) -> None:
    """A pattern that is taken at once is one that the reader takes too."""
    try:
        read_pattern(text)
    except PatternError:
        assert not is_plain(text)


@pytest.mark.parametrize("text", [text for text in PATTERNS if is_plain(text)] + [RULE["pattern"]])
def test_plain_patterns_are_read_alike_both_ways(text: str) -> None:
    """What is read quickly is what the full reader reads."""
    assert read_pattern(text) == _Reader(_tokens(text)).read()


@given(values=st.lists(st.text(max_size=12), min_size=1, max_size=4))
def test_sets_are_read_alike_both_ways(values: list[str]) -> None:
    """Brackets, quotes and words of the language inside of literals change nothing."""
    text = f"[a:b IN ({', '.join(map(quoted, values))}) AND c:d = 5] OR [e:f = 'x:y = 1']"
    assert is_plain(text)
    assert read_pattern(text) == _Reader(_tokens(text)).read()
    assert read_pattern(text)[0].values == tuple(values)


def test_an_empty_set_is_refused() -> None:
    """The grammar has it, but it matches nothing."""
    with pytest.raises(PatternError):
        read_pattern("[a:b IN ()]")


@given(value=st.text(max_size=40))
def test_literals_cannot_leave_their_quotes(value: str) -> None:
    """Whatever a value holds, it is one literal."""
    (compared,) = read_pattern(f"[a:b = {quoted(value)}]")
    assert compared.values == (value,)
