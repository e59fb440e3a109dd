"""What `phalanx watermark detect` does: read, open the vault, ask."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from phalanx.cli.watermark_asked import AskedOptions, LevelOptions, TextOptions
from phalanx.cli.watermark_work import key_names_of
from phalanx.errors import InputError
from phalanx.watermark.detection import SchemeKeys
from phalanx.watermark.detection.survey import Read, Survey, survey
from phalanx.watermark.keys.vault import Act, Vault
from phalanx.watermark.schemes.registry import open_scheme
from phalanx.watermark.schemes.scheme import Scheme
from phalanx.watermark.texts import Cut, Document, Given, Reject, open_tokenizer, read_documents

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked."""

    texts: Sequence[Path]
    asked: AskedOptions
    reading: TextOptions
    levels: LevelOptions
    corpus_only: bool
    passages: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyName:
    """A key as people know it."""

    name: str
    """What it is for."""

    epoch: int
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is told."""

    question: Question
    given: Given
    cuts: tuple[Cut, ...]
    schemes: tuple[Scheme, ...]
    keys: Mapping[str, KeyName]
    """Identifier of each key -> what it is for."""

    survey: Survey

    @property
    def is_found(self) -> bool:
        """Whether any mark is named."""
        return bool(self.survey.marked)

    @property
    def is_decided(self) -> bool:
        """Whether every text was long enough, together and by itself."""
        findings = self.survey.corpus.findings
        if self.survey.alone is not None:
            findings += self.survey.alone.findings
        return all(each.verdict != "not evaluable" for each in findings)


def answer(question: Question, vault: Vault, who: Act, progress: Progress) -> Answer:
    """Answer a question.

    Raises:
        InputError: If texts, names or schemes are none, or a number is out of range.
        PhalanxError: If the vault cannot be opened, or an epoch was destroyed.
    """
    given, cuts = read_texts(question.texts, question.reading)
    progress("reading the vault", 0.1)
    asked, keys = keys_of(question.asked, vault, who)
    progress("testing", 0.2)
    levels = question.levels
    found = survey(
        [reading_of(cut) for cut in cuts],
        asked,
        level=levels.level,
        decoys=levels.decoys,
        document_decoys=levels.document_decoys,
        entropy_nats=levels.entropy_nats,
        corpus_only=question.corpus_only,
        passages=question.passages,
    )
    progress("done", 1.0)
    schemes = {each.scheme.setting.name: each.scheme for each in asked}
    return Answer(
        question=question,
        given=given,
        cuts=cuts,
        schemes=tuple(schemes.values()),
        keys=keys,
        survey=found,
    )


def read_texts(paths: Sequence[Path], how: TextOptions) -> tuple[Given, tuple[Cut, ...]]:
    """Read texts and cut them into tokens, once for each tokenizer.

    Documents that lack what is read, letters or tokens, are left out and told.

    Raises:
        InputError: If nothing is left, or a tokenizer is named twice.
        ConfigError: If a tokenizer is none.
    """
    if len(set(how.tokenizer)) < len(how.tokenizer):
        message = "a tokenizer is named twice"
        raise InputError(message, next_step="Name each once: every reading counts as a test.")
    tokenizers = [open_tokenizer(path) for path in how.tokenizer or (None,)]
    given = read_documents(paths, sys.stdin.buffer, as_lines=how.jsonl)
    documents: list[Document] = []
    rejects: list[Reject] = []
    for document in given.documents:
        reason = tokenizers[0].lacks(document)
        if reason:
            rejects.append(Reject(where=document.where, reason=reason))
        else:
            documents.append(document)
    rejects += given.rejects
    if not documents:
        message = f"no document can be used: {rejects[0].where}: {rejects[0].reason}"
        advice = "Name the model's tokenizer.json with --tokenizer for texts; none for tokens."
        raise InputError(message, next_step=advice)
    cuts = tuple(tokenizer.cut(documents) for tokenizer in tokenizers)
    return Given(documents=tuple(documents), rejects=tuple(rejects)), cuts


def reading_of(cut: Cut) -> Read:
    """Return what a survey reads."""
    return Read(tokenizer=cut.tokenizer, documents=cut.documents, prompts=cut.prompts)


def keys_of(
    asked: AskedOptions, vault: Vault, who: Act
) -> tuple[list[SchemeKeys], dict[str, KeyName]]:
    """Derive the keys of all schemes and epochs, and return what each is for.

    Raises:
        InputError: If there is no such scheme or epoch, or one is named twice.
        PhalanxError: If the vault cannot be opened, or an epoch was destroyed.
    """
    schemes = [open_scheme(name) for name in asked.scheme]
    settings = [scheme.setting for scheme in schemes]
    if len({setting.name for setting in settings}) < len(settings):
        message = "a scheme is named twice"
        raise InputError(message, next_step="Name each once: every scheme counts as a test.")
    if len(set(asked.epoch)) < len(asked.epoch):
        message = "an epoch is named twice"
        raise InputError(message, next_step="Name each once: every key counts as a test.")
    names = key_names_of(asked.names)
    found: list[SchemeKeys] = []
    known: dict[str, KeyName] = {}
    for scheme in schemes:
        keys: dict[str, bytes] = {}
        for epoch in asked.epoch or (None,):
            made = vault.derive(asked.purpose, names, scheme.setting, who, epoch=epoch)
            for name, key_id, key in zip(made.names, made.ids, made.keys, strict=True):
                keys[key_id] = key.reveal()
                known[key_id] = KeyName(name=name, epoch=made.epoch, purpose=made.purpose)
        found.append(SchemeKeys(scheme, keys))
    return found, known
