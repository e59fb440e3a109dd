"""The form of prose: rates that any author has, whatever the subject.

No capitals, line breaks or kinds of quotes: collections differ in these more than authors do.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from phalanx.authorship.features.tokens import NUMBER, WORD, Hashes, Numbers, grouped

_SIGNS = ",.;:!?\"'()-/"
_GROUPS = (
    "the a an",
    "of in to for with on at by from into as",
    "and or but nor yet so",
    "i me my mine myself i'm i've i'd i'll",
    "we us our ours ourselves",
    "you your yours you're you'll",
    "he she him her his hers",
    "they them their theirs",
    "it its this that these those",
    "is are was were be been being am",
    "has have had having do does did",
    "can could will would may might must shall should",
    "not no never none don't doesn't didn't can't won't isn't wasn't",
    "however moreover furthermore additionally therefore thus overall ultimately conclusion",
    "very really just so too quite pretty lot",
    "said says told asked",
    "important crucial essential significant various numerous",
    "because since although though while if when where",
)
FORM_NAMES = (
    *(f"sign {sign}" for sign in _SIGNS),
    *(f"words: {group.split()[0]}" for group in _GROUPS),
    "numbers",
    "contractions",
    "word length", "word length deviation", "short words", "long words",
    "ends ly", "ends ing", "ends ed", "ends tion", "ends s",
    "sentence length", "sentence length deviation", "longest sentence", "shortest sentence",
    "different words of 50", "words once", "bigrams again", "signs of all tokens",
)  # fmt: skip
"""What each number is, in order."""

_SIGN_BYTES = np.frombuffer(_SIGNS.encode(), dtype=np.uint8)
_WINDOW = 50


_HASHES, _GROUP_OF = grouped(_GROUPS)
_FIRST_GROUP = len(_SIGNS)
_REST = _FIRST_GROUP + len(_GROUPS)
_SIZE = len(FORM_NAMES)


@numba.njit(cache=True, nogil=True)
def prose_form(
    data: npt.NDArray[np.uint8], hashes: Hashes, starts: Numbers, kinds: Numbers
) -> npt.NDArray[np.float64]:
    """Return the numbers of `FORM_NAMES` for one text, rates per word where they are rates.

    Parameters:
        data: Bytes of the view.
        hashes: Of its tokens.
        starts: First byte of each.
        kinds: Kind of each.
    """
    form = np.zeros(_SIZE)
    lengths = np.zeros(hashes.size)
    words = np.zeros(hashes.size, dtype=np.uint64)
    sentences = np.zeros(hashes.size + 1)
    pairs = np.zeros(hashes.size, dtype=np.uint64)
    size, sentence, ended = 0, 0, 0
    before = np.uint64(0)
    for token in range(hashes.size):
        begin = starts[token]
        if kinds[token] == NUMBER:
            form[_REST] += 1.0
            sentence += 1
        elif kinds[token] == WORD:
            end = starts[token + 1] if token + 1 < hashes.size else data.size
            while data[end - 1] == 32:
                end -= 1
            length = end - begin
            lengths[size], words[size] = length, hashes[token]
            pairs[size] = before ^ (hashes[token] * np.uint64(3))
            before = hashes[token]
            size += 1
            sentence += 1
            listed = np.searchsorted(_HASHES, hashes[token])
            if listed < _HASHES.size and _HASHES[listed] == hashes[token]:
                form[_FIRST_GROUP + _GROUP_OF[listed]] += 1.0
            for at in range(begin, end):
                if data[at] == 39:
                    form[_REST + 1] += 1.0
                    break
            form[_REST + 4] += length <= 3
            form[_REST + 5] += length >= 8
            last, second = data[end - 1], data[end - 2] if length > 2 else np.uint8(0)
            form[_REST + 6] += last == 121 and second == 108
            form[_REST + 7] += last == 103 and second == 110
            form[_REST + 8] += last == 100 and second == 101
            form[_REST + 9] += last == 110 and second == 111 and length > 4
            form[_REST + 10] += last == 115
        else:
            for sign in range(_SIGN_BYTES.size):
                form[sign] += data[begin] == _SIGN_BYTES[sign]
            form[_SIZE - 1] += 1.0
            if (data[begin] == 46 or data[begin] == 33 or data[begin] == 63) and sentence > 1:
                sentences[ended] = sentence
                ended += 1
                sentence = 0
    if sentence and not ended:
        sentences[ended] = sentence
        ended += 1
    many = max(size, 1)
    form[: _REST + 2] /= many
    form[_REST + 4 : _REST + 11] /= many
    if size:
        form[_REST + 2] = lengths[:size].mean()
        form[_REST + 3] = lengths[:size].std()
    if ended:
        form[_REST + 11] = sentences[:ended].mean()
        form[_REST + 12] = sentences[:ended].std()
        form[_REST + 13] = sentences[:ended].max()
        form[_REST + 14] = sentences[:ended].min()
    windows, different = 0, 0.0
    for begin in range(0, max(size - _WINDOW, 0) + 1, _WINDOW // 2):
        part = words[begin : min(begin + _WINDOW, size)]
        if part.size:
            different += np.unique(part).size / part.size
            windows += 1
    form[_REST + 15] = different / max(windows, 1)
    ordered = np.sort(words[:size])
    once = 0
    for at in range(size):
        alone = (at == 0 or ordered[at - 1] != ordered[at]) and (
            at + 1 == size or ordered[at + 1] != ordered[at]
        )
        once += alone
    form[_REST + 16] = once / many
    form[_REST + 17] = 1.0 - np.unique(pairs[:size]).size / many
    form[_SIZE - 1] /= max(hashes.size, 1)
    return form
