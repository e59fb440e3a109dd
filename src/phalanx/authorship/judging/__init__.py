"""What may be said of a document, and of all of them."""

from __future__ import annotations

from phalanx.authorship.judging.judge import judge
from phalanx.authorship.judging.judgement import CONSISTENT, Batch, Judgement, Verdict, Verdicts
from phalanx.authorship.judging.views_of import seen_of, view_of

__all__ = ["CONSISTENT", "Batch", "Judgement", "Verdict", "Verdicts", "judge", "seen_of", "view_of"]
