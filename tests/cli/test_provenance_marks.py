"""`phalanx provenance mark` and `trace`: a copy goes out, comes back, and names its recipient."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from phalanx.cli import ExitCode, main

KEY = ["--key-file", "k.key"]


def _write(folder: Path, tensors: dict[str, np.ndarray]) -> None:
    folder.mkdir(exist_ok=True)
    header: dict[str, object] = {}
    data = b""
    for name, each in tensors.items():
        raw = each.tobytes()
        ends = [len(data), len(data) + len(raw)]
        header[name] = {"dtype": "F32", "shape": each.shape, "data_offsets": ends}
        data += raw
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data)
    (folder / "config.json").write_text('{"rms_norm_eps": 1e-6}')


def _read(folder: Path) -> dict[str, np.ndarray]:
    raw = (folder / "model.safetensors").read_bytes()
    size = int.from_bytes(raw[:8], "little")
    return {
        name: np.frombuffer(raw[8 + size :][slice(*each["data_offsets"])], "<f4")
        .reshape(each["shape"])
        .copy()
        for name, each in json.loads(raw[8 : 8 + size]).items()
    }


@pytest.fixture(autouse=True)
def _house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    shapes = {
        "model.embed_tokens.weight": (300, 64),
        "model.layers.0.mlp.gate_proj.weight": (200, 64),
        "model.layers.0.mlp.up_proj.weight": (200, 64),
        "model.layers.0.mlp.down_proj.weight": (64, 200),
    }
    drawn = {
        name: random.normal(0, 0.02, shape).astype(np.float32) for name, shape in shapes.items()
    }
    _write(Path("ours"), drawn)


def _mark(recipient: str, out: str, *words: str) -> int:
    return main(
        ["provenance", "mark", "ours", "--recipient", recipient, *KEY, "--out", out, *words]
    )


def _trace(suspect: str, *words: str) -> int:
    return main(["provenance", "trace", suspect, "--ours", "ours", *KEY, *words])


def _named(capsys: pytest.CaptureFixture[str]) -> list[str]:
    said = json.loads(capsys.readouterr().out)
    return [each["recipient"] for each in said["recipients"] if each["named"]]


def test_a_lost_register_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Not where key and register are made, nor where both are there; marking again mends it."""
    assert _mark("Partner", "copy") == ExitCode.CLEAN
    assert _mark("Other", "copy2") == ExitCode.CLEAN
    assert "in no register" not in capsys.readouterr().err
    Path("weight-marks.json").unlink()
    assert _mark("Third", "copy3") == ExitCode.CLEAN
    assert "in no register" in " ".join(capsys.readouterr().err.split())
    assert _trace("copy", "-f", "json") == ExitCode.FINDINGS
    assert _named(capsys) == []
    assert _mark("Partner", "copy4") == ExitCode.CLEAN
    assert "in no register" not in capsys.readouterr().err
    assert _trace("copy", "-f", "json") == ExitCode.FINDINGS
    assert _named(capsys) == ["Partner"]


def test_a_copy_is_traced(capsys: pytest.CaptureFixture[str]) -> None:
    """After tuning and with its neurons in another order, for people and for programs."""
    assert _mark("Partner", "copy", "--strength", "0.02") == ExitCode.CLEAN
    (Path("ours") / "old.bin").write_bytes(b"weights")
    capsys.readouterr()
    assert _mark("Other", "copy2") == ExitCode.CLEAN
    assert "left behind: old.bin" in capsys.readouterr().err
    register = json.loads(Path("weight-marks.json").read_text())
    assert register["recipients"] == ["Partner", "Other"]
    assert Path("k.key").stat().st_mode & 0o777 == 0o600
    random = np.random.default_rng(1)
    order = random.permutation(200)
    suspect = {}
    for name, each in _read(Path("copy")).items():
        tuned = each + random.normal(0, 0.001, each.shape).astype(np.float32)
        layer = ".mlp." in name
        suspect[name] = np.take(tuned, order, axis=int("down" in name)) if layer else tuned
    _write(Path("suspect"), suspect)
    assert _trace("suspect") == ExitCode.FINDINGS
    said = capsys.readouterr().out
    assert said.startswith("Traced: Partner\n")
    assert "PHX-P102" in said
    assert _trace("suspect", "-f", "json", "--fail-on", "never") == ExitCode.CLEAN
    told = json.loads(capsys.readouterr().out)
    assert [each["recipient"] for each in told["recipients"] if each["named"]] == ["Partner"]
    assert [each["rule_id"] for each in told["evidence"]] == ["PHX-P101", "PHX-P102"]
    assert told["evidence"][0]["log10_p"] < -6


