"""Recipes of engines: values that their own code gave, and the generators beneath.

The values were computed by vLLM 0.33.0, sbw 1.0.0 and transformers 5.24 on torch 2.13, on a CPU.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phalanx.errors import InputError
from phalanx.watermark.draws import Draws, draw
from phalanx.watermark.schemes.kgw_transformers import KgwTransformers, Seeding
from phalanx.watermark.schemes.philox import philox
from phalanx.watermark.schemes.sbw import Sbw
from phalanx.watermark.schemes.scheme import Scheme
from phalanx.watermark.schemes.synthid import SynthId
from phalanx.watermark.schemes.twister import is_among_first, permutation, stream
from phalanx.watermark.schemes.vllm_gumbel import VllmGumbel, integer_key
from phalanx.watermark.schemes.vllm_gumbel_dual import VllmGumbelDual, derive_keys

SHORT = [11, 22, 33, 44, 55, 66, 77, 88, 100000, 7]
TEXT = [15043, 29892, 590, 1024, 338, 2259, 29889, 306, 626, 263, 3186, 5925]
LARGE = (1 << 55) + 12345


def drawn(scheme: Scheme, text: list[int]) -> Draws:
    """Return what counts of one text."""
    return draw([text], scheme.setting.context_width, scheme.setting.unit)


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        (
            (0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF),
            (0xFFFFFFFF, 0xFFFFFFFF),
            (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
        ),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox(
    counter: tuple[int, int, int, int], key: tuple[int, int], words: tuple[int, int, int, int]
) -> None:
    """Known answers of Random123, the authors' own library."""
    c0, c1, c2, c3 = (np.uint64(word) for word in counter)
    given_words = philox((c0, c1, c2, c3), np.uint64(key[0]), np.uint64(key[1]))
    assert tuple(int(word) for word in given_words) == words


@given(st.integers(0, (1 << 64) - 1), st.integers(1, 2000))
def test_stream(seed: int, count: int) -> None:
    """The stream of torch's generator is that of numpy's under the low 32 bits of the seed."""
    expected = np.random.RandomState(seed & 0xFFFFFFFF).bytes(4 * count)
    assert stream(np.uint64(seed), count).astype("<u4").tobytes() == expected


def test_permutation() -> None:
    """The first of `torch.randperm(10)` and `torch.randperm(1000)` under two seeds."""
    assert permutation(np.uint64((1 << 40) + 3), 10).tolist() == [6, 0, 3, 7, 8, 5, 1, 9, 2, 4]
    head = permutation(np.uint64(1), 1000)[:8]
    assert head.tolist() == [845, 303, 66, 436, 239, 593, 573, 999]


@given(st.integers(0, 1 << 40), st.integers(2, 1500), st.data())
def test_place_of_one_token(seed: int, size: int, data: st.DataObject) -> None:
    """One token followed alone ends where it stands in the whole permutation."""
    first = data.draw(st.integers(1, size - 1))
    green = set(permutation(np.uint64(seed), size)[:first].tolist())
    inverses, state = 1.0 / (size - np.arange(first)), np.empty(624, np.uint32)
    token = data.draw(st.integers(0, size - 1))
    found = is_among_first(np.uint64(seed), token, first, size, inverses, state)
    assert found == (token in green)


@pytest.mark.parametrize(
    ("width", "key", "uniforms"),
    [
        (
            4,
            42,
            [
                0.0960920974612236,
                0.8567035794258118,
                0.8574911952018738,
                0.3811248242855072,
                0.15986143052577972,
                0.9408441185951233,
            ],
        ),
        (
            3,
            42,
            [
                0.03907793387770653,
                0.4632629454135895,
                0.8391721844673157,
                0.9417283535003662,
                0.7905831336975098,
                0.05322086438536644,
                0.7489410638809204,
            ],
        ),
        (
            6,
            0x0123456789ABCDEF,
            [0.815237820148468, 0.3991686999797821, 0.9268724322319031, 0.7288092970848083],
        ),
    ],
)
def test_vllm_gumbel(width: int, key: int, uniforms: list[float]) -> None:
    """Scores are those of the engine's numbers: a block of context, less, and more than one."""
    scheme = VllmGumbel(width)
    scores = scheme.scores(drawn(scheme, SHORT), key.to_bytes(8, "big"))
    assert scores == pytest.approx(-np.log1p(-np.array(uniforms)), rel=1e-14)


