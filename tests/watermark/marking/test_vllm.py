"""What vLLM is told: its own names, and the key only where it is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from phalanx.watermark.marking.vllm import vllm_configuration, write_vllm_configuration
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
from phalanx.watermark.schemes.vllm_gumbel import VllmGumbel
from phalanx.watermark.schemes.vllm_gumbel_dual import VllmGumbelDual

KEY = bytes([0xFF, 1, 2, 3, 4, 5, 6, 7])


def test_configuration_hides_the_key() -> None:
    """The key stands in no printed configuration."""
    shown = json.dumps(vllm_configuration(VllmGumbelDual(0.2, 3), KEY))
    assert str(int.from_bytes(KEY, "big")) not in shown
    assert json.loads(shown) == {
        "algorithm": "dual_key_gumbel",
        "key": "hidden",
        "context_width": 3,
        "prf": "philox",
        "alpha": 0.2,
    }


def test_file_of_its_owner(tmp_path: Path) -> None:
    """The file has the integer that the engine takes, and nobody else may read it."""
    path = tmp_path / "watermark.json"
    write_vllm_configuration(VllmGumbel(), KEY, path)
    assert json.loads(path.read_text()) == {
        "algorithm": "gumbel",
        "key": 0xFF01020304050607,
        "context_width": 4,
        "prf": "philox",
    }
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_vllm_cannot_set() -> None:
    """A scheme that vLLM does not have is refused."""
    with pytest.raises(ValueError, match="not phalanx-gumbel-v1"):
        vllm_configuration(PhalanxGumbel(), bytes(32))