def test_what_says_nothing_is_no_finding(capsys: pytest.CaptureFixture[str]) -> None:
    """Our unmarked model is not evaluable; a tuned one of it shows no mark. Both are clean."""
    assert _mark("Partner", "copy") == ExitCode.CLEAN
    assert _trace("ours") == ExitCode.CLEAN
    assert capsys.readouterr().out.startswith("Not evaluable")
    random = np.random.default_rng(1)
    tuned = {
        n: w + random.normal(0, 1e-4, w.shape).astype("f4") for n, w in _read(Path("ours")).items()
    }
    _write(Path("tuned"), tuned)
    assert _trace("tuned", "-f", "json") == ExitCode.CLEAN
    told = json.loads(capsys.readouterr().out)
    assert (told["found"], told["evaluable"], len(told["evidence"])) == (False, True, 1)
    assert _trace("tuned") == ExitCode.CLEAN
    assert capsys.readouterr().out.startswith("No mark is seen\n")


def test_the_register_keeps_copies_together(capsys: pytest.CaptureFixture[str]) -> None:
    """Another key, model, plan or full register is refused, and nothing is written."""
    assert _mark("Partner", "copy", "--recipients", "1") == ExitCode.CLEAN
    kept = Path("weight-marks.json").read_bytes()
    assert _mark("Partner", "again") == ExitCode.CLEAN
    one, two = (Path(name, "model.safetensors").read_bytes() for name in ("copy", "again"))
    assert one == two
    Path("other.key").write_bytes(bytes(32))
    Path("other.key").chmod(0o600)
    words = ["provenance", "mark", "ours", "--recipient", "Partner", "--out", "new"]
    for given, why in [
        ([*words, "--key-file", "other.key"], "under another key"),
        ([*words, "--key-file", "none.key"], "No such file"),
        ([*words, *KEY, "--collusion", "3"], "made with --collusion 2"),
        ([*words[:4], "Second", *words[5:], *KEY], "planned for 1 recipients"),
        ([*words[:2], "copy", *words[3:], *KEY], "is not the model"),
        ([*words[:-1], "copy", *KEY], "is there already"),
    ]:
        assert main(given) == ExitCode.BAD_INPUT
        assert why in capsys.readouterr().err
    Path("k.key").chmod(0o644)
    assert main([*words, *KEY]) == ExitCode.BAD_INPUT
    assert "can be read by others" in capsys.readouterr().err
    assert Path("weight-marks.json").read_bytes() == kept
    assert not Path("new").exists()
    assert not Path("none.key").exists()


def test_damage_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """A register or a suspect that is none, and another original: status 2, with words."""
    assert _mark("Partner", "copy") == ExitCode.CLEAN
    whole = Path("copy/model.safetensors").read_bytes()
    Path("copy/model.safetensors").write_bytes(whole[:-9])
    assert _trace("copy") == ExitCode.BAD_INPUT
    assert "copy/model.safetensors" in capsys.readouterr().err
    Path("copy/model.safetensors").write_bytes(whole)
    swapped = ["provenance", "trace", "ours", "--ours", "copy", *KEY]
    assert main(swapped) == ExitCode.BAD_INPUT
    assert "is not the model" in capsys.readouterr().err
    register = json.loads(Path("weight-marks.json").read_text())
    for change, why in [
        ({"schema": "other"}, "schema"),
        ({"recipients": ["a", "a"]}, "different names"),
        ({"recipients": 3}, "no list of names"),
        ({"recipients": []}, "names no recipient"),
        ({"strength": 5}, "its plan is none"),
        ({"collusion": "2"}, "its plan is none"),
    ]:
        Path("weight-marks.json").write_text(json.dumps(register | change))
        assert _trace("copy") == ExitCode.BAD_INPUT
        assert why in capsys.readouterr().err
    Path("weight-marks.json").write_text("[")
    assert _trace("copy") == ExitCode.BAD_INPUT
    assert "no valid JSON" in capsys.readouterr().err


def test_a_verdict_says_whose_copy_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Weights and marks share one level, and the signed report is verified with both."""
    assert _mark("Partner", "copy", "--strength", "0.02") == ExitCode.CLEAN
    said = ["--marks", "weight-marks.json", "--marks-key", "k.key", "-f", "json"]
    signed = ["--report", "r.json", "--key", "s.key"]
    assert main(["provenance", "compare", "ours", "copy", *said, *signed]) == ExitCode.FINDINGS
    out = capsys.readouterr()
    record = json.loads(out.out)
    marks = next(each for each in record["families"] if each["family"] == "weight-marks")
    assert (record["conclusions"], marks["recipients"]) == (["derived"], ["Partner"])
    signer = out.err.rpartition("it is ")[2].strip()
    assert main(["provenance", "verify", "r.json", "--signer", signer]) == ExitCode.CLEAN
    assert "copies of Partner" in capsys.readouterr().out


def test_marks_are_read_with_their_key(capsys: pytest.CaptureFixture[str]) -> None:
    """One of the two alone is refused before anything is compared."""
    words = ["provenance", "compare", "ours", "ours", "--marks", "weight-marks.json"]
    assert main(words) == ExitCode.BAD_INPUT
    assert "Name --marks and --marks-key." in capsys.readouterr().err
