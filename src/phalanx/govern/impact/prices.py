"""A price list: TOML with its day and its source. None comes with Phalanx: prices change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from phalanx.govern.checked_toml import read_checked

SCHEMA = "phalanx.price-list/1"
_Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]{1,500}$")]
_Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
_Amount = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Of a million tokens, in the currency of its list."""

    input: float
    output: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """Prices on one day."""

    dated: date
    source: str
    currency: str
    """ISO 4217."""

    prices: tuple[tuple[str, Price], ...]
    """Pattern of names of models -> price; the first that fits holds."""

    sha256: str
    """Of the file, in hexadecimal."""

    def of(self, model: str) -> Price | None:
        """Return the price of a model; null where the list has none.

        Examples:
            >>> price = Price(input=3.0, output=15.0)
            >>> listed = PriceList(dated=date(2026, 11, 1), source="page", currency="USD",
            ...                    prices=(("large-*", price),), sha256="")
            >>> listed.of("large-2") == price, listed.of("small")
            (True, None)
        """
        return next((price for name, price in self.prices if fnmatchcase(model, name)), None)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Price(_Strict):
    model: _Line
    input: _Amount
    output: _Amount


class _File(_Strict):
    schema_: str = Field(alias="schema", pattern=f"^{SCHEMA}$")
    dated: date
    source: _Line
    currency: _Currency
    price: tuple[_Price, ...] = Field(min_length=1)


def read_price_list(path: Path) -> PriceList:
    """Read a price list.

    Parameters:
        path: TOML of the schema `phalanx.price-list/1`.

    Raises:
        InputError: If it cannot be read, or is none.
    """
    found, sha256 = read_checked(path, _File, "price list")
    return PriceList(
        dated=found.dated,
        source=found.source,
        currency=found.currency,
        prices=tuple(
            (each.model, Price(input=each.input, output=each.output)) for each in found.price
        ),
        sha256=sha256,
    )
