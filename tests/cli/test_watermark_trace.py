"""`phalanx watermark register`, `code` and `trace`: from who was served to whose text it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phalanx.cli import ExitCode, main
from phalanx.cli.watermark_served_work import open_code, read_code
from phalanx.cli.watermark_trace_view import code_json, code_text, keys_json, keys_text
from phalanx.cli.watermark_trace_work import CodeTraced, KeysTraced
from phalanx.watermark.detection import Reading, SchemeKeys
from phalanx.watermark.draws import draw
from phalanx.watermark.keys.sealed_place import Seal
from phalanx.watermark.keys.vault import Act, Vault, make_vault
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
from phalanx.watermark.texts import Cut, Document, Given
from phalanx.watermark.tracing import (
    Code,
    CodeFile,
    ServedKey,
    SlotKeys,
    accuse,
    read_register,
    read_slots,
    trace_asked,
)

SCHEME = PhalanxGumbel()
SEALED = ["--key-file", "v.key"]
WHICH = ["--scheme", "phalanx-gumbel-v1", "--purpose", "account", *SEALED]
AT = datetime(2026, 9, 1, tzinfo=UTC)
Writer = Callable[..., list[int]]


@pytest.fixture(autouse=True)
def _house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marked_tokens: Writer) -> None:
    monkeypatch.chdir(tmp_path)
    vault = make_vault(Path("watermark-vault"), "example.com", Seal(key_file=Path("v.key")), who())
    Path("accounts").write_text("".join(f"acct-{at}\n" for at in range(6)))
    (key,) = vault.derive("account", ["acct-3"], SCHEME.setting, who()).keys
    write("suspect.jsonl", marked_tokens(key.reveal(), 200, 1), marked_tokens(None, 100, 2))


def who() -> Act:
    """Return who acts."""
    return Act("x", datetime.now(UTC))


def write(name: str, *texts: list[int]) -> None:
    """Write documents of token numbers."""
    Path(name).write_text("".join(json.dumps({"tokens": each}) + "\n" for each in texts))


def mark(*words: str) -> int:
    """Do what an operator does."""
    return main(["watermark", *words])


def test_a_register_leads_to_the_account(capsys: pytest.CaptureFixture[str]) -> None:
    """And names it with what it was served; the other accounts are not accused."""
    assert mark("register", "accounts", *WHICH, "-o", "r.parquet") == ExitCode.CLEAN
    asked = ["trace", "suspect.jsonl", "--register", "r.parquet", *SEALED]
    assert mark(*asked, "-f", "json") == ExitCode.FINDINGS
    said = json.loads(capsys.readouterr().out)
    assert (said["question"]["false_accusation"], said["question"]["keys"]) == (1e-6, 6)
    accused = [each for each in said["keys"] if each["accused"]]
    assert [[one["account"] for one in each["accounts"]] for each in accused] == [["acct-3"]]
    assert accused[0]["evidence"]["rule_id"] == "PHX-W003"
    assert accused[0]["evidence"]["log10_p"] < -6
    assert mark(*asked, "--fail-on", "never", "-q") == ExitCode.CLEAN


def test_accounts_of_a_campaign_share_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    """A table says who was served under which key, when and how much."""
    Path("t.csv").write_text(
        "account,key_name,first_served,last_served,tokens\n"
        "alice,acct-3,2026-09-01T00:00:00Z,2026-09-02T00:00:00+00:00,100\n"
        "bob,acct-3,2026-09-01T00:00:00Z,2026-09-03T00:00:00Z,50\n\n"
        "carol,acct-4,2026-10-01T00:00:00,2026-10-03T00:00:00,70\n"
    )
    assert mark("register", "t.csv", *WHICH, "-o", "r.jsonl") == ExitCode.CLEAN
    rows = read_register(Path("r.jsonl"))
    assert [(row.account, row.key_name, row.tokens) for row in rows] == [
        ("alice", "acct-3", 100), ("bob", "acct-3", 50), ("carol", "acct-4", 70),
    ]  # fmt: skip
    words = ["trace", "suspect.jsonl", "--register", "r.jsonl", *SEALED, "--seen-at", "2026-09-15"]
    assert mark(*words) == ExitCode.FINDINGS
    said = capsys.readouterr().out
    assert "alice, bob" in said
    assert "150 marked tokens" in said
    assert "1 account first served after 2026-09-15" in said


def test_codewords_lead_to_the_accounts(
    capsys: pytest.CaptureFixture[str], marked_tokens: Writer
) -> None:
    """Who share keys and pool their texts, at the chance that stands in the file."""
    words = ["--name", "c1", "--scheme", "phalanx-gumbel-v1", "--collusion", "1", *SEALED]
    assert mark("code", "accounts", *words, "-o", "code.json") == ExitCode.CLEAN
    said = read_code(Path("code.json"))
    vault = Vault(Path("watermark-vault"), Seal(key_file=Path("v.key")))
    _, code, slots = open_code(vault, said, who())
    (word,) = code.words(["acct-2"])
    write("pooled.jsonl", marked_tokens(lambda context: slots.key_after(context, word), 1_500, 3))
    asked = ["trace", "pooled.jsonl", "--code", "code.json", *SEALED]
    assert mark(*asked, "-f", "json") == ExitCode.FINDINGS
    told = json.loads(capsys.readouterr().out)
    assert [each["account"] for each in told["accounts"] if each["accused"]] == ["acct-2"]
    assert (told["question"]["collusion"], told["question"]["false_accusation"]) == (1, 1e-6)
    assert mark("trace", "suspect.jsonl", *asked[2:]) == ExitCode.CLEAN
    assert "Nobody is accused" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["trace", "suspect.jsonl"], "a register or a code"),
        (["trace", "suspect.jsonl", "--register", "r.jsonl", "--code", "c.json"], "or a code"),
        (["trace", "suspect.jsonl", "--code", "c.json", "--level", "0.5"], "fixes its own"),
        (["trace", "suspect.jsonl", "--register", "accounts"], "is no JSON"),
        (["trace", "suspect.jsonl", "--register", "empty"], "has no row"),
        (["trace", "suspect.jsonl", "--register", "none"], "cannot be read"),
        (["trace", "suspect.jsonl", "--code", "accounts"], "no file of a code"),
        (["trace", "none", "--register", "r.jsonl"], "cannot be read"),
        (["trace", "suspect.jsonl", "--register", "other.jsonl"], "derives another key"),
        (["trace", "suspect.jsonl", "--register", "bare.jsonl"], "derived from"),
        (["trace", "suspect.jsonl", "--register", "r.jsonl", "--seen-at", "2020-01-01"], "by then"),
        (["trace", "suspect.jsonl", "--code", "c.json", "--tokenizer", "a", "--tokenizer", "b"],
         "one tokenizer"),
        (["register", "accounts", "--scheme", "no-v1", "-o", "x"], "no scheme"),
        (["register", "bad.csv", "--scheme", "phalanx-gumbel-v1", "-o", "x"], "header"),
        (["register", "rows.csv", "--scheme", "phalanx-gumbel-v1", "-o", "x"], "row 2"),
        (["register", "bare.csv", "--scheme", "phalanx-gumbel-v1", "-o", "x"], "a row for each"),
        (["register", "late.csv", "--scheme", "phalanx-gumbel-v1", "-o", "x"], "late.csv, row 3"),
        (["register", "named.csv", "--scheme", "phalanx-gumbel-v1", "-o", "x"], "named.csv, row 2"),
        (["register", "odd", "--scheme", "phalanx-gumbel-v1", "-o", "x"], "odd, name 2: a key is"),
        (["trace", "suspect.jsonl", "--register", "none.parquet"], "No such file or directory"),
        (["trace", "suspect.jsonl", "--register", "cut.parquet"], "is no Parquet, or was cut off"),
        (["register", "accounts", "--scheme", "phalanx-gumbel-v1", "--last-served", "2001-01-01",
          "-o", "x"], "Mend --first-served or --last-served"),
        (["code", "empty", "--name", "c", "--scheme", "phalanx-gumbel-v1", "-o", "x"], "no names"),
    ],
)  # fmt: skip
def test_mistakes_are_told(
    words: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """By what is wrong, with status 2, and nothing is written."""
    mark("register", "accounts", *WHICH, "-o", "r.jsonl", "-q")
    row = json.loads(Path("r.jsonl").read_text().splitlines()[0])
    Path("other.jsonl").write_text(json.dumps(row | {"key_id": "wmk_0"}) + "\n")
    Path("bare.jsonl").write_text(json.dumps(row | {"key_name": None}) + "\n")
    Path("empty").touch()
    Path("bad.csv").write_text("account\n")
    Path("rows.csv").write_text(
        "account,key_name,first_served,last_served,tokens\na,b,today,tomorrow,1\n"
    )
    header = "account,key_name,first_served,last_served,tokens\n"
    Path("bare.csv").write_text(header + "\n")
    Path("late.csv").write_text(header + "\na,b,2026-02-01,2026-01-01,1\n")
    Path("named.csv").write_text(header + "a,b c,2026-01-01,2026-02-01,1\n")
    Path("odd").write_text("a\n\n\x1b[31mb\n")
    Path("cut.parquet").write_bytes(b"PAR1")
    capsys.readouterr()
    assert mark(*words, *SEALED) == ExitCode.BAD_INPUT
    said = capsys.readouterr()
    assert reason in said.err
    assert "Traceback" not in said.err
    assert not said.out
    assert not Path("x").exists()


def test_a_register_of_another_epoch_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Its keys are not those that it names; its own epoch opens as long as it is kept."""
    mark("register", "accounts", *WHICH, "-o", "r.jsonl", "-q")
    Vault(Path("watermark-vault"), Seal(key_file=Path("v.key"))).rotate(who())
    asked = ["trace", "suspect.jsonl", "--register", "r.jsonl", *SEALED, "-q"]
    assert mark(*asked) == ExitCode.FINDINGS
    moved = [json.loads(line) | {"epoch": 2} for line in Path("r.jsonl").read_text().splitlines()]
    Path("r.jsonl").write_text("".join(json.dumps(row) + "\n" for row in moved))
    capsys.readouterr()
    assert mark(*asked) == ExitCode.BAD_INPUT
    assert "in epoch 2: the vault derives another key" in capsys.readouterr().err


