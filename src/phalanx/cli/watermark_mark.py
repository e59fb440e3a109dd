"""`phalanx watermark mark`: answers with a mark, or what an engine is told so that it marks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Group, Parameter, validators

from phalanx.cli.rendering import OutputPath, refuse_output
from phalanx.cli.terminal import Common
from phalanx.cli.watermark_options import VAULT, By, KeyOptions, SealOptions, VaultFolder

_HOW = Group.create_ordered("How answers are generated")


@Parameter(name="*", group=_HOW)
@dataclass(frozen=True, kw_only=True)
class GenerationOptions:
    """A model and how its tokens are chosen."""

    model: Annotated[Path | None, Parameter(show_default=False)] = None
    """Folder of a model for transformers, with safetensors; nothing is fetched."""

    tokenizer: Annotated[Path | None, Parameter(show_default=False)] = None
    """Its `tokenizer.json`; without it, prompts are token numbers."""

    most_tokens: Annotated[int, Parameter(validator=validators.Number(gte=1, lte=100_000))] = 256
    """Of an answer."""

    temperature: Annotated[float, Parameter(validator=validators.Number(gt=0, lte=10))] = 1.0
    """Divides the logits. Low temperatures leave little choice, and little mark."""

    top_k: Annotated[
        int | None, Parameter(show_default=False, validator=validators.Number(gte=1))
    ] = None
    """Choose among so many of the likeliest tokens only."""

    top_p: Annotated[float, Parameter(validator=validators.Number(gt=0, lte=1))] = 1.0
    """Choose among the fewest tokens only whose chances sum to this."""


def mark(
    prompts: Annotated[Path | None, Parameter(show_default=False)] = None,
    /,
    *,
    name: str,
    which: KeyOptions,
    engine: Literal["transformers", "vllm"] = "transformers",
    code: Annotated[Path | None, Parameter(show_default=False)] = None,
    how: GenerationOptions = GenerationOptions(),
    folder: VaultFolder = VAULT,
    seal: SealOptions = SealOptions(),
    by: By = None,
    output: OutputPath = None,
    common: Common = Common(),
) -> None:
    """Answer prompts with a mark, or write what vLLM is told so that it marks.

    Answers go out as lines of JSON that `detect`, `trace` and `audit run` read: `id`, `prompt` or
    `prompt_tokens`, `tokens`, and `text` where there is a tokenizer. Needs the extra `torch`, but
    for `--engine vllm`.

    Parameters:
        prompts: Lines of JSON with `text` or `tokens`, and if known `id`; of transformers.
        name: What the key is for: a model, an account, a campaign. With --code: the account.
        which: Scheme, purpose and epoch of the key. transformers marks `phalanx-gumbel-v1`, vLLM
            `vllm-gumbel-v1` and `vllm-gumbel-dual-v1`.
        engine: Who generates. `vllm` prints its `watermark_config` with the key hidden; with
            --output the key is in it, in a new file for its owner alone.
        code: File that `phalanx watermark code` wrote: mark with the account's codeword.
        how: How answers are generated.
        folder: Of the vault.
        seal: What opens it.
        by: Who marks, for the log; the user of this machine if it is left out.
        output: File to write instead.
        common: Options of every command.
    """
    from phalanx.cli.watermark_mark_work import Marking, mark_answers, vllm_settings
    from phalanx.cli.watermark_work import act
    from phalanx.watermark.keys.vault import Vault

    refuse_output(output)
    marking = Marking(prompts=prompts, name=name, which=which, code=code, how=how)
    vault, who = Vault(folder, seal.seal()), act(by)
    if engine == "vllm":
        vllm_settings(marking, vault, who, output)
        common.say("whoever sends requests must not be able to send `watermarking: false`")
        return
    with common.progress("mark") as progress:
        made = mark_answers(marking, vault, who, output, progress)
    common.say(f"{made:,} answers marked")
