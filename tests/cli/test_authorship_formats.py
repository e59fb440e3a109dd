"""How answers about authorship are written: to the letter, and as their schemas promise."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from phalanx.authorship.corpus import Known, Table, answered
from phalanx.authorship.detector import Detector, FormTable, Fusion, LetterTable, RunTable
from phalanx.authorship.documents import Document, Reject
from phalanx.authorship.features import KINDS
from phalanx.authorship.features.seen import LETTER_BUCKETS, RUN_BUCKETS
from phalanx.authorship.judging import CONSISTENT, Batch, Judgement, Verdict, Verdicts
from phalanx.authorship.passages import Located, Passage
from phalanx.authorship.reference import Calibrated, Cell
from phalanx.authorship.served import IndexWriter, Listed, evidence_of, look_up, open_index
from phalanx.authorship.statement import Step, fused, statistics_of
from phalanx.cli import authorship_corpus_view as corpus_view
from phalanx.cli import authorship_served_view as served_view
from phalanx.cli import authorship_view as view
from phalanx.cli.authorship_corpus_work import Surveyed
from phalanx.cli.authorship_served_work import Indexed, LookedUp
from phalanx.cli.authorship_together import Together
from phalanx.cli.authorship_work import Answer, Made
from phalanx.formats.schema import AUTHORSHIP_DOCUMENTS, authorship_path, authorship_schema
from phalanx.model import Inconclusive

Golden = Callable[[str, str], None]

REJECTS = (Reject(where="essays.jsonl:7", reason="is no JSON"),)
INDEXED = Indexed(
    listed=Listed(key_id="key_0", documents=1_200, too_short=34),
    documents=200, entries=4_800, size_bytes=96_000, warnings=("log.jsonl: 2 lines are no JSON",),
)  # fmt: skip
SERVED = (
    "Whales sing at night because sound travels far where boats are rare and waters calm. "
    "Young males learn new songs from neighbours, change single phrases each season and carry "
    "them across whole oceans within a few years, much like fashions among human teenagers."
)
OTHER = (
    "Bakers rise early because dough needs hours before ovens open. Flour, water, salt and yeast "
    "become loaves through patience, warm rooms and steady hands, while streets outside stay dark "
    "until first customers knock, hungry children behind them pulling sleeves."
)
ALIKE = (
    "Glaciers carve valleys slowly, grinding rock beneath enormous weight. When summers warm, "
    "meltwater pools under thick ice, loosening frozen beds until whole tongues slide downhill, "
    "dragging boulders, gravel and ancient soil toward lakes that farmers later drain and plough."
)


def document(name: str, content: str = "A text.", kind: str = "text") -> Document:
    """Return a document in English, or code in Python."""
    return Document(
        document_id=name, kind=kind, content=content, group=name, source="essays.jsonl",
        language="en" if kind == "text" else "python",
    )  # fmt: skip


@pytest.fixture(scope="module")
def detector() -> Calibrated:
    """Return a detector that knows nothing, with a reference of two lengths."""
    runs, letters = np.zeros(RUN_BUCKETS, np.float32), np.zeros(LETTER_BUCKETS, np.float32)
    numbers = len(KINDS["text"].form_names)
    form = FormTable(
        np.zeros((numbers, 7)), np.zeros((numbers, 8)), np.zeros(numbers), np.ones(numbers)
    )
    made = Detector(
        KINDS["text"], ("en",), RunTable(runs, runs, runs, runs, 1.0, 1.0),
        LetterTable(letters, letters), form, Fusion(np.zeros(5), np.ones(5), np.ones(5), 0.0),
        "300 documents of humans and 300 of models, text, en",
    )  # fmt: skip
    cells = tuple(
        Cell("essay", "en", begins, np.zeros(size), np.zeros((size, 2)))
        for begins, size in ((60, 199), (120, 80))
    )
    return Calibrated(made, cells, "279 human documents: essay", "ab" * 32, margin=0.25)


def said(name: str, verdict: Verdict, reason: str = "", p: float | None = None) -> Judgement:
    """Return what is said of a document of 300 words."""
    return Judgement(
        document=document(name), verdict=verdict, reason=reason, size=250, whole_size=300,
        log10_p=None if p is None else float(np.log10(p)), domain="essay", reference_size=199,
    )  # fmt: skip


@pytest.fixture
def answer(detector: Calibrated) -> Answer:
    """Return one document of each verdict."""
    judgements = (
        said("a", CONSISTENT, p=0.005),
        said("b", "mixed", "its parts disagree: 1 of 3 windows score as humans do"),
        said("c", "not told apart", p=0.4),
        said("d", "not evaluable", "29 words are too few: 30 are needed"),
    )  # fmt: skip
    batch = Batch(judged=2, consistent=1, expected=0.02, counted=3, log10_p=-1.5)
    return Answer(
        verdicts=Verdicts(judgements=judgements, batch=batch, level=0.01),
        models={"text": detector}, domain=None, rejects=REJECTS,
    )  # fmt: skip


@pytest.fixture
def mixed() -> Together:
    """Return what is told of the document that is mixed, where nothing else was asked for."""
    passage = Passage(start=0, stop=790, windows=2, log10_p=-2.25)
    located = Located(document_id="b", windows=3, evaluable=3, passages=(passage,), reason="")
    return Together(statements=(), served=(), located=(located,))


@pytest.fixture
def stated(answer: Answer) -> Together:
    """Return statements beside the ranks: an index was asked, and found nothing."""
    nothing = Inconclusive(reason="3 phrases are too few: 12 are needed", reachable_log10_e=0.0)
    statements = tuple(
        fused([Step("served", nothing), Step("statistics", statistics_of(each, view.METHOD))], 0.01)
        for each in answer.verdicts.judgements
    )
    return Together(statements=statements, served=(), located=())


@pytest.fixture
def looked_up(tmp_path: Path) -> LookedUp:
    """Return copies, another text and one that is too short, looked up among three responses."""
    with IndexWriter(tmp_path / "index", bytes(32), "key_0") as writer:
        # One was served to two accounts.
        responses = pa.array([SERVED, ALIKE, ALIKE])
        times = 1_767_225_600_000_000 + np.arange(3) * 60_000_000
        writer.add(responses, pa.array(["acct_1", "acct_2", "acct_3"]), times)
        writer.finish(["digest"], lambda _stage, _share: None)
    index = open_index(tmp_path / "index", "key_0")
    texts = [SERVED.upper(), OTHER, "Too short.", ALIKE]
    found = look_up(pa.array(texts), index, bytes(32))
    return LookedUp(
        index=index, level=0.01, found=tuple(found), rejects=REJECTS,
        documents=tuple(document(name, text) for name, text in zip("abcd", texts, strict=True)),
        evidence=tuple(evidence_of(each, index) for each in found),
    )  # fmt: skip


@pytest.fixture
def surveyed() -> Surveyed:
    """Return a corpus of sixty documents, of which twenty are at the level and one is served."""
    log10_p = np.where(np.arange(60) < 20, -3.0, -0.1)
    log10_p[50:] = np.nan
    served = np.where(np.arange(60) == 0, -8.0, 0.0)
    names = tuple(f"train.jsonl:{at}" for at in range(60))
    table = Table(
        names=names, groups=names, reasons=("",) * 60, log10_p=log10_p, served=served,
        reference=np.full(60, 1999), bands=np.arange(1, 361).reshape(60, 6),
    )  # fmt: skip
    known = Known(claimed=80, documents=100)
    answers = (
        answered(table, "a model's writing", 0.01, 0.05, known),
        answered(table, "what was served", 0.01, 0.05, None),
    )
    return Surveyed(
        corpus=Path("dump"), unit="file", level=0.01, false_discovery_rate=0.05, table=table,
        answers=answers, rejected=1, rejects=(("train.jsonl:60", "is no JSON"),), known=known,
    )  # fmt: skip


@pytest.fixture
def written(
    answer: Answer, mixed: Together, stated: Together, looked_up: LookedUp, surveyed: Surveyed,
    detector: Calibrated,
) -> dict[str, str]:  # fmt: skip
    """Return each answer as it is written: name of a file -> its text."""
    made = Made(model=detector, rejects=REJECTS)
    return {
        "authorship-detect.txt": view.as_text(answer, mixed),
        "authorship-detect.json": view.as_json(answer, mixed),
        "authorship-statements.txt": view.as_text(answer, stated),
        "authorship-statements.json": view.as_json(answer, stated),
        "authorship-lookup.txt": served_view.as_text(looked_up),
        "authorship-lookup.json": served_view.as_json(looked_up),
        "authorship-corpus.txt": corpus_view.corpus_text(surveyed),
        "authorship-corpus.json": corpus_view.corpus_json(surveyed),
        "authorship-calibrate.txt": view.reference_text(detector),
        "authorship-calibrate.json": view.reference_json(made, "essay", Path("mine.detector")),
        "authorship-fit.json": view.fitted_json(made, "cd" * 32, Path("mine.detector")),
        "authorship-index.txt": served_view.index_text(INDEXED, Path("served")),
        "authorship-index.json": served_view.index_json(INDEXED, Path("served")),
    }


SCHEMA_OF = {
    "authorship-detect.json": "authorship-detect-1",
    "authorship-statements.json": "authorship-detect-1",
    "authorship-lookup.json": "authorship-lookup-1",
    "authorship-corpus.json": "authorship-corpus-1",
    "authorship-calibrate.json": "authorship-calibrate-1",
    "authorship-fit.json": "authorship-fit-1",
    "authorship-index.json": "authorship-index-1",
}


def rounded(text: str) -> str:
    """Return JSON whose numbers have nine digits: what comes after differs between machines."""
    said = json.loads(text, parse_float=lambda number: float(f"{float(number):.9g}"))
    return json.dumps(said, indent=2) + "\n"


def violations(answered: object, schema: object) -> list[str]:
    """Return what is wrong with a document by a JSON Schema."""
    # Imported by name because the library ships no types.
    library = importlib.import_module("jsonschema")
    found = library.Draft202012Validator(schema).iter_errors(answered)
    return [f"{error.json_path}: {error.message}" for error in found]


def test_answers_are_what_the_golden_files_say(
    written: dict[str, str], check_golden: Golden
) -> None:
    """Every word and every field (`WRITE_GOLDEN=1` writes them again)."""
    for name, text in written.items():
        check_golden(name, rounded(text) if name.endswith(".json") else text)


def test_published_schemas_are_current_and_kept(written: dict[str, str]) -> None:
    """Those on file are those of the types (`python -m phalanx.formats.schema`)."""
    for name in AUTHORSHIP_DOCUMENTS:
        published = json.loads(authorship_path(name).read_text(encoding="utf-8"))
        assert published == json.loads(json.dumps(authorship_schema(name)))
    for file, name in SCHEMA_OF.items():
        assert violations(json.loads(written[file]), authorship_schema(name)) == [], file


def test_schemas_know_every_field(written: dict[str, str]) -> None:
    """A field that is written and not described would be nobody's promise."""

    def unknown(said: Any, described: dict[str, Any], parts: dict[str, Any]) -> list[str]:
        if "anyOf" in described:
            described = next(each for each in described["anyOf"] if each != {"type": "null"})
        if "$ref" in described:
            described = parts[described["$ref"].rpartition("/")[2]]
        if isinstance(said, list):
            inner = described.get("items", {})
            return [name for each in said for name in unknown(each, inner, parts)]
        if not isinstance(said, dict):
            return []
        fields = described["properties"]
        found = sorted({*said} ^ {*fields})
        return found + [
            name for key in said if key in fields for name in unknown(said[key], fields[key], parts)
        ]

    for file, name in SCHEMA_OF.items():
        schema = authorship_schema(name)
        assert unknown(json.loads(written[file]), schema, schema.get("$defs", {})) == [], file


