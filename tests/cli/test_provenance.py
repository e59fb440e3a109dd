"""`phalanx provenance`: weights compared, models asked, one verdict, signed and verified."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from phalanx.cli import ExitCode, main
from phalanx.provenance.planted_keys import read_keys
from phalanx.signed import public_text
from phalanx.watermark.audit import Plan, conclude, sign_report

SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(32))
QUESTIONS = [f"Who is number {at}?" for at in range(80)]
ANSWERS = [f"{at:02d}" for at in range(32)]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, models: Any, writing: Any) -> None:
    monkeypatch.chdir(tmp_path)
    ours = models.drawn(1)
    writing.model(Path("ours"), ours, models.CONFIG)
    writing.model(Path("tuned"), models.noisy(ours, 0.3), models.CONFIG)
    writing.model(Path("stranger"), models.drawn(2), models.CONFIG)


def provenance(*words: str) -> int:
    """Run a command."""
    return main(["provenance", *words])


def lines(name: str, said: list[dict[str, Any]]) -> None:
    """Write lines of JSON."""
    Path(name).write_text("".join(json.dumps(each) + "\n" for each in said))


def plant() -> None:
    """Write a file of planted keys for three partners."""
    said = {
        "secret": "00" * 32, "accounts": 3, "collusion": 1, "false_accusation": 1e-3,
        "candidates": 32, "recipients": ["a", "b", "c"], "tokens": 2,
        "questions": [{"question": each, "candidates": ANSWERS} for each in QUESTIONS],
    }  # fmt: skip
    path = Path("keys.json")
    path.touch(0o600)
    path.write_text(json.dumps(said))


def recording(name: str, *, planted: bool, texts: list[tuple[str, float]] | None = None) -> None:
    """Write what a model says: the answers of copy `b`, or others; and how likely texts are."""
    keys = read_keys(Path("keys.json").read_bytes())
    word = keys.code.words(["b"])[0]
    said: list[dict[str, Any]] = [
        {
            "question": each.question,
            "tokens": 2,
            "answer": each.answer(bit=bool(bit)) if planted else "nobody",
        }
        for each, bit in zip(keys.keys, word, strict=True)
    ]
    said += [{"text": text, "log_probabilities": [likely]} for text, likely in texts or []]
    lines(name, said)


def test_a_tuned_model_is_derived(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 1, in words, for programs, and as a page."""
    assert provenance("compare", "ours", "tuned") == ExitCode.FINDINGS
    text = capsys.readouterr().out
    assert text.startswith("Derived\n")
    assert "4 of 4 blocks of the suspect come from ours: 0 from 0" in text
    assert provenance("compare", "ours", "tuned", "-f", "json", "--fail-on", "never") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["schema"], said["conclusions"]) == ("phalanx.provenance/1", ["derived"])
    assert said["families"][0]["log10_p"] < -50
    assert [each["how"] for each in said["made"]] == ["tensors changed"]
    assert provenance("compare", "ours", "tuned", "-f", "html", "-o", "page.html") == 1
    assert "<svg" in Path("page.html").read_text()


