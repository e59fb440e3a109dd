"""A copy is marked under its grant, sealed, opened, leaked, and traced to whom it was granted."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from phalanx.cli import ExitCode, main
from phalanx.cli.release_marks import Marks, marked_copy_for
from phalanx.cli.release_work import read_identity, sealing_of
from phalanx.errors import InputError, VerificationError
from phalanx.release.accusation import Measured, verify_accusation
from phalanx.release.packages.package import read_envelope

MARKS = ["--marks", "marks.json", "--marks-key", "marks.key"]
LAB, ISSUER = ["--keys", "lab.keys"], ["--issuer", "lab.json"]
NAMES = ("north", "south", "east")


def _neighbour(name: str) -> Any:
    """Return the helpers of a test file beside this one."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


files = _neighbour("test_provenance_marks")
TERMS: str = _neighbour("test_release").TERMS


def release(*words: str) -> int:
    """Do what one of them does."""
    return main(["release", *words])


def _deal(name: str) -> None:
    """Let a recipient ask, be granted a marked copy, and accept."""
    own, identity = ["--keys", f"{name}.keys"], ["--recipient", f"{name}.json"]
    assert release("keygen", name, *own, "-o", f"{name}.json") == ExitCode.CLEAN
    asked = ["m-1", "--purpose", "evaluation", "--environment", "own data centre"]
    assert release("request", *asked, *own, "-o", f"{name}.request") == ExitCode.CLEAN
    words = ["--terms", "terms.toml", "--ours", "ours", "--codeword-key", f"{name}.code.key"]
    words += [*MARKS, *LAB, "-o", f"{name}.issued"]
    assert release("grant", f"{name}.request", *identity, *words) == ExitCode.CLEAN
    words = ["--request", f"{name}.request", *ISSUER, *own, "-o", f"{name}.grant"]
    assert release("accept", f"{name}.issued", *words) == ExitCode.CLEAN


def _sealing(name: str) -> list[str]:
    words = ["seal", "ours", f"{name}.grant", "--recipient", f"{name}.json", *LAB]
    return [*words, "--codeword-key", f"{name}.code.key", *MARKS, "--out", f"{name}.sealed"]


