"""`phalanx sketch-corpus`: a known set of prompts, in a form that can be passed on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from phalanx.cli.terminal import Common


def sketch_corpus(
    *files: Annotated[Path, Parameter(required=True)],
    name: str,
    out: Annotated[Path, Parameter(name=["--output", "-o"])],
    column: str = "prompt",
    common: Common = Common(),
) -> None:
    """Sketch a known set of prompts, so that scans recognise them.

    The sketch holds hashes of runs of four words. `phalanx scan --known-corpus FILE` finds
    accounts that send such prompts, reworded ones too. Providers can exchange sketches without
    the prompts; whoever holds one can try out texts on it, so sketch nothing secret.

    Parameters:
        files: Parquet or JSONL files, or folders of Parquet files.
        name: How reports call the set, for example `alpaca`.
        out: File of the sketch.
        column: Column that holds the prompts.
        common: Options of every command.
    """
    import pyarrow as pa

    from phalanx.detect.prompt_files import read_prompts
    from phalanx.sketches.prompts import sketch_corpus as sketch_prompts_of
    from phalanx.sketches.prompts.corpus_file import write_sketch

    prompts = pa.concat_arrays([read_prompts(path, column) for path in files])
    sketch = sketch_prompts_of(name, prompts)
    write_sketch(sketch, out)
    common.say(
        f"{sketch.prompts:,} prompts, {sketch.runs.size:,} runs of words: {out} "
        f"({out.stat().st_size:,} bytes)"
    )
