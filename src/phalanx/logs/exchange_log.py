"""Open logs of any form as one stream of exchanges."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa

from phalanx.errors import InputError
from phalanx.logs.conform import Conformer
from phalanx.logs.decompress import DecompressionError
from phalanx.logs.digest import FileDigest
from phalanx.logs.duplicates import REPEATED
from phalanx.logs.frames import FRAME_NAME, read_frame
from phalanx.logs.options import ReadOptions
from phalanx.logs.quality import Quality, RejectsFile
from phalanx.logs.remote import RemoteSource, remote_source
from phalanx.logs.schema import REQUIRED_COLUMNS, RESPONSE_CHARACTERS
from phalanx.logs.sources import Source, find_sources

MOST_REPEATED = 0.01
"""Share of rows that may repeat others before it is said aloud."""


def open_log(source: object, options: ReadOptions | None = None) -> ExchangeLog:
    """Open logs for reading.

    Parameters:
        source: A path, a sequence of paths, globs and folders, or a table in memory
            (Arrow, pandas, Polars, Ibis, or any other that narwhals knows). What only a
            cluster can read is spelled as a URL, `iceberg:TABLE` or `delta:PATH`.
        options: How to read; null takes the defaults.

    Raises:
        InputError: If a path cannot be read, is no log, or nothing is found.

    Examples:
        >>> row = {"timestamp": "2026-01-01", "account_id": "a", "model": "m", "prompt": "Hi"}
        >>> log = open_log(pa.Table.from_pylist([row]))
        >>> [batch.num_rows for batch in log.batches()], log.rows, dict(log.rejects)
        ([1], 1, {})
        >>> dict(log.notes)
        {'timestamp without zone, taken as UTC': 1}
    """
    options = options or ReadOptions()
    quality = Quality()
    if isinstance(source, str | os.PathLike):
        source = [source]
    if isinstance(source, Sequence):
        remote = [found for path in source if (found := remote_source(path)) is not None]
        if not remote:
            sources = find_sources(source, mapped=bool(options.columns), quality=quality)
            return ExchangeLog(sources, None, options, quality)
        if len(remote) < len(source):
            message = "files of this machine and tables elsewhere cannot be read in one scan"
            raise InputError(message, next_step="Scan them one after the other.")
        return ExchangeLog([], None, options, quality, remote)
    return ExchangeLog([], source, options, quality)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What was read by somebody else than the log itself."""

    rows: int
    """Rows that were used."""

    columns: frozenset[str]
    has_prompts: bool
    inputs: Mapping[str, str]
    readers: Mapping[str, str]
    notes: Counter[str]
    rejects: Sequence[tuple[str, str, int]]
    """File, reason and position, from 1, of each row that was not used."""


