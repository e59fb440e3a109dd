"""Every key, scheme and tokenizer that was asked for, in one family of tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from phalanx.errors import InputError
from phalanx.watermark.detection.findings import Detection, Reading
from phalanx.watermark.detection.judging import judge
from phalanx.watermark.detection.scoring import SchemeKeys, score
from phalanx.watermark.schemes.scheme import Scheme

LEVEL = 1e-3
DECOYS = 999


def detect(
    readings: Sequence[Reading],
    schemes: Sequence[Scheme],
    keys: Mapping[str, bytes],
    *,
    level: float = LEVEL,
    decoys: int = DECOYS,
) -> Detection:
    """Test documents for marks under many keys, schemes and tokenizers at once.

    Null hypothesis of each test: the text was written without the key. A key is tried under
    each scheme that takes keys of its length.

    Two p-values are computed: of the scheme's law (exact if its hash is random) and of the rank
    among decoy keys (exact in any case, at least 1 / (decoys + 1)). If there are so many decoys
    that the level could be reached by them alone over the family, the larger of both decides,
    which is valid if either is. If not, the law decides, unless the decoys contradict it at
    0.001 on this text: then the larger of both decides.

    Parameters:
        readings: The same documents, once for each tokenizer.
        schemes: With different settings; each is tried.
        keys: Name of each key, and the key.
        level: Chance of any false finding at all that is accepted, above 0 and below 1.
        decoys: Random keys for each reading and scheme, which follow from these, the keys and
            the scheme; 0 for none.

    Returns:
        One finding for each test, the strongest first.

    Raises:
        InputError: If a key fits no scheme, or there is nothing to test.
        ValueError: If the level or the number of decoys is out of range.

    Examples:
        >>> from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
        >>> reading = Reading(tokenizer="bytes", documents=[list(b"a short note")])
        >>> answer = detect([reading], [PhalanxGumbel()], {"k1": bytes(32)}, decoys=99)
        >>> answer.findings[0].verdict, answer.findings[0].draws, answer.findings[0].family
        ('not evaluable', 8, 1)
    """
    _check_keys(schemes, keys)
    asked = [
        SchemeKeys(scheme, {name: key for name, key in keys.items() if _fits(key, scheme)})
        for scheme in schemes
    ]
    return detect_asked(readings, asked, level=level, decoys=decoys)


def detect_asked(
    readings: Sequence[Reading],
    asked: Sequence[SchemeKeys],
    *,
    level: float = LEVEL,
    decoys: int = DECOYS,
    families: int = 1,
) -> Detection:
    """Test documents together as `detect` does, where each scheme has keys of its own.

    Parameters:
        readings: The same documents, once for each tokenizer.
        asked: Schemes, each with its keys.
        level: Chance of any false finding over all families of tests.
        decoys: Random keys for each reading and scheme; 0 for none.
        families: Families of tests that share the level in equal parts, this one among them.

    Raises:
        InputError: If there is nothing to test.
        ValueError: If a number is out of range.
    """
    return detect_each([readings], asked, level, decoys, families, together=True)


def detect_each(  # noqa: PLR0913 - each is one choice of who asks
    documents: Sequence[Sequence[Reading]],
    asked: Sequence[SchemeKeys],
    level: float = LEVEL,
    decoys: int = DECOYS,
    families: int = 1,
    *,
    together: bool = False,
) -> Detection:
    """Test each of several documents by itself: all of these tests are one family.

    What stands in several documents counts in each of them.

    Parameters:
        documents: Readings of each document, one for each tokenizer.
        asked: Schemes, each with its keys.
        level: Chance of any false finding over all families of tests.
        decoys: Random keys for each reading and scheme; 0 for none.
        families: Families of tests that share the level in equal parts, this one among them.
        together: There is one entry, which stands for all documents together.

    Returns:
        One finding for each test, which says of which document it is, the strongest first.

    Raises:
        InputError: If there is nothing to test.
        ValueError: If a number is out of range.

    Examples:
        >>> from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
        >>> texts = [b"a short note", b"another note that is a little longer"]
        >>> read = [[Reading(tokenizer="bytes", documents=[list(text)])] for text in texts]
        >>> found = detect_each(read, [SchemeKeys(PhalanxGumbel(), {"k": bytes(32)})])
        >>> sorted((each.document, each.draws, each.family) for each in found.findings)
        [(0, 8, 2), (1, 32, 2)]
    """
    if not 0.0 < level < 1.0:
        message = f"level must be above 0 and below 1, not {level}"
        raise ValueError(message)
    if decoys < 0 or families < 1:
        message = f"decoys must be at least 0 and families 1, not {decoys} and {families}"
        raise ValueError(message)
    groups = [
        score(reading, each, decoys, None if together else at)
        for at, readings in enumerate(documents)
        for reading in readings
        for each in asked
        if each.keys
    ]
    if not groups:
        message = "there is nothing to test"
        raise InputError(message, next_step="Pass documents, a scheme and a key.")
    return judge(groups, decoys, level, families)


def _fits(key: bytes, scheme: Scheme) -> bool:
    return len(key) == scheme.setting.key_bytes


def _check_keys(schemes: Sequence[Scheme], keys: Mapping[str, bytes]) -> None:
    """Raise if a key would silently not be tried."""
    lengths = {scheme.setting.key_bytes for scheme in schemes}
    for name, key in keys.items():
        if len(key) not in lengths:
            message = f"key {name} has {len(key)} bytes; the schemes take {sorted(lengths)}"
            raise InputError(message, next_step="Name the scheme that the key was made for.")
