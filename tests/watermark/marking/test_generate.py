"""In transformers: our processor in `generate`, and what its own processors write, seen here."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from phalanx.watermark.draws import Draws, draw
from phalanx.watermark.marking.generate import MarkProcessor
from phalanx.watermark.schemes.kgw_transformers import KgwTransformers, Seeding
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
from phalanx.watermark.schemes.scheme import Scheme
from phalanx.watermark.schemes.synthid import SynthId, hash_ngrams
from phalanx.watermark.schemes.ties import find_tied

VOCABULARY = 500
KEY = bytes(range(32))
LAYERS = [654, 400, 836, 123, 340, 443, 597, 160, 57, 29]
HASHING_KEY = 15485863


def generate(model: Any, texts: int, length: int, **how: Any) -> npt.NDArray[np.int64]:
    """Let the model go on from one prompt, and return what it said without the prompt."""
    import torch

    prompt = torch.tensor([[7, 8, 9, 10, 11]]).repeat(texts, 1)
    torch.manual_seed(1)
    said = model.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        max_new_tokens=length,
        do_sample=True,
        top_k=0,
        **how,
    )
    words: npt.NDArray[np.int64] = said[:, prompt.shape[1] :].numpy()
    return words


def drawn(scheme: Scheme, text: npt.NDArray[np.int64]) -> Draws:
    """Return what counts of one text."""
    return draw([text], scheme.setting.context_width, scheme.setting.unit)


def log10_p(scheme: Scheme, text: npt.NDArray[np.int64], key: bytes) -> float:
    """Return what the detector says."""
    draws = drawn(scheme, text)
    return float(scheme.setting.law(scheme.scores(draws, key).sum()[None], draws)[0])


def test_our_processor(model: Any) -> None:
    """Each of several answers carries the mark, and they differ from one another."""
    said = generate(model, 3, 80, logits_processor=[MarkProcessor(KEY, top_k=50)])
    scheme = PhalanxGumbel()
    assert all(log10_p(scheme, text, KEY) < -6 for text in said)
    assert all(log10_p(scheme, text, bytes(32)) > -6 for text in said)
    assert len({text.tobytes() for text in said}) == 3


def test_our_processor_without_chance(model: Any) -> None:
    """Sampling or not, the key chooses: `do_sample` decides nothing any more."""
    import torch

    prompt = torch.tensor([[7, 8, 9, 10, 11]])
    said = [
        model.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=12,
            do_sample=sampled,
            logits_processor=[MarkProcessor(KEY)],
        )
        for sampled in (True, False)
    ]
    assert torch.equal(*said)


@pytest.mark.parametrize(
    ("seeding", "width", "share"),
    [("lefthash", 1, 0.25), ("selfhash", 1, 0.5), ("selfhash", 3, 0.25)],
)
def test_green_lists_of_transformers(
    model: Any, seeding: Seeding, width: int, share: float
) -> None:
    """Every token that transformers counts as green is one here, and the mark is seen."""
    from transformers import WatermarkDetector, WatermarkingConfig

    configuration = WatermarkingConfig(
        greenlist_ratio=share,
        bias=4.0,
        hashing_key=HASHING_KEY,
        seeding_scheme=seeding,
        context_width=width,
    )
    text = generate(model, 1, 100, watermarking_config=configuration)[0]
    scheme = KgwTransformers(VOCABULARY, share, seeding, width)
    key = HASHING_KEY.to_bytes(7, "big")
    processor = WatermarkDetector(model.config, "cpu", configuration).processor
    draws = drawn(scheme, text)
    scores = scheme.scores(draws, key)
    green = [_is_green(processor, text, at, seeding) for at in draws.positions]
    # Tied draws have coins in place of scores; where nothing is tied, all are equal.
    counted = ~_tied(processor, text, draws.positions, seeding)
    assert counted.sum() > 40
    assert scores[counted].tolist() == np.array(green)[counted].tolist()
    assert log10_p(scheme, text, key) < -6
    assert log10_p(scheme, text, bytes(range(1, 8))) > -6


def _prefix(text: npt.NDArray[np.int64], at: int, seeding: str) -> Any:
    import torch

    return torch.tensor(text[: at + (seeding == "selfhash")])


def _is_green(processor: Any, text: npt.NDArray[np.int64], at: int, seeding: str) -> float:
    green = processor._get_greenlist_ids(_prefix(text, at, seeding))
    return float(int(text[at]) in green.tolist())


def _tied(
    processor: Any, text: npt.NDArray[np.int64], positions: npt.NDArray[np.int64], seeding: str
) -> npt.NDArray[np.bool_]:
    """Return which places have a list that stood before, or that every key has."""
    seen, tied = {0}, []
    for at in positions:
        processor.set_seed(_prefix(text, at, seeding))
        seed = processor.rng.initial_seed() & 0xFFFFFFFF
        tied.append(seed in seen)
        seen.add(seed)
    return np.array(tied)


def test_synthid_of_transformers(model: Any) -> None:
    """Bits are those of transformers, what counts is its own mask, and the mark is seen."""
    import torch
    from transformers import SynthIDTextWatermarkingConfig

    configuration = SynthIDTextWatermarkingConfig(keys=LAYERS, ngram_len=5)
    text = generate(model, 1, 150, watermarking_config=configuration)[0]
    processor = configuration.construct_processor(VOCABULARY, torch.device("cpu"))
    scheme = SynthId(depth=len(LAYERS))
    key = b"".join(layer.to_bytes(4, "big") for layer in LAYERS)
    draws = drawn(scheme, text)
    words = torch.tensor(text)[None]
    mask = processor.compute_context_repetition_mask(words)[0].numpy()
    assert (np.flatnonzero(mask) + 4).tolist() == draws.positions.tolist()
    ones = processor.compute_g_values(words)[0].numpy()[mask].sum(axis=1)
    # Here one pair of different n-grams has the same bits in every layer: a coin stands for it.
    hashes = hash_ngrams(draws.stream, draws.positions, draws.tokens, 4)
    tied = find_tied(hashes & np.uint64(0xFFFF))
    assert tied.size < 5
    scores = scheme.scores(draws, key)
    assert np.delete(scores, tied).tolist() == np.delete(ones, tied).tolist()
    assert log10_p(scheme, text, key) < -6
    assert log10_p(scheme, text, key[::-1]) > -6
