"""Given prompts: who gets them, how often, and what is left to the grammar."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from phalanx.detect.simulate import CampaignPlan, Simulation, SimulationConfig, simulate
from phalanx.errors import InputError

Ask = Callable[[Simulation, str], list[tuple[Any, ...]]]
CONFIG = SimulationConfig(
    benign_accounts=200,
    benign_mix={"rag": 1.0, "chat": 1.0, "evaluation": 0.3},
    campaigns=(
        CampaignPlan(name="one", accounts=8, attack_class="reasoning"),
        CampaignPlan(name="two", accounts=8, attack_class="reasoning"),
    ),
    days=4,
    seed=2,
)


def corpus(folder: Path, name: str, size: int) -> Path:
    """Write prompts that no grammar would make."""
    path = folder / f"{name}.parquet"
    pq.write_table(pa.table({"prompt": [f"<{name} {at}>" for at in range(size)]}), path)
    return path


def test_an_honest_prompt_is_dealt_a_few_times(tmp_path: Path) -> None:
    """No prompt of an honest class serves more exchanges than the configuration allows."""
    given = {"rag": corpus(tmp_path, "rag", 40)}
    simulation = simulate(replace(CONFIG, prompt_corpora=given, accounts_per_corpus_prompt=2))
    used = Counter(
        prompt for prompt in simulation.exchanges["prompt"].to_pylist() if prompt[:4] == "<rag"
    )
    assert len(used) == 40
    assert max(used.values()) <= 2
    assert 0 < simulation.corpus_share["rag"] < 1
    assert simulation.corpus_share["chat"] == 0


def test_an_account_is_real_or_not(tmp_path: Path, ask: Ask) -> None:
    """Prompts are dealt account by account, so that few accounts mix real text and grammar."""
    given = {"rag": corpus(tmp_path, "rag", 300)}
    simulation = simulate(replace(CONFIG, prompt_corpora=given))
    shares = ask(
        simulation,
        """SELECT avg(starts_with(prompt, '<rag')::INT) FROM x WHERE traffic_class = 'rag'
        GROUP BY account_id""",
    )
    assert sum(0 < share < 1 for (share,) in shares) <= 1


def test_conversations_quote_the_corpus(tmp_path: Path) -> None:
    """In a conversation the user's turns come from the corpus, escaped for JSON."""
    path = tmp_path / "chat.jsonl"
    texts = [f'say "{at}"\nplease' for at in range(3000)]
    path.write_text("".join(json.dumps({"prompt": text}) + "\n" for text in texts))
    simulation = simulate(replace(CONFIG, prompt_corpora={"chat": path}))
    talks = [
        json.loads(row["prompt"])
        for row in simulation.exchanges.select(["prompt", "conversation_id"]).to_pylist()
        if row["conversation_id"]
    ]
    asked = {m["content"] for messages in talks for m in messages if m["role"] == "user"}
    assert len(asked & set(texts)) > 20


def test_campaigns_of_one_class_share_no_prompt(tmp_path: Path, ask: Ask) -> None:
    """Each campaign works through a part of the corpus of its own."""
    given = {"reasoning": corpus(tmp_path, "seed", 50)}
    simulation = simulate(replace(CONFIG, prompt_corpora=given))
    rows = ask(
        simulation,
        "SELECT prompt, count(DISTINCT campaign) FROM x WHERE campaign IS NOT NULL GROUP BY 1",
    )
    assert len(rows) == 50
    assert {campaigns for _, campaigns in rows} == {1}


def test_paraphrase_rewords_the_corpus(tmp_path: Path, ask: Ask) -> None:
    """From E4 on a campaign's real prompts are not sent word by word."""
    path = tmp_path / "seed.parquet"
    texts = [f"Write a function and explain each step of task {at}." for at in range(30)]
    pq.write_table(pa.table({"prompt": texts}), path)
    config = replace(CONFIG, prompt_corpora={"reasoning": path}, evasion="E4")
    rows = ask(simulate(config), "SELECT DISTINCT prompt FROM x WHERE campaign IS NOT NULL")
    sent = {row[0] for row in rows}
    assert len(sent) > 200
    assert len(sent & set(texts)) < 0.2 * len(sent)


def test_shared_classes_reuse_their_corpus(tmp_path: Path, ask: Ask) -> None:
    """Benchmark items of a corpus come back from several parties."""
    simulation = simulate(
        replace(CONFIG, prompt_corpora={"evaluation": corpus(tmp_path, "item", 25)})
    )
    assert simulation.corpus_share["evaluation"] == 1
    rows = ask(
        simulation,
        """SELECT count(DISTINCT account_id) FROM x WHERE traffic_class = 'evaluation'
        GROUP BY prompt""",
    )
    assert max(accounts for (accounts,) in rows) > 2


def test_passages_fill_the_grammar(tmp_path: Path) -> None:
    """Texts under the key `passage` stand inside the grammar's templates."""
    given = {"passage": corpus(tmp_path, "page", 500)}
    simulation = simulate(replace(CONFIG, prompt_corpora=given))
    prompts = simulation.exchanges["prompt"].to_pylist()
    quoting = [prompt for prompt in prompts if "<page" in prompt]
    assert len(quoting) > 0.2 * len(prompts)
    assert all(prompt.count("<page") < 12 for prompt in quoting)


@pytest.mark.parametrize("content", [b"", b"not a table", b'{"text": "no prompt here"}\n'])
@pytest.mark.parametrize("name", ["bad.parquet", "bad.jsonl"])
def test_a_useless_corpus_is_refused(tmp_path: Path, content: bytes, name: str) -> None:
    """A file without prompts is named in the message, with what was expected."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=name) as caught:
        simulate(replace(CONFIG, prompt_corpora={"chat": path}))
    said = caught.value.diagnostics()
    assert "prompt" in said
    assert "__" not in said  # names that only the reader of files knows


def test_a_missing_corpus_is_refused(tmp_path: Path) -> None:
    """A path that does not exist is an input error."""
    with pytest.raises(InputError, match=r"nowhere\.parquet"):
        simulate(replace(CONFIG, prompt_corpora={"chat": tmp_path / "nowhere.parquet"}))


def test_blank_prompts_are_left_out(tmp_path: Path) -> None:
    """Nulls and white space are no prompts; a corpus of nothing else is refused."""
    path = tmp_path / "blank.parquet"
    pq.write_table(pa.table({"prompt": pa.array([None, "  ", "\n"])}), path)
    with pytest.raises(InputError, match="no text"):
        simulate(replace(CONFIG, prompt_corpora={"rag": path}))
