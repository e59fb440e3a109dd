"""The list of breached passwords: found by bisection, whatever the list looks like."""

from __future__ import annotations

from hashlib import sha1
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.console.people.breached import BreachedList, refuse_breached
from phalanx.errors import ConfigError, InputError


def digest(password: str) -> str:
    """Return the digest of a password as lists have it."""
    return sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


def listed(path: Path, passwords: list[str], *, ending: str = "\r\n", counts: bool = True) -> Path:
    """Write a list of passwords in the form in which such lists are handed out."""
    lines = sorted(map(digest, passwords))
    path.write_bytes(
        "".join(
            f"{line}{f':{7 * number + 1}' if counts else ''}{ending}"
            for number, line in enumerate(lines)
        ).encode()
    )
    return path


@given(
    passwords=st.lists(st.text(max_size=12), min_size=1, max_size=40, unique=True),
    counts=st.booleans(),
)
def test_whoever_is_in_the_list_is_found_and_nobody_else(
    tmp_path_factory: pytest.TempPathFactory, passwords: list[str], *, counts: bool
) -> None:
    """From the first line to the last, with counts or without."""
    path = tmp_path_factory.mktemp("breached") / "list.txt"
    found = BreachedList(listed(path, passwords, counts=counts))
    found.refuse_other()
    assert all(map(found.holds, passwords))
    assert not any(found.holds(each + "#") for each in passwords if each + "#" not in passwords)


@pytest.mark.parametrize("change", [str.lower, str.rstrip, lambda text: text.replace("\r\n", "\n")])
def test_the_way_of_writing_a_list_does_not_matter(tmp_path: Path, change: object) -> None:
    """Small letters, no end of the last line, other ends of lines: all are about."""
    path = listed(tmp_path / "list.txt", [f"number {n}" for n in range(500)])
    path.write_text(change(path.read_bytes().decode()), newline="")  # type: ignore[operator]
    found = BreachedList(path)
    found.refuse_other()
    assert all(found.holds(f"number {n}") for n in range(500))
    assert not any(found.holds(f"number {n}") for n in range(500, 1_000))


def test_what_is_no_such_list_is_told_at_once(tmp_path: Path) -> None:
    """Empty, in the order of how often, of passwords in clear, with endless lines, or not there."""
    path = listed(tmp_path / "list.txt", [f"number {n}" for n in range(200)])
    lines = path.read_text().splitlines()
    for content, reason in (
        ("", "is an empty list"),
        ("\n".join(reversed(lines)), "not in the order"),
        ("123456\npassword\n", "no list of breached passwords, at byte 0"),
        ("A" * 4_000, "no list"),
    ):
        path.write_text(content)
        with pytest.raises(ConfigError, match=reason):
            BreachedList(path).refuse_other()
    path.unlink()
    with pytest.raises(InputError, match="cannot be read"):
        BreachedList(path).holds("x")


def test_without_a_list_nothing_is_looked_up(tmp_path: Path) -> None:
    """With one, what is in it is refused, with the next step."""
    refuse_breached(None, "trustno1trustno1")
    found = BreachedList(listed(tmp_path / "list.txt", ["trustno1trustno1"]))
    refuse_breached(found, "four words or more of them")
    with pytest.raises(InputError, match="were breached"):
        refuse_breached(found, "trustno1trustno1")
