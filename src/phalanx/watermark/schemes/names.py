"""Names of schemes with their parameters: `kgw-transformers-v1?vocabulary=32000`."""

from __future__ import annotations

from collections.abc import Mapping

Value = int | float | str

_MARK, _AND, _IS = "?", "&", "="


def write_name(base: str, chosen: Mapping[str, Value], usual: Mapping[str, Value]) -> str:
    """Return the versioned name, followed by what is not as usual, in the order of `chosen`.

    Examples:
        >>> write_name("some-v1", {"width": 2, "share": 0.5}, {"width": 4, "share": 0.5})
        'some-v1?width=2'
    """
    parts = [f"{key}{_IS}{value}" for key, value in chosen.items() if usual.get(key) != value]
    return base + (_MARK + _AND.join(parts) if parts else "")


def read_name(name: str) -> tuple[str, dict[str, Value]]:
    """Return the versioned name and the parameters that stand behind it.

    Raises:
        ValueError: If a parameter has no value, or is given twice.

    Examples:
        >>> read_name("some-v1?width=2&share=0.5&seeding=selfhash")
        ('some-v1', {'width': 2, 'share': 0.5, 'seeding': 'selfhash'})
    """
    base, mark, rest = name.partition(_MARK)
    parameters: dict[str, Value] = {}
    for part in rest.split(_AND) if mark else ():
        key, equals, value = part.partition(_IS)
        if not (key and equals and value) or key in parameters:
            message = f"{name!r}: expected NAME?parameter=value&parameter=value, each once"
            raise ValueError(message)
        parameters[key] = _value(value)
    return base, parameters


def _value(text: str) -> Value:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