def _cut(*texts: list[int]) -> Cut:
    none = np.empty(0, np.int64)
    numbers = tuple(np.array(text) for text in texts)
    return Cut("t.json", numbers, (none,) * len(texts), (none.reshape(0, 2),) * len(texts))


def _given(cut: Cut) -> Given:
    documents = (Document(where="s.jsonl:1", document_id="a", tokens=cut.documents[0]),)
    return Given(documents=documents, rejects=())


def test_golden_register(marked_tokens: Writer, check_golden: Any) -> None:
    """What people and programs read of a register."""
    ids = {f"wmk_{at}": bytes([at]) * 32 for at in range(4)}
    rows = tuple(
        ServedKey(account=f"acct\x1b{at}", key_id=key_id, first_served=AT, last_served=AT, tokens=9)
        for at, key_id in enumerate(ids)
    )
    cut = _cut(marked_tokens(bytes([2]) * 32, 150, 4))
    found = KeysTraced(
        given=_given(cut),
        cuts=(cut,),
        rows={row.key_id: (row,) for row in rows},
        trace=trace_asked(
            [Reading(tokenizer=cut.tokenizer, documents=cut.documents)],
            rows,
            [SchemeKeys(SCHEME, ids)],
        ),
        seen_at=None,
    )
    assert "\x1b" not in keys_text(found)
    check_golden("watermark_trace.txt", keys_text(found))
    check_golden("watermark_trace.json", keys_json(found))


def test_golden_code(marked_tokens: Writer, check_golden: Any) -> None:
    """What people and programs read of a code."""
    said = CodeFile(
        name="c", scheme=SCHEME.setting.name, epoch=1, accounts=("a", "b", "c"), collusion=1,
        false_accusation=1e-6, code_id="wmk_1", slots_id="wmk_2",
    )  # fmt: skip
    code, slots = Code(said.plan, bytes(32)), SlotKeys(b"\1" * 32, said.plan.length, 32)
    (word,) = code.words(["b"])
    cut = _cut(marked_tokens(lambda context: slots.key_after(context, word), 1_200, 3))
    reading = read_slots(draw(cut.documents, 4), SCHEME, slots)
    found = CodeTraced(
        given=_given(cut),
        cut=cut,
        code=said,
        slots=reading,
        accusations=accuse(reading, code, said.accounts),
    )
    check_golden("watermark_trace_code.txt", code_text(found))
    check_golden("watermark_trace_code.json", code_json(found))