class ExchangeLog:
    """A stream of exchanges, with an account of what was read and what was not.

    Everything but `batches` is known when the batches are exhausted, or when somebody else
    has read the log and `take_down` was called.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        frame: object,
        options: ReadOptions,
        quality: Quality,
        remote: Sequence[RemoteSource] = (),
    ) -> None:
        """Keep what `open_log` found; nothing is read yet."""
        self.sources = sources
        self.remote = remote
        self.options = options
        self._frame = frame
        self._quality = quality
        self._conformer = Conformer(options, quality)
        self._inputs: dict[str, str] = {}
        self._readers: dict[str, str] = {}
        self._started = False
        self._rows = 0

    @property
    def columns(self) -> frozenset[str]:
        """Optional native columns that at least one row carried."""
        return frozenset(self._conformer.columns)

    @property
    def inputs(self) -> Mapping[str, str]:
        """SHA-256 of each file by path; `frame` for a table in memory."""
        return MappingProxyType(self._inputs)

    @property
    def readers(self) -> Mapping[str, str]:
        """Format of each input, as `inputs` names them."""
        return MappingProxyType(self._readers)

    @property
    def rejects(self) -> Mapping[str, int]:
        """Rows that were not used, by reason."""
        return MappingProxyType(self._quality.rejects)

    @property
    def notes(self) -> Mapping[str, int]:
        """What was mended or left empty on rows that were used, by kind."""
        return MappingProxyType(self._quality.notes)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Notes that say that part of the input was not used."""
        return tuple(self._quality.warnings)

    @property
    def has_prompts(self) -> bool:
        """Whether any row carries a prompt that is not empty."""
        return self._conformer.has_prompts

    @property
    def rows(self) -> int:
        """Rows that were used."""
        return self._rows

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Return the exchanges as batches of `EXCHANGE_SCHEMA`; can be called once.

        Raises:
            InputError: If a file cannot be read to its end, no row can be used, or only a
                cluster can read the log.
            ValueError: If it was called before.
        """
        if self.remote:
            message = f"{self.remote[0].spelling}: can be read by Spark only"
            raise InputError(message, next_step="Add --engine spark --master URL.")
        self._start()
        return self._batches()

    def take_down(self, tally: Tally) -> None:
        """Record what somebody else read, instead of `batches`.

        Raises:
            InputError: If no row could be used.
            ValueError: If the log was read before.
        """
        self._start()
        try:
            self._list_rejects()
            for file, reason, position in tally.rejects:
                self._quality.reject(file, "row", [position], reason)
            self._quality.notes.update(tally.notes)
            self._conformer.columns.update(tally.columns)
            self._conformer.has_prompts = tally.has_prompts
            self._inputs.update(tally.inputs)
            self._readers.update(tally.readers)
            self._rows = tally.rows
            self._require_rows()
            self._note_empty_mappings()
            self._warn_of_repeats()
        except BaseException:
            self._quality.abandon()
            raise
        self._quality.finish()

    def _start(self) -> None:
        if self._started:
            message = "the batches of a log can be read only once; open it again"
            raise ValueError(message)
        self._started = True

    def _list_rejects(self) -> None:
        if self.options.rejects_path is not None:
            self._quality.list_rejects_in(_rejects_file(self.options.rejects_path))

    def _batches(self) -> Iterator[pa.RecordBatch]:
        self._list_rejects()
        try:
            for batch in self._conformed():
                self._rows += batch.num_rows
                yield batch
            self._require_rows()
            self._note_empty_mappings()
            self._warn_of_repeats()
        except BaseException:
            # A caller that stops half way leaves no half-written list either.
            self._quality.abandon()
            raise
        self._quality.finish()

    def _conformed(self) -> Iterator[pa.RecordBatch]:
        for source in self.sources:
            name = source.file.name
            digest = FileDigest(source.file.path)
            try:
                for chunk in source.reader.read(source.file, self.options, self._quality):
                    yield from self._conformer.conform(chunk, name)
                self._inputs[name] = digest.result()
                self._readers[name] = source.reader.name
            except (OSError, pa.ArrowException, UnicodeError, DecompressionError) as error:
                message = f"{name}: cannot be read as {source.reader.name}: {_first_line(error)}"
                advice = "Write or copy the file again, or leave it out."
                raise InputError(message, next_step=advice) from error
            finally:
                digest.cancel()
        if self._frame is not None:
            for chunk in read_frame(self._frame, self.options, self._quality):
                yield from self._conformer.conform(chunk, FRAME_NAME)
            self._inputs[FRAME_NAME] = FRAME_NAME
            self._readers[FRAME_NAME] = FRAME_NAME

    def _note_empty_mappings(self) -> None:
        """Note optional columns that were mapped to a field which no row fills."""
        for column, field in self.options.columns.items():
            carried = "response" if column == RESPONSE_CHARACTERS else column
            if column in REQUIRED_COLUMNS or carried in self.columns:
                continue
            said = f"{column}: mapped to {field}, "
            if not any(note.startswith(said) for note in self._quality.notes):
                self._quality.note(f"{said}which no row has a value for")

    def _warn_of_repeats(self) -> None:
        """Say when so many rows repeat an exchange that their identifiers may be wrong."""
        repeated = self.rejects.get(REPEATED, 0)
        if repeated > MOST_REPEATED * (self._rows + repeated):
            what = (
                f"exchange_id: over {MOST_REPEATED:.0%} of rows repeat one of their account, and "
                "are left out; check that it tells exchanges apart"
            )
            self._quality.warn(what, repeated)

    def _require_rows(self) -> None:
        if self._rows:
            return
        reasons = "; ".join(f"{reason}: {count:,}" for reason, count in self.rejects.items())
        message = "no usable exchanges" + (f", all rows rejected ({reasons})" if reasons else "")
        advice = "Check that the log has rows, and that --map names the right fields."
        raise InputError(message, next_step=advice)


def _rejects_file(path: Path) -> RejectsFile:
    try:
        return RejectsFile(path)
    except OSError as error:
        message = f"{path}: rejected rows cannot be listed here: {error.strerror}"
        raise InputError(message, next_step="Name a file in a folder that exists.") from error


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0][:200] or type(error).__name__
