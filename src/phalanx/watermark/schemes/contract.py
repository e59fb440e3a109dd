"""Tests that every scheme must pass; a plugin inherits them.

    class TestMyScheme(SchemeContract):
        scheme = MyScheme()
        mark = staticmethod(write_with_mark)

They run under pytest, and need nothing else.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.stats import kstest

from phalanx.errors import InputError
from phalanx.watermark.draws import Draws, draw
from phalanx.watermark.schemes.registry import open_scheme
from phalanx.watermark.schemes.scheme import WIDEST_TOKEN, Scheme

Tokens = npt.NDArray[np.int64]

_SAMPLES = 400
_LENGTH = 150
_SURE_LOG10_P = -8.0
_RARE = 1e-6
"""Chance that a sound scheme fails, for each comparison."""


class SchemeContract:
    """Inherit, and set `scheme`; set `mark` too if the scheme can be written here."""

    scheme: Scheme
    """Scheme under test."""

    mark: Callable[[Scheme, bytes, int, int], Tokens] | None = None
    """`mark(scheme, key, length, seed)` writes a text of so many tokens with a mark."""

    vocabulary: int = 1000
    """Tokens that texts are drawn from."""

    def test_its_name_opens_it(self) -> None:
        """The name of the setting, parameters and all, gives a scheme with that name again."""
        name = self.scheme.setting.name
        again = open_scheme(name).setting.name
        _require(again == name, f"{name} opens {again}")

    def test_totals_are_sums_of_scores(self) -> None:
        """Many keys at once give what each gives alone; no key and no draw give nothing."""
        drawn, keys = self._drawn(_LENGTH), self._keys(9)
        totals = self.scheme.totals(drawn, keys)
        sums = [self.scheme.scores(drawn, key.tobytes()).sum() for key in keys]
        _require(np.allclose(totals, sums, rtol=1e-12), f"{totals} are not {sums}")
        _require(self.scheme.totals(drawn, keys[:0]).shape == (0,), "no key gives a total")
        none = self.scheme.totals(self._drawn(0), keys)
        _require(none.tolist() == [0.0] * len(keys), f"no draws give {none}")

    def test_a_score_is_its_own(self) -> None:
        """Scores follow from key and draws alone, and stay within what the setting says."""
        drawn, key = self._drawn(_LENGTH), self._keys(1)[0].tobytes()
        first, second = (self.scheme.scores(drawn, key) for _ in range(2))
        _require(first.shape == (drawn.count,), f"shape is {first.shape}")
        _require(np.array_equal(first, second), "scores differ from call to call")
        most = self.scheme.setting.most
        _require(bool(((first >= 0.0) & (first <= most)).all()), f"scores above {most}")

    def test_other_lengths_of_keys_are_refused(self) -> None:
        """A key of another length is an error that does not show it, never a quiet result."""
        drawn, size = self._drawn(_LENGTH), self.scheme.setting.key_bytes
        for length in (0, size - 1, size + 1):
            key = bytes([0xA7]) * length
            try:
                self.scheme.scores(drawn, key)
            except ValueError as error:
                _require(key.hex() not in str(error) or not key, "the error shows the key")
                continue
            _require(condition=False, why=f"a key of {length} bytes is taken")

    def test_takes_wide_tokens(self) -> None:
        """The largest token numbers are scored as any others."""
        setting = self.scheme.setting
        text = setting.widest_token - np.arange(setting.context_width + 50)
        values = self.scheme.scores(self._draws(text), self._keys(1)[0].tobytes())
        _require(bool(np.isfinite(values).all()), f"scores {values}")

    def test_wider_tokens_are_refused(self) -> None:
        """A token that the scheme would take for another is an error that says what to do."""
        setting, keys = self.scheme.setting, self._keys(2)
        if setting.widest_token >= WIDEST_TOKEN:
            return
        text = np.zeros(setting.context_width + 2, np.int64)
        for place in (0, setting.context_width):
            wide = text.copy()
            wide[place] = setting.widest_token + 1
            drawn = self._draws(wide)
            for many in (False, True):
                try:
                    if many:
                        self.scheme.totals(drawn, keys)
                    else:
                        self.scheme.scores(drawn, keys[0].tobytes())
                except InputError as error:
                    _require(bool(error.next_step), "the error does not say what to do")
                    continue
                _require(condition=False, why=f"token {wide[place]} is taken at {place}")

    def test_law_holds_without_a_mark(self) -> None:
        """Over random keys, p-values of a text are as the law says, of another key's as well.

        A discrete law gives each p-value with the chance that stands below it: it is drawn
        between the two, which makes it uniform.
        """
        random = np.random.default_rng(11)
        texts = [self._drawn(_LENGTH), self._drawn(20 * _LENGTH, common=True)]
        if self.mark is not None:
            other = np.random.default_rng(5).bytes(self.scheme.setting.key_bytes)
            texts.append(self._draws(self.mark(self.scheme, other, 4 * _LENGTH, 5)))
        for drawn in texts:
            totals = self.scheme.totals(drawn, self._keys(_SAMPLES))
            upper = 10.0 ** self.scheme.setting.law(totals, drawn)
            after = totals + 1.0 if self._is_whole(totals) else totals
            lower = 10.0 ** self.scheme.setting.law(after, drawn)
            p_values = lower + random.random(_SAMPLES) * (upper - lower)
            chance = kstest(p_values, "uniform").pvalue
            _require(chance > _RARE, f"p-values are not uniform: {chance}")

    def test_mark_is_seen(self) -> None:
        """A marked text is seen under its key, and not under another."""
        if self.mark is None:
            return
        key, other = (row.tobytes() for row in self._keys(2))
        drawn = self._draws(self.mark(self.scheme, key, 4 * _LENGTH, 5))
        law = self.scheme.setting.law
        seen, unseen = (law(self._total(drawn, each), drawn)[0] for each in (key, other))
        _require(seen < _SURE_LOG10_P, f"p-value is 1e{seen:.1f} under the key")
        _require(unseen > np.log10(_RARE), f"p-value is 1e{unseen:.1f} under another")

    def _total(self, drawn: Draws, key: bytes) -> npt.NDArray[np.float64]:
        return self.scheme.totals(drawn, np.frombuffer(key, dtype=np.uint8)[None])

    def _draws(self, text: Tokens) -> Draws:
        setting = self.scheme.setting
        return draw([text], setting.context_width, setting.unit, before_first=setting.before_first)

    def _drawn(self, length: int, *, common: bool = False) -> Draws:
        """Return a text, of a few common tokens if wished: contexts and hashes come again."""
        random = np.random.default_rng(7)
        few = min(30, self.vocabulary)
        return self._draws(random.integers(0, few if common else self.vocabulary, length))

    def _keys(self, count: int) -> npt.NDArray[np.uint8]:
        size = self.scheme.setting.key_bytes
        return np.random.default_rng(3).integers(0, 256, (count, size), dtype=np.uint8)

    def _is_whole(self, totals: npt.NDArray[np.float64]) -> bool:
        return np.isfinite(self.scheme.setting.most) and bool((totals % 1.0 == 0.0).all())


def _require(condition: bool, why: str) -> None:  # noqa: FBT001 - as an assert statement reads
    if not condition:
        raise AssertionError(why)
