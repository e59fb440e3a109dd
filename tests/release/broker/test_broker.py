"""A key goes to an attested machine under its policy, and never otherwise."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from phalanx.errors import InputError, PolicyError, VerificationError
from phalanx.release.broker.broker import CHALLENGE_SECONDS
from phalanx.release.broker.policy import token_policy
from phalanx.release.broker.tables import DECISIONS, SCHEMA, TABLES, open_tables
from phalanx.release.demands import Trusted
from phalanx.release.encoding import from_text
from phalanx.release.logged.book import open_book
from phalanx.release.open import ATTESTED, Opener, open_release, verify_release
from phalanx.release.parties.party_keys import new_keys
from phalanx.release.trust.roots import Revocation, Revoked, Roots, file_digest
from phalanx.store.place import database_of

Begin = Callable[[], Any]
Make = Callable[..., str]
Ask = Callable[..., Any]
on_both = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@on_both
def test_from_challenge_to_model(
    brokered: Any, session: Begin, token: Make, ask: Ask, opener: Opener, tmp_path: Path
) -> None:
    """An attested machine opens the release; the decision is in the log, the receipt says so."""
    mine = session()
    answer = ask(mine, token(mine.nonce))
    assert answer.json()["use"] == 1
    wrapped = from_text(answer.json()["wrapped_key"], "it")
    with pytest.raises(PolicyError, match="with a broker"):
        verify_release(brokered.folder, opener)
    able = replace(opener, released=lambda _package: mine.content_key(wrapped))
    made = open_release(brokered.folder, tmp_path / "opened", tmp_path / "receipt", able)
    assert ATTESTED.encode() in made.payload
    assert brokered.broker.book.check() == 1
    with pytest.raises(VerificationError, match="another recipient"):
        session().content_key(wrapped)


@pytest.mark.parametrize(
    ("claims", "match"),
    [
        ({"aud": "https://other.example"}, "does not verify"),
        ({"aud": ["https://broker.lab.example"]}, "does not verify"),
        ({"iss": "https://other.example"}, "does not verify"),
        ({"eat_nonce": "another"}, "not of this challenge"),
        ({"eat_nonce": None}, "does not verify"),
        ({"exp": None}, "does not verify"),
        ({"exp": 1}, "it is over"),
        ({"iat": 4_000_000_000}, "has not begun"),
        ({"nbf": 4_000_000_000}, "has not begun"),
        ({"iat": 1}, "too old"),
        ({"dbgstat": "enabled"}, "dbgstat is not"),
        ({"dbgstat": None}, "dbgstat is not"),
        ({"submods": {"gpu": {"secboot": 1}}}, "secboot is not"),
        ({"submods": "gpu"}, "secboot is not"),
        ({"kid": "k2"}, "signed with another key"),
        ({"key": Ed25519PrivateKey.from_private_bytes(b"b" * 32)}, "does not verify"),
    ],
)
def test_a_token_that_does_not_help(
    claims: dict[str, Any], match: str, brokered: Any, session: Begin, token: Make, ask: Ask
) -> None:
    """Each is refused with its reason, which is in the log; no use is counted."""
    mine = session()
    answer = ask(mine, token(**{"nonce": mine.nonce, **_renamed(claims, mine.nonce)}))
    assert answer.status_code == 403
    assert match in answer.json()["description"]
    assert brokered.broker.book.check() == 1
    again = session()
    assert ask(again, token(again.nonce)).json()["use"] == 1


def _renamed(claims: dict[str, Any], nonce: str) -> dict[str, Any]:
    if "eat_nonce" not in claims:
        return claims
    return {"nonce": claims["eat_nonce"] and nonce[:-1]}


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_tokens_of_other_algorithms(
    algorithm: str, brokered: Any, session: Begin, token: Make, ask: Ask
) -> None:
    """Neither `none` nor the public key as a shared secret makes a token."""
    mine = session()
    claims = jwt.decode(token(mine.nonce), options={"verify_signature": False})
    head = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "kid": "k1"}).encode())
    body = base64.urlsafe_b64encode(json.dumps(claims).encode())
    signed = b".".join(each.rstrip(b"=") for each in (head, body, b"AAAA" * 8))
    for forged in (signed.decode(), signed.rpartition(b".")[0].decode() + "."):
        answer = ask(mine, forged)
        assert answer.status_code == 403
        mine = session()
    assert brokered.client.get("/metrics").text.count("phalanx_broker_released_total 0.0") == 1


def test_a_token_that_is_replayed(
    brokered: Any, session: Begin, token: Make, ask: Ask, deal: Any
) -> None:
    """Neither a used challenge, nor a token under a new one, nor one for another key helps."""
    mine = session()
    vouched = token(mine.nonce)
    assert ask(mine, vouched).status_code == 200
    assert "challenge was used" in ask(mine, vouched).json()["description"]
    later = session()
    assert "not of this challenge" in ask(later, vouched).json()["description"]
    stolen = session()
    vouched = token(stolen.nonce)
    thief = replace(stolen, seed=b"t" * 32)
    assert "not of this challenge" in ask(thief, vouched).json()["description"]
    mixed = session()
    request = mixed.request(deal.partner, "other", brokered.clock.now)
    said = {"request": json.loads(request.as_bytes()), "token": token(mixed.nonce)}
    answer = brokered.client.post("/v1/keys", json=said)
    assert "not the one that the request names" in answer.json()["description"]


def test_another_party(session: Begin, brokered: Any, token: Make, ask: Ask, deal: Any) -> None:
    """Who is not the recipient gets nothing, though his machine is attested; nothing is logged."""
    mine = session()
    answer = ask(mine, token(mine.nonce), deal.other)
    assert (answer.status_code, brokered.broker.book.check()) == (400, 0)
    unknown = brokered.client.post("/v1/challenges", json={"grant": "ab" * 32})
    assert unknown.status_code == 404


@on_both
def test_as_often_as_the_policy_allows_under_concurrency(
    brokered: Any, session: Begin, token: Make, ask: Ask
) -> None:
    """Of twelve machines that ask at once two get the key; each decision is in the log."""
    machines = [session() for _ in range(12)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda mine: ask(mine, token(mine.nonce)), machines))
    assert sorted(each.status_code for each in answers) == [200] * 2 + [403] * 10
    assert sorted(each.json()["use"] for each in answers if each.status_code == 200) == [1, 2]
    assert brokered.broker.book.check() == 12


@pytest.mark.parametrize(
    "header",
    [
        {}, {"kid": "K1"}, {"kid": "../k1"}, {"kid": "k1' OR '1'='1"},
        {"kid": "k1", "crit": ["exp"]}, {"kid": "k1", "crit": ["b64"], "b64": False},
        {"kid": "k2", "jku": "https://attester.example/keys"}, {"kid": "k2", "x5c": ["AA=="]},
    ],
)  # fmt: skip
def test_a_header_that_says_more_than_which_key(
    header: dict[str, Any], session: Begin, ask: Ask, token: Make
) -> None:
    """No header leads to another key, and one that asks for more than is understood is refused."""
    mine = session()
    claims = jwt.decode(token(mine.nonce), options={"verify_signature": False})
    key = Ed25519PrivateKey.from_private_bytes(b"a" * 32)
    said = jwt.api_jws.encode(json.dumps(claims).encode(), key, "EdDSA", headers=header)
    assert ask(mine, said).status_code == 403


def test_a_token_that_brings_its_key(session: Begin, ask: Ask, token: Make) -> None:
    """A key that stands in the header itself is nobody's whom the policy names."""
    mine, key = session(), Ed25519PrivateKey.from_private_bytes(b"b" * 32)
    own = jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    claims = jwt.decode(token(mine.nonce), options={"verify_signature": False})
    for kid in ("k1", "k2"):
        said = jwt.encode(claims, key, "EdDSA", headers={"kid": kid, "jwk": own})
        assert ask(mine, said).status_code == 403
        mine = session()
        claims["eat_nonce"] = mine.nonce