@pytest.mark.parametrize(
    ("width", "key", "uniforms"),
    [
        (4, 42, [0.27928704, 0.41243255, 0.30845499, 0.43963951]),
        (3, 42, [0.86708045, 0.69471115, 0.23620880]),
        (
            6,
            0x0123456789ABCDEF,
            [0.22481424, 0.86805987, 0.46911281, 0.59391165, 0.66998374, 0.29944170],
        ),
    ],
)
def test_vllm_marks_the_first_tokens_of_an_answer_too(
    width: int, key: int, uniforms: list[float]
) -> None:
    """Under a context filled with -1: numbers of the engine's recipe, in single precision."""
    for scheme in (VllmGumbel(width), VllmGumbelDual(0.0, width)):
        setting = scheme.setting
        assert setting.before_first == -1
        draws = draw([SHORT], width, setting.unit, before_first=setting.before_first)
        assert draws.count == len(SHORT)
        number = key.to_bytes(8, "big")
        if isinstance(scheme, VllmGumbel):
            expected = -np.log1p(-np.array(uniforms))
            assert scheme.scores(draws, number)[:width] == pytest.approx(expected, rel=1e-6)
        assert scheme.scores(draws, number)[width:] == pytest.approx(
            scheme.scores(drawn(scheme, SHORT), number)
        )


def test_vllm_dual() -> None:
    """Both keys are derived as the engine does it, and weighed."""
    key = (42).to_bytes(8, "big")
    first, second = derive_keys(key)
    assert (first, second) == (37150756557148556, 15826636237805488045)
    scheme = VllmGumbelDual(0.3)
    draws = drawn(scheme, SHORT)
    parts = [VllmGumbel().scores(draws, each.to_bytes(8, "big")) for each in (first, second)]
    assert scheme.scores(draws, key) == pytest.approx(0.7 * parts[0] + 0.3 * parts[1])


def test_an_engines_key_is_its_bytes() -> None:
    """An integer key is the key's bytes, big-endian."""
    assert integer_key("any", bytes([1, 0, 0, 0, 0, 0, 0, 2])) == (1 << 56) + 2


@pytest.mark.parametrize(
    ("seeding", "width", "key", "green"),
    [
        ("lefthash", 1, 15485863, [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0]),
        ("lefthash", 1, LARGE, [1, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0]),
        ("selfhash", 1, 15485863, [0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]),
        ("selfhash", 1, LARGE, [0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0]),
        ("selfhash", 4, 15485863, [0, 0, 0, 0, 0, 1, 0, 0, 0]),
        ("selfhash", 4, LARGE, [1, 0, 0, 0, 1, 0, 0, 1, 0]),
    ],
)
def test_kgw_transformers(seeding: Seeding, width: int, key: int, green: list[int]) -> None:
    """Green tokens are those of transformers, where the product overflows too."""
    scheme = KgwTransformers(32_000, seeding=seeding, context_width=width)
    scores = scheme.scores(drawn(scheme, TEXT), key.to_bytes(7, "big"))
    if seeding == "lefthash":
        # After 1024 the list heeds 22 bits of the key: there a coin stands for it.
        place = TEXT.index(1024)
        scores[place] = green[place]
    assert scores.tolist() == green


@pytest.mark.parametrize(
    ("gamma", "key", "green"),
    [
        (0.5, 15485863, [0, 0, 0, 0, 1, 0, 0, 0, 0]),
        (0.25, LARGE, [1, 1, 0, 1, 1, 1, 1, 0, 0]),
    ],
)
def test_sbw(gamma: float, key: int, green: list[int]) -> None:
    """Green tokens are those of the plug-in."""
    scheme = Sbw(gamma)
    assert scheme.scores(drawn(scheme, TEXT), key.to_bytes(7, "big")).tolist() == green


