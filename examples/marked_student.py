"""Two campaigns are served marked answers, one of them trains a student: which, an audit says.

All of it happens here, on a processor: the models are tiny, and learn from real text. Needs torch
and transformers, which `make torch` installs.

Run `python examples/marked_student.py ESSAYS.parquet --out story`, with a Parquet file that has a
column `text`.
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import torch
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tokenizers import ByteLevelBPETokenizer
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM, LogitsProcessorList

from phalanx.errors import VerificationError
from phalanx.watermark.audit import (
    Audit,
    Mode,
    Models,
    Plan,
    prompts_digest,
    run_audit,
    sign_report,
    verify_report,
)
from phalanx.watermark.marking.generate import MarkProcessor
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel

Tokens = npt.NDArray[np.int64]

SCHEME = PhalanxGumbel(2)
KEYS = {
    "campaign-17": b"served to campaign 17 under this",
    "campaign-18": b"campaign 18 has another key here",
}
VOCABULARY, PROMPT, LENGTH = 512, 8, 96
DECOYS = 1_000
MODES: tuple[Mode, ...] = ("weights", "weights-gathered")
"""One look at each context, and all of them together."""


def main() -> None:
    """Train, serve, harvest, train, audit, sign."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("texts", type=Path, help="Parquet file with a column `text`")
    parser.add_argument("--out", type=Path, default=Path("story"), help="folder of the reports")
    arguments = parser.parse_args()
    # Models as small as these gain nothing by more threads, which wait for those of the races.
    torch.set_num_threads(1)
    torch.manual_seed(1)
    random = np.random.default_rng(1)

    ours, theirs = halves(arguments.texts)
    teacher = trained(new_model(), pieces(ours), 300, 3e-3, random)
    base = trained(new_model(), pieces(theirs), 300, 3e-3, random)
    print("a teacher, and somebody else's model, have learnt from two halves of the texts")

    harvests = {name: serve(teacher, ours, 512, key, random) for name, key in KEYS.items()}
    clean = serve(teacher, ours, 512, None, random)
    for name, harvest in harvests.items():
        print(f"{name} was served {len(harvest):,} answers under its key")

    stolen = np.concatenate([harvests["campaign-17"], clean])
    student = trained(copy.deepcopy(base), rows_of(stolen), 150, 1e-3, random)
    honest = trained(copy.deepcopy(base), rows_of(clean), 150, 1e-3, random)
    print("a student was tuned on the harvest of campaign-17 and as many answers without a mark")

    documents = list(serve(teacher, ours, 96, None, random))
    arguments.out.mkdir(parents=True, exist_ok=True)
    signer = Ed25519PrivateKey.generate()
    (arguments.out / "signer.pub").write_bytes(signer.public_key().public_bytes_raw())
    asked = [
        (name, suspect, mode)
        for name, suspect in (("student", student), ("honest", honest))
        for mode in MODES
    ]
    for name, suspect, mode in asked:
        plan = planned(name, documents, mode)
        print(f"\n{name}, {mode}: plan {plan.digest()[:16]}, published before anything is read")
        file = f"{name}.{mode}"
        (arguments.out / f"{file}.plan.json").write_bytes(plan.as_bytes())
        models = Models(marked=reader(teacher), suspect=reader(suspect), reference=reader(base))
        audit = run_audit(plan, documents, models, KEYS)
        show(audit)
        report = sign_report(audit, signer)
        (arguments.out / f"{file}.json").write_bytes(report)
        verify_report(report, signer.public_key(), plan.digest())
        print("  the signed report verifies")
        changed = report.replace(b'"named":false', b'"named":true', 1)
        try:
            verify_report(changed, signer.public_key(), plan.digest())
        except VerificationError as error:
            print(f"  changed by one word it does not: {error}")


def show(audit: Audit) -> None:
    """Print what an audit says of each key."""
    for each in audit.keys:
        print(
            f"  {each.key_id}: 10^{each.log10_e:.1f}, reached by {each.decoys_ahead:,} of"
            f" {audit.plan.decoys:,} decoys: {'NAMED' if each.named else 'not named'}"
        )
    best = audit.largest_decoy_log10_e
    print(f"  10^{audit.needed_log10_e:.1f} is needed; the best decoy has 10^{best:.1f}")