def test_a_clock_that_is_set_back(brokered: Any, session: Begin, token: Make, ask: Ask) -> None:
    """What was used stays used, though the clock says that it is before that again."""
    mine = session()
    vouched = token(mine.nonce)
    assert ask(mine, vouched).status_code == 200
    for seconds in (0, -30, -3600, 7200):
        brokered.clock.now += timedelta(seconds=seconds)
        assert ask(mine, vouched).status_code == 403
    brokered.clock.now -= timedelta(seconds=3570)
    mine = session()
    assert ask(mine, token(mine.nonce)).json()["use"] == 2
    mine = session()
    assert "as often as the policy allows" in ask(mine, token(mine.nonce)).json()["description"]


@on_both
def test_two_brokers_of_one_database(brokered: Any, session: Begin, token: Make, deal: Any) -> None:
    """Two processes count as one: no challenge helps at both, and no use is handed out twice."""
    engines = [open_tables(database_of(brokered.database)) for _ in range(2)]
    books = [open_book(brokered.broker.book.folder) for _ in range(2)]
    brokers = [
        replace(brokered.broker, engine=engine, book=book)
        for engine, book in zip(engines, books, strict=True)
    ]

    def ask(machine: int) -> int | None:
        mine = machines[machine // 2]
        vouched = token(mine.nonce)
        request = mine.request(deal.partner, vouched, brokered.clock.now)
        try:
            used: int = brokers[machine % 2].release(request, vouched)[1].use
        except PolicyError:
            return None
        return used

    machines = [session() for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        uses = list(pool.map(ask, range(12)))
    assert sorted(each for each in uses if each is not None) == [1, 2]
    assert brokered.broker.book.check() == 12
    for engine in engines:
        engine.dispose()


@on_both
def test_brokers_that_begin_at_once(database: str) -> None:
    """Whichever process is first makes the tables, and the others find them."""
    with ThreadPoolExecutor(4) as pool:
        engines = list(pool.map(lambda _: open_tables(database_of(database)), range(4)))
    with engines[0].connect() as connection:
        assert connection.execute(select(SCHEMA.c.version)).scalars().all() == [int(TABLES.head)]
    for engine in engines:
        engine.dispose()


@on_both
def test_a_challenge_in_many_hands_at_once(
    brokered: Any, session: Begin, token: Make, ask: Ask
) -> None:
    """One challenge is used once, however many ask with it at the same time."""
    mine = session()
    vouched = token(mine.nonce)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: ask(mine, vouched).status_code, range(6)))
    assert sorted(answers) == [200] + [403] * 5
    assert brokered.broker.book.check() > 1


