"""Joining a scene with what its identifiers and values look like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from phalanx.detect.simulate.accounts import Catalogue
from phalanx.detect.simulate.columns import TableWriter, account_texts, response_pool
from phalanx.detect.simulate.grammar import Book
from phalanx.detect.simulate.identifiers import Styles
from phalanx.detect.simulate.prompt_text import PromptWriter, reply_kinds
from phalanx.detect.simulate.release import Release
from phalanx.detect.simulate.scene import Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """What the numbers of a scene look like in the table."""

    account_ids: pa.StringArray
    """Identifier of each account."""

    catalogue: Catalogue
    styles: Styles
    release: Release | None = None


def table_writer(
    scene: Scene, appearance: Appearance, book: Book, corpus: pa.StringArray, *, salt: np.uint64
) -> TableWriter:
    """Return what writes the exchanges of a scene as native batches.

    Parameters:
        scene: Accounts and exchanges.
        appearance: What their numbers look like.
        book: The grammar.
        corpus: Texts that `Exchanges.corpus` points into.
        salt: Keeps the identifiers of two simulations apart.
    """
    accounts, exchanges = scene.accounts, scene.exchanges
    return TableWriter(
        accounts=accounts,
        texts=account_texts(
            accounts,
            appearance.account_ids,
            appearance.catalogue,
            scene.systems,
            appearance.styles,
        ),
        catalogue=appearance.catalogue,
        prompts=PromptWriter(
            exchanges=exchanges,
            book=book,
            reply_kind=reply_kinds(accounts.behaviour[exchanges.account], exchanges.harvest),
            language=accounts.language,
            corpus=corpus,
        ),
        benign_accounts=scene.benign_accounts,
        salt=salt,
        responses=response_pool(book),
        styles=appearance.styles,
        release=appearance.release,
    )
