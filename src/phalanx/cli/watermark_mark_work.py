"""What `phalanx watermark mark` does."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from phalanx.cli.rendering import hand_out, refuse_known, write_text
from phalanx.cli.watermark_mark import GenerationOptions
from phalanx.cli.watermark_options import KeyOptions
from phalanx.cli.watermark_served_work import open_code, read_code
from phalanx.errors import InputError
from phalanx.watermark.keys.vault import Act, Vault
from phalanx.watermark.marking.generate import MarkProcessor
from phalanx.watermark.marking.local_model import ADVICE, LocalModel, open_local_model
from phalanx.watermark.marking.sampler import KeyAfter
from phalanx.watermark.marking.vllm import vllm_configuration
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
from phalanx.watermark.schemes.registry import open_scheme
from phalanx.watermark.schemes.scheme import Scheme
from phalanx.watermark.texts import Document, Tokenizer, open_tokenizer, read_documents


@dataclass(frozen=True, slots=True, kw_only=True)
class Marking:
    """What is marked, for whom."""

    prompts: Path | None
    name: str
    which: KeyOptions
    code: Path | None
    how: GenerationOptions


def vllm_settings(marking: Marking, vault: Vault, who: Act, output: Path | None) -> None:
    """Print vLLM's settings without the key, or write them with it into a new file.

    Raises:
        InputError: If vLLM has no such scheme, no coded marks, or the file is there.
        PhalanxError: If the vault cannot be opened.
    """
    scheme = open_scheme(marking.which.scheme)
    if marking.code is not None:
        message = "vLLM holds one key, and a code has two for each place"
        raise InputError(message, next_step="Mark under a code with --engine transformers.")
    key = _key(marking, scheme, vault, who)
    try:
        shown = vllm_configuration(scheme, key, reveal=output is not None)
    except ValueError as error:
        raise InputError(str(error), next_step="Name one of these with --scheme.") from error
    text = json.dumps(shown, indent=2)
    if output is None:
        write_text(text + "\n", None)
        return
    refuse_known(output)
    hand_out(text, output)


def mark_answers(
    marking: Marking,
    vault: Vault,
    who: Act,
    output: Path | None,
    progress: Callable[[str, float], None],
) -> int:
    """Answer prompts with a mark, and return how many there were.

    Raises:
        InputError: If prompts, scheme or code are none.
        MissingExtraError: If torch or transformers is not installed.
        PhalanxError: If the vault or the model cannot be opened.
    """
    if marking.how.model is None or marking.prompts is None:
        message = "transformers needs prompts and a model"
        raise InputError(message, next_step="Name the file of prompts, and --model.")
    scheme = open_scheme(marking.which.scheme)
    if not isinstance(scheme, PhalanxGumbel):
        message = f"{scheme.setting.name} is set by its engine, and only phalanx-gumbel-v1 here"
        raise InputError(message, next_step="Name phalanx-gumbel-v1, or --engine vllm.")
    tokenizer = open_tokenizer(marking.how.tokenizer)
    prompts = _prompts(marking.prompts, tokenizer)
    model = open_local_model(marking.how.model)
    key: bytes | KeyAfter = (
        _key(marking, scheme, vault, who)
        if marking.code is None
        else _coded_key(marking, scheme, marking.code, vault, who)
    )
    processor = MarkProcessor(
        key,
        context_width=scheme.setting.context_width,
        temperature=marking.how.temperature,
        top_k=marking.how.top_k,
        top_p=marking.how.top_p,
    )
    lines = []
    for line in _answers(prompts, tokenizer, model, processor, marking.how.most_tokens):
        lines.append(line)
        progress("answering", len(lines) / len(prompts))
    write_text("".join(lines), output)
    return len(lines)


def _prompts(path: Path, tokenizer: Tokenizer) -> tuple[Document, ...]:
    """Read prompts; all of them can be used, or none is answered."""
    given = read_documents([path], io.BytesIO(), as_lines=True)
    bad = [f"{each.where}: {each.reason}" for each in given.rejects]
    bad += [
        f"{each.where}: {reason}" for each in given.documents if (reason := tokenizer.lacks(each))
    ]
    if bad:
        message = f"a prompt cannot be used: {bad[0]}"
        advice = 'Write lines like {"id": "a", "text": "..."}, and name --tokenizer for texts.'
        raise InputError(message, next_step=advice)
    return given.documents


def _answers(
    prompts: tuple[Document, ...],
    tokenizer: Tokenizer,
    model: LocalModel,
    processor: MarkProcessor,
    most_tokens: int,
) -> Iterator[str]:
    """Yield a line of JSON for each prompt; all of them can be read, or none is answered."""
    cut = tokenizer.cut(prompts)
    for document, numbers in zip(prompts, cut.documents, strict=True):
        if reason := model.lacks(numbers, most_tokens):
            message = f"{document.where}: {reason}, with the answer"
            raise InputError(message, next_step=ADVICE)
    for document, numbers in zip(prompts, cut.documents, strict=True):
        answer = model.answer(numbers, processor, most_tokens)
        asked = (
            {"prompt_tokens": numbers.tolist()}
            if document.text is None
            else {"prompt": document.text, "prompt_tokens": numbers.tolist()}
        )
        text = tokenizer.text_of(answer)
        said = {"id": document.document_id, **asked, "tokens": answer.tolist()}
        yield json.dumps(said | ({} if text is None else {"text": text})) + "\n"


def _key(marking: Marking, scheme: Scheme, vault: Vault, who: Act) -> bytes:
    which = marking.which
    made = vault.derive(which.purpose, [marking.name], scheme.setting, who, epoch=which.epoch)
    (key,) = made.keys
    return key.reveal()


def _coded_key(marking: Marking, scheme: Scheme, path: Path, vault: Vault, who: Act) -> KeyAfter:
    """Return what gives the key after each context for the codeword of an account."""
    said = read_code(path)
    if said.scheme != scheme.setting.name:
        message = f"{path}: a code of {said.scheme}, not {scheme.setting.name}"
        raise InputError(message, next_step="Name its scheme.")
    if marking.name not in said.accounts:
        message = f"{path}: {marking.name[:200]} has no codeword"
        raise InputError(message, next_step="Name an account of the code with --name.")
    _, code, slots = open_code(vault, said, who)
    (word,) = code.words([marking.name])
    return lambda context: slots.key_after(context, word)