def halves(path: Path) -> tuple[Tokens, Tokens]:
    """Return the texts of a file as tokens, in two halves."""
    texts = pq.read_table(path, columns=["text"])["text"].to_pylist()[:2_000]
    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train_from_iterator(texts, VOCABULARY, show_progress=False)
    tokens = np.concatenate([np.array(each.ids) for each in tokenizer.encode_batch(texts)])
    return tokens[: tokens.size // 2], tokens[tokens.size // 2 :]


def new_model() -> LlamaForCausalLM:
    """Return a model of 170,000 random weights."""
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=64,
            intermediate_size=256,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=LENGTH,
            bos_token_id=None,
            eos_token_id=None,
        )
    )


def trained(
    model: LlamaForCausalLM,
    batch: Callable[[np.random.Generator], Tokens],
    steps: int,
    rate: float,
    random: np.random.Generator,
) -> LlamaForCausalLM:
    """Train a model, and return it."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.1, steps)
    for _ in range(steps):
        rows = torch.from_numpy(batch(random))
        said = model(input_ids=rows[:, :-1], use_cache=False).logits
        loss = functional.cross_entropy(said.reshape(-1, VOCABULARY), rows[:, 1:].reshape(-1))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    return model.eval()


def pieces(text: Tokens) -> Callable[[np.random.Generator], Tokens]:
    """Return what draws batches of pieces of a text."""
    return lambda random: np.stack(
        [text[at : at + 65] for at in random.integers(0, text.size - 65, 16)]
    )


def rows_of(texts: Tokens) -> Callable[[np.random.Generator], Tokens]:
    """Return what draws batches of whole texts."""
    return lambda random: texts[random.integers(0, len(texts), 16)]


@torch.no_grad()
def serve(
    model: LlamaForCausalLM,
    text: Tokens,
    count: int,
    key: bytes | None,
    random: np.random.Generator,
) -> Tokens:
    """Answer prompts cut out of a text, marked under a key or not."""
    prompts = np.stack(
        [text[at : at + PROMPT] for at in random.integers(0, text.size - PROMPT, count)]
    )
    answers = []
    for start in range(0, count, 32):
        mark = MarkProcessor(
            random.bytes(32) if key is None else key, context_width=2, random=random.bytes
        )
        answers.append(
            model.generate(
                torch.from_numpy(prompts[start : start + 32]),
                attention_mask=torch.ones(prompts[start : start + 32].shape, dtype=torch.int64),
                logits_processor=LogitsProcessorList([mark]),
                max_new_tokens=LENGTH - PROMPT,
                do_sample=False,
                pad_token_id=0,
            ).numpy()
        )
    return np.concatenate(answers)


def planned(suspect: str, documents: list[Tokens], mode: Mode) -> Plan:
    """Return the plan of an audit of both keys."""
    return Plan(
        suspect=suspect,
        mode=mode,
        scheme=SCHEME.setting.name,
        key_ids=tuple(KEYS),
        key_commitment="",
        prompts_digest=prompts_digest(documents),
        prompts=len(documents),
        reference="the model that the suspect was tuned from",
        reference_digest="",
        level=1e-6,
        decoys=DECOYS,
        decoy_seed=7,
        candidates=32,
        places=20_000,
        made_at="2026-11-26T12:00:00Z",
    )


def reader(model: LlamaForCausalLM) -> Callable[[Tokens], npt.NDArray[np.float64]]:
    """Return what an audit asks of a model."""

    @torch.no_grad()
    def read_one(tokens: Tokens) -> npt.NDArray[np.float64]:
        logits = model(input_ids=torch.from_numpy(tokens)[None], use_cache=False).logits[0]
        logs: npt.NDArray[np.float64] = torch.log_softmax(logits.double(), -1).numpy()
        return logs

    result: Callable[[Tokens], npt.NDArray[np.float64]] = read_one
    return result


if __name__ == "__main__":
    main()