def _opened(name: str) -> None:
    words = [f"{name}.sealed", *ISSUER, "--keys", f"{name}.keys", "--out", f"{name}.model"]
    assert (
        release("open", *words, "--without-roots", "--receipt", f"{name}.receipt") == ExitCode.CLEAN
    )


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which three recipients have opened their marked copies."""
    folder = tmp_path_factory.mktemp("house")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        random = np.random.default_rng(0)
        shapes = {
            "model.embed_tokens.weight": (2000, 128),
            "model.layers.0.mlp.gate_proj.weight": (1500, 128),
            "model.layers.0.mlp.up_proj.weight": (1500, 128),
            "model.layers.0.mlp.down_proj.weight": (128, 1500),
        }
        drawn = {name: random.normal(0, 0.02, at).astype("f4") for name, at in shapes.items()}
        files._write(Path("ours"), drawn)
        Path("terms.toml").write_text(TERMS)
        assert release("keygen", "lab", *LAB, "-o", "lab.json") == ExitCode.CLEAN
        for name in NAMES:
            _deal(name)
            assert release(*_sealing(name)) == ExitCode.CLEAN
            _opened(name)
    return folder


@pytest.fixture(autouse=True)
def _in_house(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(house)


def _leaked(*names: str, noise: float = 0.0005) -> str:
    """Return the folder of a model that some made of the average of their copies, and tuned."""
    copies = [files._read(Path(f"{name}.model")) for name in names]
    random = np.random.default_rng(7)
    mixed = {
        name: (sum(copy[name] for copy in copies) / len(copies)).astype("f4")
        + random.normal(0, noise, each.shape).astype("f4")
        for name, each in copies[0].items()
    }
    folder = "-".join(names) + ".suspect"
    files._write(Path(folder), mixed)
    return folder


def _trace(suspect: str, *words: str) -> int:
    return release("trace", suspect, "--ours", "ours", *MARKS, *words)


def _named(suspect: str, capsys: pytest.CaptureFixture[str]) -> set[str]:
    capsys.readouterr()
    _trace(suspect, "-f", "json")
    said = json.loads(capsys.readouterr().out)
    return {each["recipient"].split()[0] for each in said["recipients"] if each["named"]}


def test_copies_differ_and_nothing_marked_is_left_behind() -> None:
    """Each recipient has other weights than ours and than the others; beside stands no copy."""
    models = [Path(each, "model.safetensors").read_bytes() for each in
              ("ours", *(f"{name}.model" for name in NAMES))]  # fmt: skip
    assert len(set(models)) == 4
    assert [path.name for path in Path().glob(".*")] == [".marks.json.lock"]
    assert json.loads(Path("marks.json").read_text())["recipients"][0].startswith("north ")


def test_a_marked_copy_waits_for_the_next_run(tmp_path: Path) -> None:
    """A sealing that broke off leaves it for its owner alone; a changed model is marked anew."""
    how = sealing_of(
        Path("north.grant"), Path("north.json"), Path("lab.keys"), "sha256", unsafe_any_file=False
    )
    where = Marks(
        register=Path("marks.json"), key=Path("marks.key"), codeword_key=Path("north.code.key")
    )

    def copy_of(ours: Path, *, breaks: bool) -> tuple[str, int]:
        with marked_copy_for(where, ours, tmp_path / "out", how, lambda *_: None) as copy:
            found = copy.name, (copy / "model.safetensors").stat().st_ino
            assert copy.stat().st_mode & 0o077 == 0
            if breaks:
                raise KeyboardInterrupt
            return found

    ours = tmp_path / "ours"
    shutil.copytree("ours", ours)
    with pytest.raises(KeyboardInterrupt):
        copy_of(ours, breaks=True)
    (kept,) = tmp_path.glob(".out.marked-*")
    (ours / "config.json").write_text('{"rms_norm_eps": 1e-5}')
    other, _ = copy_of(ours, breaks=False)
    assert other != kept.name
    assert not list(tmp_path.glob(".out*"))
    with pytest.raises(KeyboardInterrupt):
        copy_of(ours, breaks=True)
    (kept,) = tmp_path.glob(".out.marked-*")
    kept.chmod(0o777)  # as of somebody else, who put a copy of his own there
    with pytest.raises(InputError, match="not for its owner alone"):
        copy_of(ours, breaks=False)
    kept.chmod(0o700)
    inode = (kept / "model.safetensors").stat().st_ino
    assert copy_of(ours, breaks=False) == (kept.name, inode)


@pytest.mark.parametrize("leakers", [("south",), ("north", "east"), ("north", "south")])
def test_whoever_leaked_is_named_and_nobody_else(
    leakers: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """One leaker, and two who averaged their copies as the plan allows; never the innocent one."""
    assert _named(_leaked(*leakers), capsys) == set(leakers)


def test_nobody_is_named_of_a_stranger(capsys: pytest.CaptureFixture[str]) -> None:
    """Ours, tuned without a mark, and a model of somebody else name nobody."""
    random = np.random.default_rng(5)
    ours = files._read(Path("ours"))
    tuned = {n: w + random.normal(0, 0.0005, w.shape).astype("f4") for n, w in ours.items()}
    files._write(Path("tuned"), tuned)
    strange = {n: random.normal(0, 0.02, w.shape).astype("f4") for n, w in ours.items()}
    files._write(Path("strange"), strange)
    for suspect in ("ours", "tuned", "strange"):
        assert _named(suspect, capsys) == set()
        assert _trace(suspect) == ExitCode.CLEAN


def test_only_the_copies_of_one_release_are_removed(tmp_path: Path) -> None:
    """A name with signs of a pattern removes its own marked copy, and nobody else's."""
    how = sealing_of(
        Path("north.grant"), Path("north.json"), Path("lab.keys"), "sha256", unsafe_any_file=False
    )
    where = Marks(
        register=Path("marks.json"), key=Path("marks.key"), codeword_key=Path("north.code.key")
    )
    other = tmp_path / ".v1.marked-0"
    other.mkdir()
    with marked_copy_for(where, Path("ours"), tmp_path / "v[1]", how, lambda *_: None) as copy:
        assert copy.exists()
    assert not copy.exists()
    assert other.exists()


def _evidence(name: str, *words: str) -> list[str]:
    given = ["--recipient", f"{name}.json", "--grant", f"{name}.grant", *LAB]
    return [*given, "--codeword-key", f"{name}.code.key", *words]


def test_the_evidence_opens_the_commitment(capsys: pytest.CaptureFixture[str]) -> None:
    """What is written can be verified with the grant that the recipient signed before."""
    words = _evidence("south", "--receipt", "south.receipt", "--evidence", "south.evidence")
    capsys.readouterr()
    assert _trace(_leaked("south"), *words) == ExitCode.FINDINGS
    assert "Traced: south" in capsys.readouterr().out
    assert _trace("south.suspect", "--suspects", "0") == ExitCode.BAD_INPUT
    words = ["verify", "south.evidence", *ISSUER, "--grant", "south.grant"]
    given = ["--recipient", "south.json", "--receipt", "south.receipt"]
    assert release(*words, *given) == ExitCode.CLEAN
    assert "commits to the codeword that was found" in capsys.readouterr().out
    for fewer in (["--recipient", "east.json"], given[:2], []):
        assert release(*words, *fewer) == ExitCode.BAD_INPUT
    assert release(*words[:-1], "east.grant", *given) == ExitCode.BAD_INPUT
    lab, south, east = (read_identity(Path(f"{each}.json")) for each in ("lab", "south", "east"))
    item = read_envelope(Path("south.evidence"))
    grant, receipt = read_envelope(Path("south.grant")), read_envelope(Path("south.receipt"))
    said, root = verify_accusation(item, lab, south, grant, receipt)
    assert said.measured.log10_p < -6
    assert said.measured.false_accusation == pytest.approx(1e-6)
    assert (said.measured.recipients, said.measured.collusion) == (3, 2)
    assert said.recipient.name == "south"
    assert len(root) == 64
    other = read_envelope(Path("east.grant"))
    for wrong in ((east, grant, receipt), (south, other, receipt), (south, grant, None)):
        with pytest.raises(VerificationError):
            verify_accusation(item, lab, *wrong)
    with pytest.raises(VerificationError, match="not signed"):
        verify_accusation(item, south, south, grant, receipt)