def test_synthid() -> None:
    """Bits are those of transformers, one for each layer."""
    scheme = SynthId(depth=8)
    keys = [654, 400, 836, 123, 340, 443, 597, 160]
    bits = [
        [0, 1, 0, 0, 1, 1, 0, 0],
        [1, 1, 0, 0, 1, 1, 0, 0],
        [1, 0, 0, 1, 0, 1, 1, 1],
        [1, 1, 0, 0, 1, 1, 0, 0],
        [0, 1, 0, 0, 0, 0, 1, 0],
        [0, 1, 1, 1, 0, 0, 0, 0],
        [0, 0, 1, 0, 1, 1, 0, 1],
        [0, 1, 1, 0, 1, 0, 1, 1],
    ]
    scores = scheme.scores(drawn(scheme, TEXT), b"".join(key.to_bytes(4, "big") for key in keys))
    assert scores.tolist() == np.sum(bits, axis=1).tolist()


@pytest.mark.parametrize("text", [[1, 100], [100, 1]])
def test_tokens_beyond_the_vocabulary(text: list[int]) -> None:
    """A vocabulary that is too small is an error, for its lists and its seeds would be others."""
    scheme = KgwTransformers(100)
    with pytest.raises(InputError, match="token 100 is beyond") as raised:
        scheme.scores(drawn(scheme, text), bytes(6) + b"k")
    assert "vocabulary" in raised.value.next_step


@pytest.mark.parametrize("scheme", [KgwTransformers(100), Sbw()], ids=["kgw", "sbw"])
def test_a_key_that_would_say_nothing_is_refused(scheme: Scheme) -> None:
    """Under key 0 every seed is 0, and every score would be a coin."""
    with pytest.raises(ValueError, match="must not"):
        scheme.scores(drawn(scheme, [1, 2, 3, 4, 5]), bytes(7))


def shares(scheme: Scheme, draws: Draws, keys: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Return the mean score of each draw over keys."""
    return np.asarray(np.mean([scheme.scores(draws, key.tobytes()) for key in keys], axis=0))


def test_what_no_key_decides_gets_a_coin() -> None:
    """After token 0 the list is the same for every key: a coin stands for it."""
    scheme = KgwTransformers(1000, greenlist_ratio=0.5)
    keys = np.random.default_rng(1).integers(0, 256, (400, 7), dtype=np.uint8)
    means = shares(scheme, drawn(scheme, [0, 5, 0, 9, 8]), keys)
    assert np.all(np.abs(means - 0.5) < 0.15)


def test_what_is_tied_says_nothing() -> None:
    """N-grams that agree in 16 bits have one bit in every layer: the second scores as usual."""
    scheme = SynthId()
    draws = draw([[1, 2, 3, 4, 5], [1 + 65536, 2, 3, 4, 5]], 4, "context")
    keys = np.random.default_rng(1).integers(0, 256, (400, 120), dtype=np.uint8)
    scores = np.array([scheme.scores(draws, key.tobytes()) for key in keys])
    assert np.unique(scores[:, 0]).size > 10
    assert set(scores[:, 1]) == {15.0}


@pytest.mark.parametrize(
    "layers",
    [
        pytest.param([*range(15), *range(15)], id="each-twice"),
        pytest.param([(high << 16) | 77 for high in range(30)], id="apart-in-high-bits-only"),
    ],
)
def test_layers_that_are_the_same_are_read_apart(layers: list[int]) -> None:
    """Layers with the same low bits have the same bits: counted twice, they would convict."""
    scheme, random = SynthId(), np.random.default_rng(2)
    key = b"".join(layer.to_bytes(4, "big") for layer in layers)
    totals = []
    for _ in range(500):
        draws = drawn(scheme, random.integers(0, 30_000, 104).tolist())
        scores = scheme.scores(draws, key)
        totals.append(scheme.totals(draws, np.frombuffer(key, np.uint8)[None])[0])
        assert totals[-1] == scores.sum()
    # Each at a place of its own: the spread is that of 30 independent ones, within four errors.
    assert np.std(totals) == pytest.approx(np.sqrt(100 * 30 / 4), rel=0.13)