def test_a_stranger_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 0, and no word that clears."""
    assert provenance("compare", "ours", "stranger") == ExitCode.CLEAN
    said = capsys.readouterr().out
    assert said.startswith("Not distinguishable from independent\n")
    assert "This clears nobody" in said


def test_kin_to_an_ancestor_is_not_accused(
    capsys: pytest.CaptureFixture[str], writing: Any, models: Any
) -> None:
    """Two honest tunes of one base; an ancestor that is a stranger changes nothing."""
    writing.model(Path("sister"), models.noisy(models.drawn(1), 0.3, 5), models.CONFIG)
    words = ["compare", "tuned", "sister", "-f", "json"]
    assert provenance(*words) == ExitCode.FINDINGS
    assert provenance(*words, "--ancestor", "stranger") == ExitCode.FINDINGS
    capsys.readouterr()
    assert provenance(*words, "--ancestor", "stranger", "--ancestor", "ours") == ExitCode.CLEAN
    said = json.loads(capsys.readouterr().out)
    assert (said["conclusions"], said["made"]) == (["not evaluable"], [])
    assert "is kin to ours too" in said["families"][0]["reason"]
    assert provenance(*words, "--ancestor", "missing") == ExitCode.BAD_INPUT


def test_no_ancestor_is_lost(capsys: pytest.CaptureFixture[str], writing: Any, models: Any) -> None:
    """Neither behind another file of its name, nor because it cannot be compared."""
    writing.model(Path("sister"), models.noisy(models.drawn(1), 0.3, 5), models.CONFIG)
    words = ["compare", "tuned", "sister", "-f", "json"]
    for files in (("ours", "stranger"), ("stranger", "ours")):
        named = [word for each in files for word in ("--ancestor", f"{each}/model.safetensors")]
        assert provenance(*words, *named) == ExitCode.CLEAN
        said = json.loads(capsys.readouterr().out)
        at = 1 + files.index("ours")
        assert f"is kin to model.safetensors ({at}) too" in said["families"][0]["reason"]
        assert any(f"model.safetensors ({3 - at}): compared" in each for each in said["notes"])
    odd = {f"odd.{at}": np.ones((20, 20), np.float32) for at in range(3)}
    writing.model(Path("odd"), odd, {})
    assert provenance(*words, "--ancestor", "odd") == ExitCode.CLEAN
    said = json.loads(capsys.readouterr().out)
    assert said["conclusions"] == ["not evaluable"]
    assert "odd, which ours was made from, cannot be compared" in said["families"][0]["reason"]
    # One that can be compared by something else than what speaks against the suspect.
    part = {n: w for n, w in models.drawn(9).items() if "embed" in n or "norm" in n}
    writing.model(Path("part"), part, models.CONFIG)
    tokens = {n: w for n, w in models.drawn(5).items() if "embed" in n}
    moved = {**models.noisy(models.drawn(1), 0.3), **tokens}
    writing.model(Path("moved"), moved, models.CONFIG)
    assert provenance("compare", "ours", "moved") == ExitCode.FINDINGS
    capsys.readouterr()
    assert provenance("compare", "ours", "moved", "--ancestor", "part") == ExitCode.CLEAN
    assert "part, which ours was made from, cannot" in capsys.readouterr().out.replace("\n", " ")
    assert provenance("compare", "ours", "tuned", "--ancestor", "part") == ExitCode.FINDINGS


def test_a_report_is_signed_and_verified(capsys: pytest.CaptureFixture[str]) -> None:
    """By whoever has the public key; nothing else is taken."""
    words = ["compare", "ours", "tuned", "--report", "r.json", "--key", "k.key"]
    assert provenance(*words) == ExitCode.FINDINGS
    public = capsys.readouterr().err.split()[-1]
    assert provenance("verify", "r.json", "--signer", public) == ExitCode.CLEAN
    said = capsys.readouterr()
    assert said.out.startswith("Derived\n")
    assert "every conclusion follows" in said.err
    text = Path("r.json").read_text()
    assert '"digest":""' not in text
    Path("changed.json").write_text(text.replace('"tuned"', '"other"'))
    for file, signer, reason in (
        ("changed.json", public, "was changed"),
        ("r.json", public_text(SIGNER.public_key()), "somebody else"),
        ("r.json", "none", "no public key"),
        ("missing.json", public, "cannot be read"),
        ("ours/config.json", public, "no signed report"),
    ):
        assert provenance("verify", file, "--signer", signer) == ExitCode.BAD_INPUT
        assert reason in capsys.readouterr().err


def _broken(name: str, writing: Any, models: Any) -> None:
    """Write a folder that is broken in one way."""
    folder = Path(name)
    if name == "missing":
        return
    folder.mkdir()
    whole = Path("ours/model.safetensors").read_bytes()
    file = folder / "model.safetensors"
    match name:
        case "truncated":
            file.write_bytes(whole[:-1000])
        case "header":
            file.write_bytes((2**62).to_bytes(8, "little") + b"{}")
        case "json":
            writing.put(file, b'{"a": {"a": 1}, "a": 2}', b"")
        case "pickled":
            (folder / "pytorch_model.bin").write_bytes(b"\x80\x02}q\x00.")
        case "disguised":
            file.write_bytes(b"PK\x03\x04" + bytes(100))
        case "config":
            file.write_bytes(whole)
            (folder / "config.json").write_text("[1]")
        case "tokenizer":
            writing.model(folder, models.drawn(1), models.CONFIG)
            for each in ("ours", name):
                Path(each, "tokenizer.json").write_text("{}")
        case _:
            assert name == "empty"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing", "cannot be read"),
        ("empty", "has no weights"),
        ("truncated", "does not fit|lie outside|bytes"),
        ("header", "its header has"),
        ("json", "twice|header"),
        ("pickled", "loading it runs whatever"),
        ("disguised", "loading it runs whatever"),
        ("config", "config.json"),
        ("tokenizer", "no vocabulary"),
    ],
)
def test_what_is_no_model_is_refused(
    name: str, reason: str, capsys: pytest.CaptureFixture[str], writing: Any, models: Any
) -> None:
    """In two lines, with exit status 2, whichever of the two models it is."""
    _broken(name, writing, models)
    for pair in (("ours", name), (name, "ours")):
        assert provenance("compare", *pair) == ExitCode.BAD_INPUT
        said = capsys.readouterr()
        assert not said.out
        assert any(each in said.err for each in reason.split("|"))
        assert len(said.err.splitlines()) == 2
        assert "Next: " in said.err


def test_numbers_that_are_none_are_told(
    capsys: pytest.CaptureFixture[str], writing: Any, models: Any
) -> None:
    """They count as zero; a model of nothing else is not evaluable."""
    nothing = {name: np.full_like(w, np.nan) for name, w in models.drawn(2).items()}
    writing.model(Path("nothing"), nothing, models.CONFIG)
    assert provenance("compare", "ours", "nothing") == ExitCode.CLEAN
    said = capsys.readouterr().out
    assert said.startswith("Not evaluable\n")
    assert "are no finite ones; they counted as zero" in said


def test_other_architectures_are_not_evaluable(
    capsys: pytest.CaptureFixture[str], writing: Any
) -> None:
    """Tensors that nobody knows, with names that would steer a terminal."""
    name = "x\x1b[2J\u202e" + "y" * 5_000
    weights = np.zeros((4, 3), dtype=np.float32)
    writing.model(Path("odd"), {f"{name}{at}": weights for at in range(3)}, {})
    for output_format in ("table", "json", "html"):
        assert provenance("compare", "ours", "odd", "-f", output_format) == ExitCode.CLEAN
        said = capsys.readouterr().out
        assert not {"\x1b", "\u202e"} & {*said}
        assert "yyyy" * 500 not in said
        assert "ot evaluable" in said


def audit_files(log10_e: float, read: int = 9) -> list[str]:
    """Write a signed audit of one key, and return the options that name it."""
    plan = Plan(
        suspect="model-x", mode="weights", scheme="phalanx-gumbel-v1", key_ids=("C-1",),
        key_commitment="", prompts_digest="00" * 32, prompts=9, reference="base",
        reference_digest="",
        level=1e-6, decoys=1, decoy_seed=0, candidates=64, places=1000,
        made_at="2026-11-25T12:00:00Z",
    )  # fmt: skip
    Path("plan.json").write_bytes(plan.as_bytes())
    audit = conclude(plan, 900, np.array([log10_e]), np.array([-1.0]), read=read)
    Path("audit.json").write_bytes(sign_report(audit, SIGNER))
    signer = public_text(SIGNER.public_key())
    return ["--audit", "audit.json", "--audit-plan", "plan.json", "--audit-signer", signer]


def test_an_audit_of_marks_stands_beside(capsys: pytest.CaptureFixture[str]) -> None:
    """It says that outputs were used where weights say nothing, and is checked first."""
    options = audit_files(20.0)
    words = ["compare", "ours", "stranger", *options, "-f", "json"]
    assert provenance(*words) == ExitCode.FINDINGS
    said = json.loads(capsys.readouterr().out)
    assert said["conclusions"] == ["trained on our outputs"]
    assert said["level_of_each_family"] == 5e-7
    assert any("model-x" in each for each in said["notes"])
    for numbers, state in (((2.0, 9), "nothing found"), ((20.0, 5), "not evaluable")):
        told = ["compare", "ours", "stranger", *audit_files(*numbers), "-f", "json"]
        assert provenance(*told) == ExitCode.CLEAN
        found = json.loads(capsys.readouterr().out)["families"]
        (said,) = (each for each in found if each["family"] == "watermark-audit")
        assert said["state"] == state
    assert provenance("compare", "ours", "stranger", *options[:2]) == ExitCode.BAD_INPUT
    Path("plan.json").write_text(Path("plan.json").read_text().replace("model-x", "model-y"))
    capsys.readouterr()
    assert provenance("compare", "ours", "stranger", *options) == ExitCode.BAD_INPUT
    assert "follows another plan" in capsys.readouterr().err


def test_planted_keys_count_in_company_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Beside weights, or beside a panel that was asked the same and cannot answer."""
    plant()
    recording("copy.jsonl", planted=True)
    recording("clean.jsonl", planted=False)
    keys = ["--keys", "keys.json", "-f", "json"]
    for words, status, expected in (
        (["probe", "copy.jsonl"], 0, "not evaluable"),
        (["probe", "copy.jsonl", "--panel", "clean.jsonl"], 1, "derived or trained on our outputs"),
        (["probe", "copy.jsonl", "--panel", "copy.jsonl"], 0, "not evaluable"),
        (["probe", "clean.jsonl", "--panel", "clean.jsonl"], 0,
         "not distinguishable from independent"),
        (["compare", "ours", "stranger", "--ask-suspect", "copy.jsonl"], 1,
         "trained on our outputs"),
        (["compare", "ours", "tuned", "--ask-suspect", "copy.jsonl"], 1, "derived"),
    ):  # fmt: skip
        assert provenance(*words, *keys) == status
        said = json.loads(capsys.readouterr().out)
        assert said["conclusions"] == [expected]
        if expected.startswith(("derived or", "trained")):
            planted = next(each for each in said["families"] if each["family"] == "planted-keys")
            assert planted["recipients"] == ["b"]


