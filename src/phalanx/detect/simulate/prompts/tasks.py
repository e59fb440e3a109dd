"""Composed vocabularies of the attack classes: seed tasks, problems, drafts to grade."""

# ruff: noqa: RUF001  (full-width punctuation and Cyrillic letters are the content here)

from __future__ import annotations

COMPOSED = {
    "seed_task": (
        12000,
        """
Explain {topic} to a {job} who works in {city}.

Given a list of {argument_name}, return those whose {field_name} is above {number}.

Compose a {mood} letter from {company} about a late {product}.

Summarise the history of {topic} since {year} in {small} sentences.

Compare the {product} and the {product} for a {job}.

Suggest {small} titles for an article on {topic}.

Work out how many {product}s cost less than {price} if each is reduced by {percent}.

Describe what {subject_lower} should do when {thing} is late.

Write a dialogue in which {person} persuades {person} to care about {topic}.

Name the steps to {topic} for someone with {small} hours a week.

Turn the note of {date} on {thing} into an agenda.

Decide whether {topic} or {topic} matters more for {company} and justify it.

Implement {function_name} in {programming} with {concept}.

Find the mistake in a {programming} function that {verb_past} {argument_name} by {field_name}.
        """,
    ),
    "seed_task_zh": (
        1500,
        """
向初学者解释{topic_zh}，并给出{small}个例子。

为{company_zh}写一段关于{product_zh}的介绍，{clause_zh}。

比较{topic_zh}与{topic_zh}的异同。

根据{date}的记录，列出{city_zh}在{topic_zh}方面的{small}个问题。

用{programming}实现{function_name}，并说明复杂度。
        """,
    ),
    "hard_problem": (
        12000,
        """
Let a sequence start with {small} and let each term be {small} more than half the previous one. \
For which index does it first exceed {number}?

{company} runs {small} machines; each fails on a given day with probability {percent}. What is \
the chance that exactly {small} fail on {date}?

{person}, {person} and {person} each know one of {small} facts about {topic}. How many messages \
are needed until everyone knows all of them?

A {job} must visit {small} sites in {city} between {clock} and {clock}. Each visit takes {small} \
minutes. Is there a schedule that leaves {small} minutes free?

Show that among any {small} whole numbers there are two whose difference is divisible by {small}.

Estimate the energy needed to heat {number} litres of water by {small} degrees with a loss of \
{percent}, and state every assumption.

Given {argument_name} sorted by {field_name}, find in O(log n) the first entry above {number} \
when {small} entries may be out of place.

If {topic} had not changed after {year}, which of the effects on {topic} would remain? Argue \
both sides.

Two pumps fill a basin in {small} and {small} hours; a leak of {percent} opens after {small} \
hours. When is it full?

Prove or refute: every graph with {small} vertices and minimum degree {small} contains a cycle \
of length {small}.
        """,
    ),
    "draft_answer": (
        9000,
        """
{passage} {passage}

The main point about {topic} is cost: {price} in {year}, {percent} more than before. {passage}

It takes {small} steps. First {verb_past} {thing}. Then check {field_name}. {passage}

{code_text}

There are {small} reasons. {passage} In the end {topic} decides.

I think the answer is {number}, because {small} times {small} leaves a remainder. {passage}
        """,
    ),
    "delicate": (
        3000,
        """
{subject} {verb_past} {thing} after the protests in {city} in {year}, {consequence}.

The ministry denied that {thing} had been {verb_past}, {consequence}.

Workers of {company} in {city} complained about {topic} and {thing}; {percent} signed.

A film about {topic} was withdrawn on {date}; {subject_lower} gave no reason.

{person} wrote in {year} that officials had {verb_past} {thing} {circumstance}.
        """,
    ),
    "delicate_zh": (
        900,
        """
{year}年，{city_zh}的居民就{topic_zh}提出意见，{clause_zh}，约{percent}的人签名。

{company_zh}的员工对{topic_zh}表示不满，{date}有关部门作出回应。

一部讲述{topic_zh}的影片在{date}停映，{clause_zh}没有说明原因。
        """,
    ),
    "tool_schema": (
        3000,
        """
{{"name": "{function_name}", "parameters": {{"{field_name}": "string", "{argument_name}": \
"array"}}}}

{{"name": "get_{field_name}", "parameters": {{"city": "string", "{field_name}": "number"}}, \
"required": ["city"]}}

{function_name}({field_name}: int, {argument_name}: list) -> dict  # {topic}

{{"name": "{function_name}", "description": "{topic} for {company}", "parameters": {{"limit": \
{small}}}}}
        """,
    ),
}
"""Vocabulary -> (size, skeletons)."""
