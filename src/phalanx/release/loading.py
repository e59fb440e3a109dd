"""Loading a release into transformers: weights go from the sealed files to memory, and to no disk.

A swapped page is a copy on a disk that nobody made on purpose: whoever fears that runs without
swap, or with one that is encrypted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from phalanx.errors import InputError, MissingExtraError, VerificationError, reason_of
from phalanx.json_text import parse_object
from phalanx.owned import written_whole
from phalanx.release.dumps import leave_no_core
from phalanx.release.envelopes.dsse import Envelope
from phalanx.release.grants.newest import remember
from phalanx.release.open import WHILE, Opener, receipt_of, verify_release
from phalanx.release.packages.open_package import OpenRelease, Told
from phalanx.release.packages.tensors import ENDING, fill, weights_of
from phalanx.release.places.place import Place
from phalanx.tensor_layout import Entry

_CONFIG, _INDEX, _WHOLE = "config.json", "model.safetensors.index.json", "model.safetensors"
_GENERATION, _TOKENIZER = "generation_config.json", "tokenizer.json"
_SETTINGS, _TEMPLATE = "tokenizer_config.json", "chat_template.jinja"
_MOST_BYTES = 64 << 20
"""Of a document that is read as a whole: the largest tokenizers have a fifth of it."""

_DTYPES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "F8_E8M0": "float8_e8m0fnu",
    "U16": "uint16",
    "I16": "int16",
    "F16": "float16",
    "BF16": "bfloat16",
    "U32": "uint32",
    "I32": "int32",
    "F32": "float32",
    "U64": "uint64",
    "I64": "int64",
    "F64": "float64",
    "C64": "complex64",
}
_PROGRAMS = frozenset(
    {
        "_attn_implementation", "_experts_implementation", "attn_implementation", "auto_map",
        "experts_implementation", "kernel_config", "transformers_weights",
    }
)  # fmt: skip
"""Settings by which a model names programs or files that are elsewhere: they are not taken."""

_TOKENS = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token")
_SAID = ("model_max_length", "padding_side", "chat_template", "add_bos_token", "add_eos_token")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Loaded:
    """A model that was opened into memory."""

    model: Any
    """Of transformers, ready to be asked."""

    tokenizer: Any
    """Of transformers; null where the release has no `tokenizer.json`."""

    receipt: Envelope
    """Signed by the recipient, for the issuer."""


def load_sealed(
    folder: Path | Place,
    opener: Opener,
    *,
    receipt: Path | None = None,
    told: Told = lambda *_: None,
) -> Loaded:
    """Load a release into transformers; what it was opened to is written nowhere.

    Everything is verified as `open_release` does: every file of the release, used or not, is
    decrypted and held against the manifest before a model is returned. No program in the release
    is run: the model is of the class of transformers that `config.json` names. From then on the
    process leaves no core file.

    Parameters:
        folder: Of the release, or another place that holds it.
        opener: Who opens it, when, and whom he trusts. The memory of grants is all that is written.
        receipt: File for the receipt; it is returned as well.
        told: Is told how far it is.

    Raises:
        MissingExtraError: If torch or transformers is not installed.
        VerificationError: If anything is not as it was signed and sealed.
        PolicyError: If the grant has not begun, is over, or a newer one was opened here.
        InputError: If it is no model that transformers knows, or a weight is missing.
    """
    if missing := [name for name in ("torch", "transformers") if find_spec(name) is None]:
        message = f"a model needs {' and '.join(missing)}, which is not installed"
        raise MissingExtraError(message, next_step="In the clone: pip install '.[torch]'")
    leave_no_core()
    release = verify_release(folder, opener)
    documents = _documents(release)
    used = _used(release, documents)
    tensors: dict[str, Any] = {}
    done, whole = 0, max(1, sum(release.files.values()))
    for name, size in release.files.items():
        told(name, done / whole)
        done += size
        if name in used:
            tensors |= _tensors(release, name, tensors)
        elif name not in documents:
            for _ in release.pieces(name):
                pass
    model = _model(documents, tensors)
    tokenizer = _tokenizer(documents) if _TOKENIZER in documents else None
    remember(opener.memory, release.package.agreed)
    made = receipt_of(release, opener, checked=WHILE)
    if receipt is not None:
        try:
            with written_whole(receipt) as beside:
                beside.write_bytes(made.as_bytes())
        except OSError as error:
            message = f"{receipt}: cannot be written: {reason_of(error)}"
            raise InputError(message, next_step="Name another file for the receipt.") from error
    return Loaded(model=model, tokenizer=tokenizer, receipt=made)


def _documents(release: OpenRelease) -> Mapping[str, bytes]:
    """Return the documents that say what the model is; each was verified."""
    names = (_CONFIG, _INDEX, _GENERATION, _TOKENIZER, _SETTINGS, _TEMPLATE)
    found = {}
    for name in names:
        if name not in release.files:
            continue
        if release.files[name] > _MOST_BYTES:
            message = f"{name} has {release.files[name]:,} bytes; at most {_MOST_BYTES:,} are read"
            raise InputError(message, next_step="Open the release into a folder.")
        found[name] = b"".join(bytes(piece) for piece in release.pieces(name))
    if _CONFIG not in found:
        message = f"the release has no {_CONFIG}: it is no model of transformers"
        raise InputError(message, next_step="Open it into a folder.")
    return found


def _used(release: OpenRelease, documents: Mapping[str, bytes]) -> frozenset[str]:
    """Return the files of weights that transformers would read in a folder."""
    if _INDEX in documents:
        shards = parse_object(documents[_INDEX], _INDEX).get("weight_map")
        named = set(map(str, shards.values())) if isinstance(shards, dict) else set()
    else:
        there = [name for name in weights_of(release) if "/" not in name]
        named = {_WHOLE} if _WHOLE in there else set(there)
    if not named or not all(name in release.files and name.endswith(ENDING) for name in named):
        message = "the release lacks weights in safetensors that it says it has"
        raise InputError(message, next_step="Ask the sender for a whole model in safetensors.")
    return frozenset(named)


def _tensors(release: OpenRelease, file: str, others: Mapping[str, Any]) -> dict[str, Any]:
    import torch  # noqa: PLC0415 - of an extra

    rooms: dict[str, Any] = {}

    def place(name: str, entry: Entry) -> memoryview:
        if name in others:
            message = f"{file} has a tensor {name[:100]!r} that another file has too"
            raise InputError(message, next_step="Ask the sender for a model with an index.")
        if entry.stored not in _DTYPES:
            message = f"{file}: torch has no numbers of the kind {entry.stored}"
            raise InputError(message, next_step="Open the release into a folder.")
        rooms[name] = torch.empty(entry.size, dtype=torch.uint8)
        return memoryview(rooms[name].numpy())

    entries = fill(release, file, place)
    return {
        name: rooms[name].view(getattr(torch, _DTYPES[each.stored])).reshape(each.shape)
        for name, each in entries.items()
    }


def _model(documents: Mapping[str, bytes], tensors: dict[str, Any]) -> Any:  # noqa: ANN401 - of a library without types
    import transformers  # noqa: PLC0415 - of an extra
    from transformers.utils.logging import disable_progress_bar  # noqa: PLC0415 - of an extra

    disable_progress_bar()  # it would be drawn into logs as well
    said = _without_programs(parse_object(documents[_CONFIG], _CONFIG))
    names = said.get("architectures")
    name = names[0] if isinstance(names, list) and names else ""
    made: Any = getattr(transformers, str(name), None)
    is_model = isinstance(made, type) and issubclass(made, transformers.PreTrainedModel)
    if not is_model or said.get("model_type") not in transformers.CONFIG_MAPPING:
        message = f"{_CONFIG} names the model {str(name)[:100]!r}, which transformers does not have"
        raise InputError(message, next_step="Open it into a folder; programs are not run here.")
    try:
        config = transformers.CONFIG_MAPPING[said["model_type"]].from_dict(said)
        model, info = made.from_pretrained(
            None, config=config, state_dict=tensors, dtype="auto", output_loading_info=True
        )
        if _GENERATION in documents and model.can_generate():
            generation = parse_object(documents[_GENERATION], _GENERATION)
            model.generation_config = transformers.GenerationConfig.from_dict(generation)
    # The library and those below it raise what they like on a broken model.
    except Exception as error:
        message = f"the model cannot be loaded: {reason_of(error)}"
        raise InputError(message, next_step="Open it into a folder, and look at it.") from error
    if lacking := sorted(map(str, info["missing_keys"] or info["mismatched_keys"])):
        message = f"the model lacks {len(lacking):,} weights, such as {lacking[0][:100]!r}"
        raise VerificationError(message, next_step="Ask the sender for a whole model.")
    return model.eval()


def _without_programs(said: Any) -> Any:  # noqa: ANN401 - whatever JSON can be
    """Return settings without those that name programs, at any depth."""
    if isinstance(said, dict):
        left = {name: each for name, each in said.items() if name not in _PROGRAMS}
        return {name: _without_programs(each) for name, each in left.items()}
    return [_without_programs(each) for each in said] if isinstance(said, list) else said


def _tokenizer(documents: Mapping[str, bytes]) -> Any:  # noqa: ANN401 - of a library without types
    from tokenizers import Tokenizer  # noqa: PLC0415 - comes with transformers
    from transformers import PreTrainedTokenizerFast  # noqa: PLC0415 - of an extra

    said = parse_object(documents.get(_SETTINGS, b"{}"), _SETTINGS)
    given: dict[str, Any] = {name: said[name] for name in _SAID if name in said}
    given |= dict(_tokens(said))
    if _TEMPLATE in documents:
        given["chat_template"] = documents[_TEMPLATE].decode(errors="replace")
    try:
        made = Tokenizer.from_str(documents[_TOKENIZER].decode())
        return PreTrainedTokenizerFast(tokenizer_object=made, **given)
    except Exception as error:  # as above
        message = f"the tokenizer cannot be loaded: {reason_of(error)}"
        raise InputError(message, next_step="Open it into a folder, and look at it.") from error


def _tokens(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in _TOKENS:
        token = said.get(name)
        token = token.get("content") if isinstance(token, dict) else token
        if isinstance(token, str):
            yield name, token
