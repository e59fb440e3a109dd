"""Two members count what both suspect, by files that they carry, and neither learns which."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from phalanx.errors import InputError, PolicyError, VerificationError
from phalanx.share.blinding.psi import Asker, Mode
from phalanx.share.exchange.carried import Session, message_of
from phalanx.share.exchange.comparing import KEPT_FOLDER, answer, ask, count, read_question
from phalanx.share.exchange.house import House, open_house, public_key
from phalanx.share.exchange.settings import HubAccess, MemberSettings
from phalanx.share.gate import SHIPPED
from phalanx.share.wire import AccountFingerprint, member_id

PSEUDONYMS = {"a": "member-amber-falcon", "b": "member-quiet-river", "c": "member-grey-heron"}
A, B, C = map(member_id, PSEUDONYMS.values())


def suspects(first: int, last: int) -> list[AccountFingerprint]:
    """Return tokens of made-up accounts."""
    return [
        AccountFingerprint(kind="payment", epoch=1, value=f"{number:043d}".replace("0", "A"))
        for number in range(first, last)
    ]


class Post:
    """Carries files between three members, none of which needs a server for it."""

    def __init__(self, folder: Path) -> None:
        """Let the members agree."""
        self.folder = folder
        self._settings = {}
        entries = []
        for name, pseudonym in PSEUDONYMS.items():
            settings = MemberSettings(
                schema="phalanx.alliance/1",
                member=pseudonym,
                agreement=folder / "agreement.toml",
                bases=("us-rule-of-reason", "eu-gdpr-6-1-f"),
                signing_key=folder / f"{name}.key",
                hub=HubAccess(url="https://hub.example/a/collections/c/"),
                folder=folder / name,
                gate=folder / f"{name}.db",
            )
            self._settings[name] = settings
            entries.append(
                f'[[member]]\npseudonym = "{pseudonym}"\njurisdictions = ["us", "eu"]\n'
                f'keys = ["{public_key(settings)}"]\nfrom = 2026-01-01\n'
            )
        (folder / "agreement.toml").write_text(
            'schema = "phalanx.agreement/1"\nversion = "1"\n' + "".join(entries)
        )

    def house(self, name: str, **changes: object) -> House:
        """Return a member."""
        settings = replace(self._settings[name], **changes)  # type: ignore[arg-type] # of a test
        return open_house(settings, datetime(2026, 11, 20, 12, tzinfo=UTC))

    def asked(self, first: int = 0, last: int = 40) -> Path:
        """Let A ask B about some accounts."""
        path = self.folder / "question.psi"
        path.write_bytes(ask(self.house("a"), B, 1, suspects(first, last)))
        return path

    def answered(self, question: Path, first: int, last: int) -> Path:
        """Let B answer."""
        house, path = self.house("b"), self.folder / "answer.psi"
        path.write_bytes(answer(house, read_question(house, question), suspects(first, last)))
        return path


@pytest.fixture
def post(tmp_path: Path) -> Post:
    """Return who carries."""
    return Post(tmp_path)


def compared(house: House) -> list[str]:
    """Return what the audit log says of comparisons."""
    return [each.facts["action"] for each in house.audit.entries() if each.kind == "compared"]


@pytest.mark.parametrize(("first", "common"), [(28, "10-29"), (36, "3-9"), (40, "none")])
def test_the_asker_learns_a_step_and_both_are_on_record(
    post: Post, first: int, common: str
) -> None:
    """12, 4 and no common accounts of 40 and 60: a step of about three, and once."""
    path = post.answered(post.asked(), first, first + 60)
    house = post.house("a")
    assert count(house, path).common == common
    assert compared(house) == ["ask", f"counted: {common}"]
    assert compared(post.house("b")) == ["answer"]
    with pytest.raises(InputError, match="no question of yours that waits"):
        count(house, path)
    assert list((house.folder.folder / KEPT_FOLDER).iterdir()) == []


def test_no_file_tells_how_many_or_which(post: Post) -> None:
    """Sets of 5 and of 900 look alike, and no token stands in a file."""
    sizes = set()
    for last in (5, 900):
        question = post.asked(0, last)
        path = post.answered(question, 0, last)
        sizes.add((question.stat().st_size // 1000, path.stat().st_size // 1000))
        for file in (question, path):
            assert all(each.value.encode() not in file.read_bytes() for each in suspects(0, 3))
    assert len(sizes) == 1


def test_nobody_asks_about_a_few(post: Post) -> None:
    """Of four accounts a number nearly says which."""
    with pytest.raises(InputError, match="nearly say which"):
        post.asked(0, 4)


def test_only_a_number_is_answered(post: Post) -> None:
    """A member that asks which of its accounts are known is refused, whatever it signed."""
    house = post.house("a")
    asker = Asker([b"x"], Mode.INTERSECTION)
    session = Session(other=B, epoch=1, session=next(iter(asker.question()))[6:22])
    question = post.folder / "question.psi"
    question.write_bytes(message_of(house, "question", session, asker.question()))
    with pytest.raises(PolicyError, match="may not ask for this"):
        post.answered(question, 0, 9)
    assert compared(post.house("b")) == ["refuse"]


def test_each_member_asks_a_few_times_a_day(post: Post) -> None:
    """Many numbers would say which: the fifth question of a day is not answered."""
    question = post.asked()
    for _ in range(4):
        post.answered(question, 0, 9)
    with pytest.raises(PolicyError, match="the limit"):
        post.answered(question, 0, 9)
    assert compared(post.house("b")) == ["answer"] * 4 + ["refuse"]


def test_rules_of_the_gate_stand_against_it(post: Post, tmp_path: Path) -> None:
    """No basis, a stranger, or a policy that allows no comparison: refused, and on record."""
    words = SHIPPED.read_text()
    policy = tmp_path / "policy.toml"
    policy.write_text(words.replace('comparisons = ["count"]', "comparisons = []"))
    for changes, other, reason in (
        ({"bases": ("us-rule-of-reason",)}, B, "A13"),
        ({"purpose": "sell"}, B, "A12"),
        ({"policy": policy}, B, "A14.*no comparison"),
        ({}, A, "A14.*not among"),
        ({}, member_id("member-red-fox"), "A14.*not among"),
    ):
        house = post.house("a", **changes)
        with pytest.raises(PolicyError, match=reason):
            ask(house, other, 1, suspects(0, 9))
    assert compared(post.house("a")) == ["refuse"] * 5
    question = post.asked()
    house = post.house("b", policy=policy)
    with pytest.raises(PolicyError, match="A14"):
        read_question(house, question)


def test_files_that_are_not_what_was_signed_are_refused(post: Post) -> None:
    """Changed, cut short, of another member or part, or nothing of the kind."""
    question, house = post.asked(), post.house("b")
    good = question.read_bytes()
    line, _, body = good.partition(b"\n")
    signed = json.loads(line)
    other = {**signed, "head": {**signed["head"], "created_by_ref": C}}
    for raw, error in (
        (good[:-1], VerificationError),
        (good[:-1] + bytes([good[-1] ^ 1]), VerificationError),
        (json.dumps(other).encode() + b"\n" + body, VerificationError),
        (line.replace(B.encode(), C.encode()) + b"\n" + body, VerificationError),
        (line + b"\n", InputError),
        (body, InputError),
        (b"", InputError),
        (b"{" * 9000, InputError),
        (b"[" * 8000 + b"\nx", InputError),
        (b'{"head": 7, "signature": {}}\nx', InputError),
        (b"\xff\n" + body, InputError),
    ):
        question.write_bytes(raw)
        with pytest.raises(error):
            read_question(house, question)
    question.write_bytes(good)
    with pytest.raises(VerificationError, match="for another member"):
        read_question(post.house("c"), question)
    with pytest.raises(InputError, match="it is the question"):
        count(house, question)
    for path in (post.folder, post.folder / "none"):
        with pytest.raises(InputError):
            read_question(house, path)


def test_an_answer_counts_from_who_was_asked_only(post: Post) -> None:
    """Another member's answer to the same question is no answer, and the right one still is."""
    question = post.asked()
    path = post.answered(question, 0, 9)
    right, house = path.read_bytes(), post.house("c")
    head = json.loads(right.partition(b"\n")[0])["head"]
    session = Session(other=A, epoch=1, session=bytes.fromhex(head["session"]))
    asker = Asker([b"x"], Mode.CARDINALITY)
    path.write_bytes(message_of(house, "answer", session, asker.question()))
    with pytest.raises(VerificationError, match="another member than was asked"):
        count(post.house("a"), path)
    liar = message_of(post.house("b"), "answer", session, asker.question())
    path.write_bytes(liar)
    with pytest.raises(InputError, match="set intersection"):
        count(post.house("a"), path)
    longer = replace(session, epoch=2)
    path.write_bytes(message_of(post.house("b"), "answer", longer, [b"x"]))
    with pytest.raises(VerificationError, match="another epoch"):
        count(post.house("a"), path)
    path.write_bytes(right)
    assert count(post.house("a"), path).common == "3-9"