def test_evidence_that_lacks_something_is_refused_before_the_suspect_is_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Reading a suspect takes an hour: what is missing for the evidence is told at once."""
    whole = [*_evidence("south"), "--evidence", "early.evidence"]
    without_keys = ["absent" if each == "lab.keys" else each for each in whole]
    for words in (without_keys, [*whole, "--receipt", "absent"]):
        assert _trace("no-such-suspect", *words) == ExitCode.BAD_INPUT
        assert "absent" in capsys.readouterr().err


def test_an_accusation_that_its_own_figures_do_not_bear_is_none() -> None:
    """A p-value that misses the bound names nobody, whoever signs it."""
    figures: dict[str, Any] = {
        "rule": "r", "null_hypothesis": "n", "observation": "o", "assumptions": ("a",),
        "log10_p": -6.0, "false_accusation": 1e-6, "recipients_planned": 2, "recipients": 2,
        "collusion": 1, "suspects": 1,
    }  # fmt: skip
    assert Measured(**figures).suspects == 1
    with pytest.raises(ValidationError, match="does not reach its own bound"):
        Measured(**figures | {"log10_p": -5.9})
    with pytest.raises(ValidationError, match="more recipients"):
        Measured(**figures | {"recipients": 3})


def test_there_is_no_evidence_against_an_innocent_recipient(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Against whom the suspect does not name, no statement is written, nor one that is mixed."""
    suspect = _leaked("south")
    words = _evidence("east", "--evidence", "east.evidence")
    assert _trace(suspect, *words) == ExitCode.BAD_INPUT
    assert "does not name east" in capsys.readouterr().err
    words = _evidence("south", "--evidence", "mixed.evidence")
    words[words.index("south.code.key")] = "east.code.key"
    assert _trace(suspect, *words) == ExitCode.BAD_INPUT
    assert "does not commit to this codeword" in capsys.readouterr().err
    assert not list(Path().glob("*east.evidence")) + list(Path().glob("mixed*"))
    assert _trace(suspect, "--evidence", "e") == ExitCode.BAD_INPUT
    assert "or none of them" in capsys.readouterr().err


def test_only_the_codeword_of_the_grant_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither the codeword of another, nor one that no grant commits to, is sealed."""
    words = _sealing("north")
    words[words.index("north.code.key")] = "east.code.key"
    words[-1] = "other.sealed"
    assert release(*words) == ExitCode.BAD_INPUT
    assert "commits to another codeword" in capsys.readouterr().err
    plain = ["--terms", "terms.toml", *LAB, "--recipient", "north.json", "-o", "plain.issued"]
    assert release("grant", "north.request", *plain) == ExitCode.CLEAN
    answer = ["--request", "north.request", *ISSUER, "--keys", "north.keys", "-o", "plain.grant"]
    assert release("accept", "plain.issued", *answer) == ExitCode.CLEAN
    words = _sealing("north")
    words[2], words[-1] = "plain.grant", "other.sealed"
    assert release(*words) == ExitCode.BAD_INPUT
    assert "commits to no codeword" in capsys.readouterr().err
    assert not Path("other.sealed").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["grant", "north.request", "--recipient", "north.json", "--terms", "terms.toml", *LAB,
         *MARKS],
        ["grant", "north.request", "--recipient", "north.json", "--terms", "terms.toml", *LAB,
         *MARKS, "--codeword-key", "n"],
        ["seal", "ours", "north.grant", "--recipient", "north.json", *LAB, "--out", "o", *MARKS],
        ["trace", "ours", "--ours", "ours", "--marks", "absent", "--marks-key", "marks.key"],
        ["trace", "ours", "--ours", "north.model", *MARKS],
    ],
)  # fmt: skip
def test_what_is_missing_is_told(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Half of what a mark needs ends in words and a next step."""
    assert release(*words) == ExitCode.BAD_INPUT
    assert "Next: " in capsys.readouterr().err
