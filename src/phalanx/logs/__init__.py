"""Exchange logs in: any known format, as one stream of Arrow batches."""

from __future__ import annotations

from phalanx.logs.exchange_log import ExchangeLog, open_log
from phalanx.logs.options import ReadOptions
from phalanx.logs.reader import LogReader

__all__ = ["ExchangeLog", "LogReader", "ReadOptions", "open_log"]
