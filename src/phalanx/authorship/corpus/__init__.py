"""How much of a training set or a repository is consistent with a model, or with us."""

from __future__ import annotations

from phalanx.authorship.corpus.answer import Answered, Known, Question, answered
from phalanx.authorship.corpus.repository import commits_of, files_of, is_repository
from phalanx.authorship.corpus.share import Rates, Share, share_of
from phalanx.authorship.corpus.state import State, Table, open_state
from phalanx.authorship.corpus.stream import documents_below
from phalanx.authorship.corpus.survey import Asked, known_of, survey

__all__ = [
    "Answered",
    "Asked",
    "Known",
    "Question",
    "Rates",
    "Share",
    "State",
    "Table",
    "answered",
    "commits_of",
    "documents_below",
    "files_of",
    "is_repository",
    "known_of",
    "open_state",
    "share_of",
    "survey",
]
