"""Phrases by capability: English, Chinese, Russian, Spanish, German, Japanese and more."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

PHRASES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "reasoning": (
            "step by step", "chain of thought", "show your reasoning", "show your work",
            "show all your work", "explain your reasoning", "reasoning process",
            "think aloud", "think out loud", "thought process", "reason through",
            "before giving the final answer", "before giving your final answer",
            "before answering", "every intermediate step", "intermediate steps",
            "detailed reasoning", "write out your reasoning", "inner monologue",
            "prove that", "derive the",
            "一步一步", "逐步", "思维链", "推理过程", "思考过程", "详细推理", "分步骤",
            "шаг за шагом", "пошагово", "ход рассуждений", "ход мыслей",
            "объясни свои рассуждения", "покажи рассуждения",
            "paso a paso", "muestra tu razonamiento", "explica tu razonamiento",
            "cadena de pensamiento", "proceso de razonamiento",
            "schritt für schritt", "zeige deinen gedankengang", "deine überlegungen",
            "begründe jeden schritt", "gedankenkette",
            "段階的に", "ステップバイステップ", "順を追って", "思考過程", "推論過程",
            "étape par étape", "passo a passo", "단계별로",
        ),
        "grading": (
            "rubric", "on a scale of 1 to 10", "on a scale from 1 to 5", "score from 1 to 10",
            "rate the following", "rate this response", "grade the following",
            "grade this", "grading criteria", "evaluate the following response",
            "evaluate the quality", "which response is better", "which answer is better",
            "compare the two responses", "assign a score", "give a score", "act as a judge",
            "impartial judge", "as a strict grader", "critique the",
            "评分", "打分", "评分标准", "哪个回答更好", "评估以下", "评判",
            "оцени ответ", "оцените", "по шкале от 1 до 10", "поставь оценку",
            "критерии оценки", "какой ответ лучше",
            "califica", "puntúa", "en una escala de 1 a 10", "rúbrica", "evalúa la siguiente",
            "cuál respuesta es mejor",
            "bewerte", "auf einer skala von 1 bis 10", "bewertungskriterien",
            "welche antwort ist besser", "vergib eine note",
            "採点", "評価してください", "点満点", "評価基準", "どちらの回答",
        ),
        "task generation": (
            "come up with", "generate instructions", "generate a new instruction",
            "diverse set of", "diverse instructions", "create a new prompt",
            "new instruction", "rewrite the given prompt", "more complex version",
            "the given prompt", "the given instruction", "create a dataset",
            "generate a dataset", "training examples", "training data",
            "instruction input output", "question answer pairs", "question and answer pairs",
            "instruction response pairs", "examples of user", "generate 10", "write 10 different",
            "synthetic", "seed task", "harder variant", "increase the difficulty",
            "生成指令", "生成问题", "生成以下", "多样化", "训练数据", "问答对", "新的指令",
            "改写成更复杂", "更难的版本", "生成数据集",
            "придумай задания", "составь задания", "сгенерируй", "обучающие данные",
            "пары вопрос ответ", "усложни задание", "набор инструкций",
            "genera instrucciones", "genera un conjunto", "datos de entrenamiento",
            "pares de preguntas y respuestas", "versión más difícil",
            "erzeuge anweisungen", "trainingsdaten", "frage antwort paare",
            "schwierigere variante", "erzeuge aufgaben",
            "指示を生成", "学習データ", "質問と回答のペア", "より難しい", "多様な",
        ),
        "rewriting": (
            "rewrite the following", "rewrite this", "paraphrase", "rephrase",
            "in a neutral tone", "remove any sensitive", "without mentioning",
            "politically neutral", "acceptable to", "safe for publication",
            "in other words", "improve the wording",
            "改写", "重写", "换一种说法", "敏感内容", "润色",
            "перепиши", "перефразируй", "перефразируйте", "нейтральном тоне",
            "reescribe", "parafrasea", "tono neutral",
            "schreibe um", "formuliere um", "umformulieren", "neutralem ton",
            "書き直", "言い換え", "中立的",
        ),
        "tool use": (
            "function call", "function calling", "tool call", "available tools",
            "you have access to the following", "call the api", "api call",
            "tool schema", "use the tools", "emit a json", "json arguments",
            "next tool", "which tool",
            "工具调用", "函数调用", "调用工具", "可用工具", "接口调用",
            "вызов функции", "вызов инструмента", "доступные инструменты",
            "llamada a función", "herramientas disponibles", "llama a la api",
            "funktionsaufruf", "verfügbare werkzeuge", "werkzeugaufruf",
            "関数呼び出し", "ツール呼び出し", "利用可能なツール",
        ),
        "coding": (
            "python", "javascript", "typescript", "java", "rust", "sql", "golang", "html",
            "css", "regex", "bash", "unit test", "unit tests", "stack trace", "traceback",
            "refactor", "pull request", "write a function", "write a program",
            "implement a", "this code", "the code", "bug", "compile", "algorithm",
            "代码", "函数", "编程", "код", "функцию", "программу",
            "código", "función", "programa", "funktion", "programm", "コード", "関数",
        ),
        "translation": (
            "translate", "translation", "翻译", "перевод", "переведи", "traduce", "traducir",
            "traducción", "übersetze", "übersetzung", "翻訳", "traduis", "traduza",
        ),
    }
)
"""Capability -> phrases. A phrase is data: it is matched, never executed or answered."""
