"""Honest classes that look like campaigns: each has the trait that makes it a hard case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from phalanx.detect.simulate import BENIGN_CLASSES, Simulation

Ask = Callable[[Simulation, str], list[tuple[Any, ...]]]


def test_every_class_is_there(honest: Simulation) -> None:
    """The default mix has accounts of every honest class, and nothing else."""
    assert set(honest.labels.column("traffic_class").to_pylist()) == set(BENIGN_CLASSES)
    assert honest.labels.column("campaign").null_count == honest.labels.num_rows


def test_a_classroom_sits_behind_one_network(honest: Simulation, ask: Ask) -> None:
    """Pupils share a subnet and lesson hours, pay on their own, and declare nothing."""
    rows = ask(
        honest,
        """SELECT count(DISTINCT account_id), count(DISTINCT hour(timestamp)),
        count(DISTINCT payment_fingerprint), count(organisation)
        FROM x WHERE traffic_class = 'classroom'
        GROUP BY regexp_extract(client_ip, '^(.*)[.:]', 1) HAVING count(DISTINCT account_id) > 5""",
    )
    assert rows
    for pupils, _hours, payments, organisations in rows:
        assert int(payments) > 0.5 * int(pupils)
        assert organisations == 0


def test_pupils_of_one_class_paste_the_same_exercises(honest: Simulation, ask: Ask) -> None:
    """Some prompts of a class are the same, word by word, for several accounts."""
    rows = ask(
        honest,
        """SELECT count(DISTINCT account_id) AS n FROM x WHERE traffic_class = 'classroom'
        GROUP BY prompt HAVING n > 3""",
    )
    assert len(rows) > 3


def test_benchmark_items_are_shared_by_strangers(honest: Simulation, ask: Ask) -> None:
    """Public items come back from many parties that have nothing else in common."""
    rows = ask(
        honest,
        """SELECT count(DISTINCT account_id) AS n, count(DISTINCT payment_fingerprint) AS cards
        FROM x WHERE traffic_class = 'evaluation' GROUP BY prompt HAVING n > 2""",
    )
    assert len(rows) > 50
    assert all(int(cards) > 1 for _, cards in rows)


def test_an_organisation_declares_its_accounts(honest: Simulation, ask: Ask) -> None:
    """Several accounts of one organisation share its payment and mail domain."""
    rows = ask(
        honest,
        """SELECT count(DISTINCT account_id) AS n, count(DISTINCT email_domain)
        FROM x WHERE traffic_class = 'organisation' GROUP BY organisation HAVING n > 1""",
    )
    assert rows
    assert all(domains == 1 for _, domains in rows)


def test_a_reseller_mixes_languages_and_clients(honest: Simulation, ask: Ask) -> None:
    """One declared account carries many clients, and prompts in several scripts."""
    rows = ask(
        honest,
        """SELECT count(DISTINCT user_agent),
        avg(regexp_matches(prompt, '[一-龥ぁ-んа-яА-Я]')::INT), count(organisation) = count(*)
        FROM x WHERE traffic_class = 'reseller' GROUP BY account_id""",
    )
    assert rows
    for clients, foreign, declared in rows:
        assert int(clients) > 10
        assert 0.05 < float(foreign) < 0.9
        assert declared


def test_framework_templates_are_shared_by_strangers(honest: Simulation, ask: Ask) -> None:
    """Published templates open the prompts of many accounts with the same words."""
    rows = ask(
        honest,
        """SELECT count(DISTINCT account_id) AS n FROM x WHERE traffic_class = 'framework'
        GROUP BY left(prompt, 30) HAVING n > 3""",
    )
    assert len(rows) > 5


@pytest.mark.parametrize("kind", ["rag", "classification", "translation"])
def test_a_pipeline_has_few_templates_of_its_own(honest: Simulation, ask: Ask, kind: str) -> None:
    """An account's prompts open in a handful of ways, and other accounts' in other ways."""
    own, all_accounts, accounts = ask(
        honest,
        f"""SELECT avg(n), (SELECT count(DISTINCT left(prompt, 12)) FROM x
        WHERE traffic_class = '{kind}'), count(*) FROM (
        SELECT count(DISTINCT left(system_prompt, 40)) AS n FROM x WHERE traffic_class = '{kind}'
        GROUP BY account_id)""",  # noqa: S608  (class names of this file)
    )[0]
    assert own == 1
    assert int(all_accounts) > int(accounts) / 4


def test_reviews_are_run_again(honest: Simulation, ask: Ask) -> None:
    """A pipeline repeats some of its requests unchanged."""
    repeated = ask(
        honest,
        """SELECT 1 - count(DISTINCT prompt) / count(*) FROM x WHERE traffic_class = 'ci_review'""",
    )[0][0]
    assert 0.05 < float(repeated) < 0.5


def test_most_chat_is_never_repeated(honest: Simulation, ask: Ask) -> None:
    """People hardly ever send the same words twice."""
    distinct = ask(
        honest,
        "SELECT count(DISTINCT prompt) / count(*) FROM x WHERE traffic_class = 'chat'",
    )[0][0]
    assert float(distinct) > 0.98
