"""The lexicon: every phrase is found, in every language, and nothing is found in small talk."""

from __future__ import annotations

import pytest

from phalanx.sketches.prompts import CAPABILITIES, ELICITATION_MASK, TARGETED_MASK, capabilities_of
from phalanx.sketches.prompts.lexicon import CAPABILITY_BIT, names_of
from phalanx.sketches.prompts.phrases import PHRASES

EXAMPLES = [
    ("reasoning", "Solve it and show your reasoning."),
    ("reasoning", "请给出详细推理。"),
    ("reasoning", "Реши задачу шаг за шагом."),
    ("reasoning", "Resuélvelo paso a paso."),
    ("reasoning", "Löse das Schritt für Schritt."),
    ("reasoning", "順を追って説明してください。"),
    ("reasoning", "Explique étape par étape."),
    ("reasoning", "Resolva passo a passo, por favor."),
    ("reasoning", "문제를 단계별로 풀어 주세요."),
    ("grading", "Rate the following essay."),
    ("grading", "请为回答打分。"),
    ("grading", "Оцени ответ ученика."),
    ("grading", "Califica este texto en una escala de 1 a 10."),
    ("grading", "Vergib eine Note für den Aufsatz."),
    ("grading", "次の作文を採点してください。"),
    ("task generation", "Come up with twenty riddles."),
    ("task generation", "请生成问题和答案。"),
    ("task generation", "Придумай задания по физике."),
    ("task generation", "Genera instrucciones nuevas."),
    ("task generation", "Erzeuge Aufgaben zur Bruchrechnung."),
    ("task generation", "より難しい問題を作って。"),
    ("rewriting", "Paraphrase my paragraph."),
    ("rewriting", "请润色这段话。"),
    ("rewriting", "Перефразируй абзац."),
    ("rewriting", "Reescribe el párrafo."),
    ("rewriting", "Formuliere um, was hier steht."),
    ("rewriting", "この文を言い換えて。"),
    ("tool use", "You have access to the following tools."),
    ("tool use", "请选择可用工具。"),
    ("tool use", "Доступные инструменты: поиск."),
    ("tool use", "Estas son las herramientas disponibles."),
    ("tool use", "Schreibe den Funktionsaufruf."),
    ("tool use", "利用可能なツールから選んで。"),
    ("coding", "My Python script fails."),
    ("coding", "请写一段代码。"),
    ("coding", "Напиши функцию сортировки."),
    ("coding", "Escribe una función corta."),
    ("coding", "Schreibe ein Programm."),
    ("coding", "このコードを直して。"),
    ("translation", "Translate the letter."),
    ("translation", "请翻译这封信。"),
    ("translation", "Переведи письмо."),
    ("translation", "Traduce la carta."),
    ("translation", "Übersetze den Brief."),
    ("translation", "手紙を翻訳して。"),
    ("translation", "Traduis la lettre."),
    ("translation", "Traduza a carta."),
]


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_every_phrase_finds_its_own_capability(capability: str) -> None:
    """A phrase is found alone, in capitals, and inside a longer prompt."""
    for phrase in PHRASES[capability]:
        for text in (phrase, phrase.upper(), f"Hello (42): {phrase}, thank you!"):
            assert capability in capabilities_of(text), text


@pytest.mark.parametrize(("capability", "text"), EXAMPLES)
def test_one_sentence_per_language_and_capability(capability: str, text: str) -> None:
    """Sentences that people write are recognised in each language of the lexicon."""
    assert capability in capabilities_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "What time is it in Lima?",
        "今天天气怎么样。",
        "Какая сегодня погода?",
        "Wie wird das Wetter?",
        "Step outside by noon, step over it.",
        "the rated following",
    ],
)
def test_small_talk_names_no_capability(text: str) -> None:
    """Words of a phrase in another order are not the phrase."""
    assert capabilities_of(text) == ()


def test_every_capability_has_phrases_and_a_bit_of_its_own() -> None:
    """Lexicon and mask speak of the same capabilities."""
    assert set(PHRASES) == set(CAPABILITIES)
    assert sorted(CAPABILITY_BIT.values()) == [1 << bit for bit in range(len(CAPABILITIES))]
    assert names_of(sum(CAPABILITY_BIT.values())) == CAPABILITIES
    assert "coding" not in names_of(ELICITATION_MASK)
    assert names_of(TARGETED_MASK) == ("reasoning", "grading", "tool use")
