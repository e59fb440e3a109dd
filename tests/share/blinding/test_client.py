"""A member's client against servers that lie, fail, dawdle or flood it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from fastapi.testclient import TestClient
from starlette.types import Receive, Scope, Send

from phalanx.errors import ConfigError, InputError, PolicyError, ServiceError, VerificationError
from phalanx.share.asking import Patience
from phalanx.share.blinding import voprf
from phalanx.share.blinding.allowances import Allowances, Limits
from phalanx.share.blinding.asking import KeyServer
from phalanx.share.blinding.client import BATCH_SIZES, BlindingClient
from phalanx.share.blinding.encoding import from_text, to_text
from phalanx.share.blinding.group import IDENTITY, add, multiply_generator
from phalanx.share.blinding.identifiers import message_of, token_of
from phalanx.share.blinding.keyring import add_epoch, read_keyring
from phalanx.share.blinding.messages import EvaluationRequest, EvaluationResponse
from phalanx.share.blinding.tables import open_tables
from phalanx.share.blinding.voprf import blind_evaluate, evaluate

if TYPE_CHECKING:
    from tests.share.blinding.conftest import House

ONE = bytes([1]) + bytes(31)
Lie = Callable[[EvaluationRequest, EvaluationResponse], EvaluationResponse]


class Lying(KeyServer):
    """A key server whose operator changes answers."""

    def __init__(self, house: House, lie: Lie) -> None:
        """Stand between the member and the server."""
        super().__init__(house.http, house.api_key)
        self._lie = lie
        self.asked: list[EvaluationRequest] = []

    def evaluate(self, request: EvaluationRequest) -> EvaluationResponse:
        """Change an answer."""
        self.asked.append(request)
        return self._lie(request, super().evaluate(request))


def test_many_identifiers_go_in_batches_of_few_sizes(house: House) -> None:
    """Each with its own token, in the order of the question."""
    server = Lying(house, lambda _, answer: answer)
    devices = [f"device {i}" for i in range(1000)]
    tokens = BlindingClient(server, house.epoch).tokens("device", devices)
    pair = read_keyring(house.settings.keys).pair(1, house.clock())
    for i in (0, 500, 999):
        assert tokens[i] == token_of(evaluate(pair, message_of("device", devices[i], 1)))
    sizes = [len(each.elements) for each in server.asked]
    assert sizes == [1024, 64]
    assert set(sizes) <= set(BATCH_SIZES)
    assert server.asked[0].elements != sorted(server.asked[1].elements)
    assert BlindingClient(server, house.epoch).tokens("device", []) == []
    assert len(server.asked) == 2


def test_identifiers_and_probes_are_in_no_order(house: House) -> None:
    """A server finds neither which element is whose, nor which it is tested with."""
    server = Lying(house, lambda _, answer: answer)
    BlindingClient(server, house.epoch).tokens("device", ["a", "b"])
    (asked,) = server.asked
    elements = [from_text(each, 32) for each in asked.elements]
    assert elements == sorted(elements)


def _another_key(house: House) -> Lie:
    """Answer one member with a key of its own, to know its tokens again."""
    own = read_keyring(house.settings.keys).pair(2, house.clock() + timedelta(days=30))

    def lie(request: EvaluationRequest, _: EvaluationResponse) -> EvaluationResponse:
        elements = [from_text(each, 32) for each in request.elements]
        answers, proof = blind_evaluate(own, elements, ONE)
        return EvaluationResponse(
            epoch=1, elements=[to_text(each) for each in answers], proof=to_text(bytes(proof))
        )

    return lie


def test_a_server_that_swaps_keys_between_members_is_found_out(house: House) -> None:
    """It cannot prove the key that all members have pinned."""
    add_epoch(house.settings.keys, house.epoch.valid_until, timedelta(days=30), timedelta(days=7))
    with pytest.raises(VerificationError, match="pinned key"):
        BlindingClient(Lying(house, _another_key(house)), house.epoch).tokens("device", ["a"])


def test_a_server_that_lists_other_keys_for_a_member_is_found_out(
    house: House, tmp_path: Path
) -> None:
    """Members compare one string: a second list has another commitment."""
    other = add_epoch(
        tmp_path / "other", house.epoch.valid_from, timedelta(days=30), timedelta(days=7)
    )
    assert replace(other, public_key=house.epoch.public_key) == house.epoch
    assert house.server().epoch(house.epoch.commitment) == house.epoch
    with pytest.raises(VerificationError, match="pinned commitment"):
        house.server().epoch(other.commitment)


def test_an_old_answer_is_no_answer(house: House) -> None:
    """Not even to the same identifiers: each question has blinds of its own."""
    kept: list[EvaluationResponse] = []

    def replayed(_: EvaluationRequest, answer: EvaluationResponse) -> EvaluationResponse:
        kept.append(answer)
        return kept[0]

    client = BlindingClient(Lying(house, replayed), house.epoch)
    client.tokens("device", ["a"])
    with pytest.raises(VerificationError, match="pinned key"):
        client.tokens("device", ["a"])


@pytest.mark.parametrize(
    "changed",
    [
        {"elements": [to_text(IDENTITY)] * 64},
        {"elements": [to_text(b"\xff" * 32)] * 64},
        {"elements": [to_text(multiply_generator(ONE))] * 64},
        {"elements": [to_text(multiply_generator(ONE))] * 63},
        {"proof": to_text(bytes(64))},
        {"proof": to_text(b"\xff" * 64)},
        {"proof": "=" * 86},
    ],
)
def test_a_wrong_answer_is_the_servers_fault(house: House, changed: dict[str, object]) -> None:
    """Nothing is returned, and the message says so."""
    lying = Lying(house, lambda _, answer: answer.model_copy(update=changed))
    with pytest.raises(VerificationError, match="key server's"):
        BlindingClient(lying, house.epoch).tokens("device", ["a"])


def test_probes_find_what_a_forged_proof_hides(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Errors that cancel out in the proof still meet an answer that was known before.

    Finding such errors takes about 2^33 steps, which the patch stands for.
    """

    def spoiled(_: EvaluationRequest, answer: EvaluationResponse) -> EvaluationResponse:
        off = [to_text(add(from_text(each, 32), multiply_generator(ONE))) for each in half(answer)]
        return answer.model_copy(update={"elements": [*off, *answer.elements[len(off) :]]})

    def half(answer: EvaluationResponse) -> list[str]:
        return answer.elements[: len(answer.elements) // 2]

    monkeypatch.setattr(voprf, "verify_proof", lambda *_: True)
    client = BlindingClient(Lying(house, spoiled), house.epoch)
    with pytest.raises(VerificationError, match="known before"):
        client.tokens("device", [f"device {i}" for i in range(960)])


def test_an_identifier_that_is_none_sends_nothing(house: House) -> None:
    """Neither the others."""
    with pytest.raises(InputError):
        house.client().tokens("email", ["ada@example.com", "nobody"])
    counts = Allowances(open_tables(house.settings.database))
    assert counts.usage("north", house.clock()).requests == 0


def test_a_key_that_is_no_element_is_never_used(house: House) -> None:
    """Zero times anything is zero."""
    with pytest.raises(InputError):
        house.client(replace(house.epoch, public_key=to_text(IDENTITY)))


def test_a_client_waits_as_long_as_it_is_told(build: Callable[..., House]) -> None:
    """Then it goes on."""
    house = build(Limits(burst_elements=64, elements_per_second=2.0))
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        house.clock.moment += timedelta(seconds=seconds)

    server = KeyServer(house.http, house.api_key, sleep=sleep)
    client = BlindingClient(server, house.epoch)
    assert client.tokens("device", ["a"]) == client.tokens("device", ["a"])
    assert pauses == [32.0]


def test_a_long_wait_is_left_to_a_person(build: Callable[..., House]) -> None:
    """The message says how long it is."""
    house = build(Limits(elements_per_day=64))
    house.client().tokens("device", ["a"])
    with pytest.raises(PolicyError, match="86400 seconds"):
        house.client().tokens("device", ["a"])
    assert house.pauses == []


def test_what_a_server_refuses_is_not_asked_again(house: House) -> None:
    """An API key of nobody, an epoch to come."""
    with pytest.raises(PolicyError, match="401"):
        BlindingClient(house.server(api_key="phx.none"), house.epoch).tokens("device", ["a"])
    with pytest.raises(PolicyError, match="403"):
        house.client(replace(house.epoch, epoch=2)).tokens("device", ["a"])
    assert house.pauses == []


def test_a_server_that_fails_is_asked_some_times(house: House) -> None:
    """Longer and longer pauses, with some chance in them."""
    (house.settings.database.file or Path()).unlink()
    with pytest.raises(ServiceError, match=r"at .* does not answer \(503\)"):
        BlindingClient(house.server(Patience(4, 1.0)), house.epoch).tokens("device", ["a"])
    assert len(house.pauses) == 3
    for pause, most in zip(house.pauses, (1, 2, 4), strict=True):
        assert most / 2 <= pause <= most


def test_a_server_that_cannot_be_reached_is_told() -> None:
    """After some attempts."""
    pauses: list[float] = []
    with httpx2.Client(base_url="http://127.0.0.1:9") as http:
        server = KeyServer(http, "k", Patience(2, 0.1), sleep=pauses.append)
        with pytest.raises(ServiceError, match="does not answer"):
            server.epoch("x")
    assert len(pauses) == 1


def _saying(status: int, headers: list[tuple[bytes, bytes]], content: bytes) -> TestClient:
    async def app(_: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    return TestClient(app, "http://localhost")


@pytest.mark.parametrize(
    ("content", "headers", "said"),
    [
        (b" " * (3 << 20), [], "larger"),
        (gzip.compress(b" " * (8 << 20)), [(b"content-encoding", b"gzip")], "cannot be read"),
        (b"{}", [], "cannot be read"),
        (b"[" * 100_000, [], "cannot be read"),
        (json.dumps({"scheme": "x", "current": None, "epochs": []}).encode(), [], "cannot be read"),
    ],
)
def test_a_flood_is_cut_off(content: bytes, headers: list[tuple[bytes, bytes]], said: str) -> None:
    """Neither memory nor patience is spent on what no honest server says."""
    server = KeyServer(_saying(200, headers, content), "k")
    with pytest.raises(VerificationError, match=said):
        server.epoch("x")


@pytest.mark.parametrize("address", ["http://keys.example.com", "http://192.0.2.1:8471"])
def test_an_api_key_does_not_cross_a_network_in_clear(address: str) -> None:
    """Nothing is sent."""
    with httpx2.Client(base_url=address) as http, pytest.raises(ConfigError, match="in clear"):
        KeyServer(http, "k")


def test_a_redirection_is_not_followed(house: House) -> None:
    """It would carry the API key to somebody else."""
    http = _saying(307, [(b"location", b"http://evil.example/")], b"")
    with pytest.raises(ServiceError, match="307"):
        BlindingClient(KeyServer(http, "k"), house.epoch).tokens("device", ["a"])


def test_nothing_secret_is_printed(house: House) -> None:
    """Of client, server and settings."""
    said = repr((house.client(), house.server(), house.settings))
    assert house.api_key not in said
