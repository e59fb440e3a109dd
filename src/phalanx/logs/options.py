"""Settings of reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from phalanx.errors import ConfigError
from phalanx.logs.schema import MAPPABLE_COLUMNS

MINIMUM_KEY_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How logs are read.

    Raises:
        ConfigError: If `columns` names an unknown native column.
        ValueError: If a number lies outside its range, the key is shorter than 16 bytes,
            or `now` has no time zone.

    Examples:
        >>> ReadOptions(columns={"account_id": "user.id"}).columns["account_id"]
        'user.id'
        >>> "key" in repr(ReadOptions(pseudonym_key=bytes(32)))
        False
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    """Native column -> field of the log; a dotted path reaches into nested fields."""

    pseudonym_key: bytes | None = field(default=None, repr=False)
    """Key of the pseudonyms, at least 16 bytes; null leaves identifiers in clear."""

    now: datetime | None = None
    """Rows more than a day later than this are rejected; null takes the clock."""

    maximum_prompt_characters: int = 100_000
    """A longer prompt, history or system prompt is cut to this length and counted."""

    rejects_path: Path | None = None
    """Where rejected rows are listed as JSON lines: file, position, reason, no content."""

    responses: bool = False
    """Whether batches carry the text of responses, as a last column `response`. Cut as prompts
    are. Only what indexes the house's own responses asks for it."""

    batch_rows: int = 20_000
    """Largest number of rows in a batch, at least 1."""

    def __post_init__(self) -> None:
        """Check ranges once, where the mistake is made."""
        unknown = sorted(set(self.columns) - set(MAPPABLE_COLUMNS))
        if unknown:
            message = f"cannot map {', '.join(unknown)}: not a column of the native table"
            advice = f"Map one of: {', '.join(MAPPABLE_COLUMNS)}."
            raise ConfigError(message, next_step=advice)
        if self.maximum_prompt_characters < 1:
            limit = self.maximum_prompt_characters
            message = f"maximum_prompt_characters must be at least 1, not {limit}"
            raise ValueError(message)
        if self.batch_rows < 1:
            message = f"batch_rows must be at least 1, not {self.batch_rows}"
            raise ValueError(message)
        if self.pseudonym_key is not None and len(self.pseudonym_key) < MINIMUM_KEY_BYTES:
            message = f"pseudonym_key must have at least {MINIMUM_KEY_BYTES} bytes"
            raise ValueError(message)
        if self.now is not None and self.now.tzinfo is None:
            message = "now must carry a time zone"
            raise ValueError(message)
