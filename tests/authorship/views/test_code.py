"""What is read of code tells nothing of the task that it was written for."""

from __future__ import annotations

import pytest

from phalanx.authorship.views import code_view

BARE = "def f(x):\n    return g(x, '')"


@pytest.mark.parametrize(
    "dressed",
    [
        "def f(x):\n    # Adds one.\n\n    return g(x, 'a') # now\n",
        'def f(x):\n    """Adds one.\n\n    >>> f(1)\n    """\n    return g(x, \'b\')',
        "def f(x):\n\treturn g(x, 'a # b')\r\n",
        "Below is an instruction.\n### Instruction:\ndo it\n### Response:\n" + BARE,
        "Sure!\n```python\n" + BARE + "\n```\nThis adds one.",
    ],
)
def test_tasks_and_comments_are_not_seen(dressed: str) -> None:
    """Comments, docstrings, prompts, fences, what strings say: the view stays the same."""
    assert code_view(dressed, "python").content.decode() == BARE


def test_other_languages_lose_their_comments_too() -> None:
    """Slashes and stars; lifetimes of Rust are no strings."""
    view = code_view("/* a\n b */\nfn f<'a>(x: &'a str) { // so\n  \"//no\" }", "rust")
    assert view.content == b"fn f<'a>(x: &'a str) {\n  \"\" }"


def test_a_string_of_several_lines_is_a_value() -> None:
    """Only what stands alone is a docstring."""
    assert code_view('x = """a\nb"""', "python").content == b'x = ""'


def test_eighty_lines_are_read() -> None:
    """Of more lines the first are read, and all are counted."""
    view = code_view("a = 1\n\n" * 100, "python")
    assert (view.size, view.whole_size) == (80, 100)


@pytest.mark.parametrize("hostile", ["/*" * 20_000, '"""' * 20_001, "'" * 40_001, "`" * 40_001])
@pytest.mark.parametrize("language", ["python", "c"])
def test_what_is_never_closed_is_read_once(hostile: str, language: str) -> None:
    """Hostile code is read in one go: a quadratic reader would run into the limit of the test."""
    assert code_view(hostile + "\nx", language).whole_size <= 2
