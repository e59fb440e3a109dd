"""Other samplers and detectors, made ready to be timed: torch, transformers, MarkLLM.

Each maker returns a function of nothing that does one step, or judges one batch of tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch
    from markllm.watermark.base import BaseWatermark
    from transformers import SynthIDTextWatermarkLogitsProcessor

Step = Callable[[], object]

LAYERS = 30
HISTORY = 512


def has_torch() -> bool:
    """Say whether torch and transformers are installed."""
    return find_spec("torch") is not None and find_spec("transformers") is not None


def has_markllm() -> bool:
    """Say whether MarkLLM is installed."""
    return has_torch() and find_spec("markllm") is not None


def samplers(logits: npt.NDArray[np.float32], random: np.random.Generator) -> dict[str, Step]:
    """Return one generation step of each peer, the choice of a token included."""
    import torch
    from transformers.generation import logits_process as peers

    torch.set_num_threads(1)
    texts, vocabulary = logits.shape
    scores = torch.from_numpy(logits)
    tokens = torch.from_numpy(random.integers(0, vocabulary, (texts, HISTORY)))

    def choose(processor: Callable[..., torch.Tensor]) -> Step:
        return lambda: torch.multinomial(torch.softmax(processor(tokens, scores), -1), 1)

    found = {
        "torch softmax + multinomial": choose(lambda _, unchanged: unchanged),
        "transformers KGW lefthash": choose(peers.WatermarkLogitsProcessor(vocabulary, "cpu")),
        "transformers SynthID 30": choose(_synthid(random)),
    }
    if has_markllm():
        kgw = _markllm_kgw(vocabulary)
        found["MarkLLM KGW"] = lambda: torch.multinomial(
            torch.softmax(kgw.logits_processor(tokens, scores.clone()), -1), 1
        )
    return found


def detectors(
    vocabulary: int, tokens: npt.NDArray[np.int64], random: np.random.Generator
) -> dict[str, Step]:
    """Return each peer's judgement of texts, shape (texts, tokens)."""
    import torch
    from transformers import LlamaConfig, WatermarkDetector, WatermarkingConfig

    words = torch.from_numpy(tokens)
    kgw = WatermarkDetector(
        LlamaConfig(vocab_size=vocabulary), "cpu", WatermarkingConfig(), ignore_repeated_ngrams=True
    )
    synthid = _synthid(random)
    found: dict[str, Step] = {
        "transformers KGW lefthash": lambda: kgw(words[:1]),
        "transformers SynthID 30": lambda: (
            (
                synthid.compute_g_values(words)
                * synthid.compute_context_repetition_mask(words)[..., None]
            )
            .float()
            .mean()
        ),
    }
    if has_markllm():
        markllm = _markllm_kgw(vocabulary)
        found["MarkLLM KGW"] = lambda: markllm.utils.score_sequence(words[0])
    return found


def _synthid(random: np.random.Generator) -> SynthIDTextWatermarkLogitsProcessor:
    import torch
    from transformers import SynthIDTextWatermarkLogitsProcessor

    return SynthIDTextWatermarkLogitsProcessor(
        ngram_len=5,
        keys=[int(key) for key in random.integers(0, 1 << 31, LAYERS)],
        sampling_table_size=1 << 16,
        sampling_table_seed=0,
        context_history_size=1024,
        device=torch.device("cpu"),
    )


def _markllm_kgw(vocabulary: int) -> BaseWatermark:
    from markllm.utils.transformers_config import TransformersConfig
    from markllm.watermark.auto_watermark import AutoWatermark

    config = TransformersConfig(None, None, vocab_size=vocabulary, device="cpu")
    return AutoWatermark.load("KGW", transformers_config=config)