@pytest.mark.parametrize("seconds", [CHALLENGE_SECONDS, 10 * 86_400, -86_400])
def test_times(seconds: int, brokered: Any, session: Begin, token: Make, ask: Ask) -> None:
    """A challenge that is over helps no more, nor does a policy or a grant out of its time."""
    brokered.clock.now += timedelta(seconds=seconds)
    mine = session()
    if seconds == CHALLENGE_SECONDS:
        brokered.clock.now += timedelta(seconds=seconds)
    answer = ask(mine, token(mine.nonce))
    assert answer.status_code == 403
    assert "is over" in answer.json()["description"]


def test_what_was_revoked_is_not_handed_out(
    brokered: Any, session: Begin, token: Make, ask: Ask, deal: Any, tmp_path: Path
) -> None:
    """A broker that pinned roots refuses a revoked grant, and what is stale."""
    lab, now = deal.lab.identity, brokered.clock.now
    gone = Revocation(digest=brokered.grant, at=now, reason="contract ended")
    fresh = Roots(
        parties={lab.fingerprint: file_digest(lab)},
        revoked=Revoked(grants=(gone,)),
        expires_at=now + timedelta(days=1),
    )
    for roots, match in (
        (fresh, "revoked: contract ended"),
        (replace(fresh, expires_at=now), "stale"),
        (replace(fresh, parties={}, revoked=Revoked()), "do not list Lab"),
    ):
        brokered.clock.trusted = Trusted(roots=roots, policy=None, seen=tmp_path / "seen")
        mine = session()
        answer = ask(mine, token(mine.nonce))
        assert answer.status_code == 403
        assert match in answer.json()["description"]


@on_both
def test_what_a_broker_takes_over(brokered: Any, release_for_recipient: Any) -> None:
    """A release whose key is in it, or with another broker, is refused; a policy can be changed."""
    policy = token_policy({**brokered.rules, "most_releases": 5}, brokered.key_set)
    brokered.broker.add(brokered.package, brokered.parties, policy)
    with pytest.raises(PolicyError, match="not with a broker"):
        brokered.broker.add(release_for_recipient, brokered.parties, policy)
    other = replace(brokered.broker, keys=new_keys("B", random.Random(1).randbytes))
    with pytest.raises(VerificationError, match="another recipient"):
        other.add(brokered.package, brokered.parties, policy)


@pytest.mark.parametrize(
    "change",
    [
        {"algorithms": ["none"]}, {"algorithms": ["HS256"]}, {"algorithms": []},
        {"algorithms": ["ES256"]}, {"most_releases": 0}, {"claims": {"a": []}}, {"more": 1},
        {"not_after": "soon"}, {"audience": ""},
    ],
)  # fmt: skip
def test_what_is_no_policy(change: dict[str, Any], brokered: Any) -> None:
    """A policy that would take what nobody signed, or that says nothing, is refused."""
    with pytest.raises(InputError, match="policy of the broker"):
        token_policy({**brokered.rules, **change}, brokered.key_set)


@pytest.mark.parametrize(
    "keys",
    [
        b"", b"{}", b'{"keys":[]}', b'{"keys":[3]}', b'{"keys":[{"kty":"oct","k":"AA","kid":"a"}]}',
        b'{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA","kid":"a"}]}',
    ],
)  # fmt: skip
def test_what_is_no_key_set(keys: bytes, brokered: Any) -> None:
    """Secret keys, keys without ids and what is no key are refused."""
    with pytest.raises(InputError, match="policy of the broker"):
        token_policy(brokered.rules, keys)
    twice = json.loads(brokered.key_set)["keys"] * 2
    with pytest.raises(InputError, match="an id of its own"):
        token_policy(brokered.rules, json.dumps({"keys": twice}).encode())


@on_both
def test_a_log_or_a_database_that_fails(
    brokered: Any, session: Begin, token: Make, ask: Ask, tmp_path: Path
) -> None:
    """Without a log no key is handed out, nor without a database; both are ours, and say 503."""
    mine = session()
    (brokered.broker.book.folder / "public" / "checkpoint").rename(tmp_path / "gone")
    assert ask(mine, token(mine.nonce)).status_code == 503
    (tmp_path / "gone").rename(brokered.broker.book.folder / "public" / "checkpoint")
    mine = session()
    DECISIONS.drop(brokered.broker.engine)
    assert ask(mine, token(mine.nonce)).status_code == 503
