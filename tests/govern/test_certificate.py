"""Drafts of certificates."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from phalanx.govern.certificate import OPEN, CertifiedFile, certificate

AT = datetime(2026, 11, 27, 9, tzinfo=UTC)
FILE = CertifiedFile(name="report.json", size_bytes=1_234, sha256="ab" * 32)


@pytest.mark.parametrize("rule", ["902(13)", "902(14)"])
def test_what_only_a_person_knows_is_left_open(rule: str) -> None:
    """Nothing is certified by the draft itself."""
    text = certificate(rule, [FILE], AT)  # type: ignore[arg-type]
    assert f"Fed. R. Evid. {rule}" in text
    assert "certifies nothing until" in text
    assert text.count(OPEN) == 6
    assert f"| report.json | 1,234 | `{'ab' * 32}` |" in text


def test_a_name_cannot_write_into_the_certificate() -> None:
    """Whoever named a file does not add rows, lines or marks to it."""
    hostile = CertifiedFile(name="a|b\n# Signed `x`\x1b[2J", size_bytes=1, sha256="cd" * 32)
    lines = certificate("902(14)", [hostile], AT).splitlines()
    (row,) = (line for line in lines if "cd" * 32 in line)
    assert row.startswith("| a\\|b")
    assert "\x1b" not in row
    assert not any(line.startswith("# Signed") for line in lines)


def test_a_certificate_names_files() -> None:
    """One of nothing could be used for anything."""
    with pytest.raises(ValueError, match="names files"):
        certificate("902(13)", [], AT)