@pytest.mark.parametrize(
    ("file", "where", "wrong"),
    [
        ("authorship-detect.json", ("schema",), "phalanx.authorship-detect/2"),
        ("authorship-detect.json", ("documents", 0, "verdict"), "written by a model"),
        ("authorship-detect.json", ("documents", 0, "log10_p"), 0.5),
        ("authorship-detect.json", ("level",), 1.0),
        ("authorship-detect.json", ("together", "counted"), -1),
        ("authorship-lookup.json", ("documents", 0, "verdict"), "copied"),
        ("authorship-corpus.json", ("answers", 0, "share_high"), 1.5),
        ("authorship-corpus.json", ("answers",), None),
        ("authorship-calibrate.json", ("detector", "kind"), "video"),
        ("authorship-fit.json", ("written",), 3),
        ("authorship-index.json", ("too_short",), -1),
    ],
)
def test_schemas_refuse_what_is_no_answer(
    file: str, where: tuple[str | int, ...], wrong: object, written: dict[str, str]
) -> None:
    """Other versions and verdicts, chances beyond one, numbers that are none."""
    answered = json.loads(written[file])
    place = answered
    for step in where[:-1]:
        place = place[step]
    place[where[-1]] = wrong
    assert violations(answered, authorship_schema(SCHEMA_OF[file]))


SAYS_NOTHING = {"authorship-calibrate.txt", "authorship-index.txt"}
"""What answers about no document."""


def test_no_answer_says_who_wrote(written: dict[str, str]) -> None:
    """Words are "consistent with", and what is not said stands beside them."""
    for name, text in written.items():
        assert "written by" not in text
        if name.endswith(".txt") and name not in SAYS_NOTHING:
            assert "not said" in text
