"""Tokens of fixed texts, written down: what members compare may not drift between versions."""

from __future__ import annotations

import pyarrow as pa
import pytest

from phalanx.text import derive_seed, hash_strings, tokens_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'Grade the answer "x" of pupil 7: `code` https://a.example/b',
            [
                0x20A421766635B611, 0xE77DD53CBE0BAA96, 0x54616E05020D6697, 13,
                0xB21098AFC60CD9E0, 0x8E7AE48094BB80B4, 11, 17, 19,
            ],
        ),
        (
            "Übersetze das ins Ёлка 语言 \uff42\uff4f\uff4c\uff44",
            [
                0xB0806F91E0A1A616, 0x87BA31EADDEC7F99, 0x57763397BDCEB0F7, 0x83CF43AB964C85F5,
                0x90A6053469015481, 0x5B244E9CF997F93D, 0x93128B9D7ADFE8E7,
            ],
        ),
        ("\u200bGr\u0430de th\u0435se", [0x20A421766635B611, 0x5080B3BA87E24FB9]),
        ("xxxxxxxxx yy", [0x2E5174852A0E3C4B, 0x3AF45ECE7F365E42]),
    ],
)  # fmt: skip
def test_tokens_are_those_of_the_first_version(text: str, expected: list[int]) -> None:
    """Another result needs another version of the canonicaliser, and of what a store keeps."""
    assert tokens_of(text).tolist() == expected


def test_hashes_of_attributes_are_those_of_the_first_version() -> None:
    """Kept facts of earlier days hold such hashes."""
    hashes = hash_strings(pa.array(["a", None, "Übung"]), derive_seed(None, "x"))
    assert hashes.tolist() == [-3434891182329011841, 0, 398766713327918800]
