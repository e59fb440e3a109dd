"""What a scan looks like from outside: one module an output, found through entry points.

`table` for people at a terminal, `json` for programs (with a published schema), `html` for
those who must decide, `sarif` and `ocsf` for security tooling, `stix` for other providers.
`phalanx.formats.folder` writes and reads a whole scan.

A further output is a callable that is registered in the entry-point group `phalanx.formats`
and passes `phalanx.formats.contract.FormatContract`.
"""

from __future__ import annotations

from phalanx.formats.protocol import Format

__all__ = ["Format"]