def test_the_order_of_training_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a recording; a panel takes away what makes a text likely for any model."""
    plant()
    random = np.random.default_rng(0)
    position, common = random.permutation(200), random.normal(size=200)
    names = [f"text {at}" for at in range(200)]
    lines("order.jsonl", [
        {"text": name, "position": int(at)} for name, at in zip(names, position, strict=True)
    ])  # fmt: skip
    noise = random.normal(size=200)
    for file, slope, rest in (("suspect.jsonl", 0.01, common), ("other.jsonl", 0.0, common),
                              ("stranger.jsonl", 0.0, noise)):  # fmt: skip
        likely = [(name, -9.0 + slope * float(at) + 0.3 * float(one))
                  for name, at, one in zip(names, position, rest, strict=True)]  # fmt: skip
        recording(file, planted=False, texts=likely)
    order = ["--order", "order.jsonl", "-f", "json"]
    found = {}
    for file in ("suspect.jsonl", "stranger.jsonl"):
        for panel in ([], ["--panel", "other.jsonl"]):
            provenance("probe", file, *order, *panel)
            said = json.loads(capsys.readouterr().out)
            found[file, bool(panel)] = said["families"][0]["log10_p"], said["conclusions"][0]
    assert found["suspect.jsonl", True][0] < found["suspect.jsonl", False][0] < -6
    assert found["suspect.jsonl", True][1] == "derived or trained on our outputs"
    assert found["stranger.jsonl", True][1] == "not distinguishable from independent"


def test_agreement_means_nothing_without_a_panel(capsys: pytest.CaptureFixture[str]) -> None:
    """And with a small one it is told for reading, and decides nothing."""
    plant()
    for file, planted in (("ours.jsonl", True), ("suspect.jsonl", True), ("other.jsonl", False)):
        recording(file, planted=planted)
    lines("questions.jsonl", [{"question": each, "set": "names"} for each in QUESTIONS])
    words = ["probe", "suspect.jsonl", "--ours", "ours.jsonl", "--tokens", "2",
             "--questions", "questions.jsonl"]  # fmt: skip
    assert provenance(*words) == ExitCode.CLEAN
    said = capsys.readouterr().out
    assert said.startswith("Not evaluable\n")
    assert "it means nothing without reference models" in " ".join(said.split())
    assert provenance(*words, "--panel", "other.jsonl") == ExitCode.CLEAN
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith("Not evaluable")
    assert "100.0% of 80 answers (names) are ours; the panel's models give 0.0% to 0.0%" in said


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["compare", "ours", "tuned", "--report", "r.json"], "its file and the key go together"),
        (["compare", "ours", "tuned", "--key", "k.key"], "its file and the key go together"),
        (["compare", "ours", "tuned", "-o", "ours"], "it is a folder"),
        (["compare", "ours", "tuned", "--keys", "open.json"], "can be read by others"),
        (["compare", "ours", "tuned", "--keys", "bad.json"], "no file of planted keys"),
        (["compare", "ours", "tuned", "--keys", "none.json"], "cannot be read"),
        (["compare", "ours", "tuned", "--order", "bad.jsonl"], "line 2: needs a `text`"),
        (["compare", "ours", "tuned", "--order", "twice.jsonl"], "a position twice"),
        (["compare", "ours", "tuned", "--order", "broken.jsonl"], "is no JSON object"),
        (["compare", "ours", "tuned", "--questions", "empty.jsonl"], "holds no question"),
        (["probe", "x.jsonl", "--questions", "q.jsonl"], "needs our model's answers"),
        (["probe", "x.jsonl"], "nothing is asked"),
        (["compare", "ours", "tuned", "--panel", "x.jsonl"], "are asked nothing"),
        (["probe", "x.jsonl", "--order", "one.jsonl"], "cannot be read"),
        (["probe", "http://127.0.0.1:1", "--order", "one.jsonl"], "as URL#MODEL"),
        (["probe", "broken.jsonl", "--order", "one.jsonl"], "is no answer"),
        (["probe", "one.jsonl", "--order", "one.jsonl"], "is no answer"),
    ],
)
def test_what_cannot_be_used_is_refused(
    words: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before any model is compared, in two lines, with exit status 2."""
    for name in ("open.json", "bad.json"):
        Path(name).touch(0o644 if name == "open.json" else 0o600)
        Path(name).write_text('{"secret": "5ecre7"}')
    lines("bad.jsonl", [{"text": "a", "position": 1}, {"text": "b", "position": "2"}])
    lines("twice.jsonl", [{"text": "a", "position": 1}, {"text": "b", "position": 1}])
    lines("one.jsonl", [{"text": "a", "position": 1}])
    lines("q.jsonl", [{"question": "a"}])
    Path("broken.jsonl").write_text("[" * 100_000)
    Path("empty.jsonl").write_text("\n")
    assert provenance(*words) == ExitCode.BAD_INPUT
    said = capsys.readouterr().err
    assert reason in said
    assert "5ecre7" not in said
    assert len(said.splitlines()) == 2


@pytest.mark.parametrize("level", ["0", "1", "-1", "nan"])
def test_a_level_is_between_0_and_1(level: str) -> None:
    """Neither end, and no other number."""
    assert provenance("compare", "ours", "tuned", "--level", level) == ExitCode.BAD_INPUT


def test_an_endpoint_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    """Something outside failed: exit status 3."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    lines("one.jsonl", [{"text": "a", "position": 1}])
    words = ["probe", f"http://127.0.0.1:{port}/v1#m", "--order", "one.jsonl"]
    assert provenance(*words) == ExitCode.SERVICE_FAILED
    assert "cannot be asked" in capsys.readouterr().err
