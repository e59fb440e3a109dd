"""Evaluation harnesses: public items in well-known frames, run again by many parties.

The items are vocabularies that the seed of an exchange picks from; the harness gives all
parties the same seeds, so the same items come back everywhere.
"""

from __future__ import annotations

WORDING = {
    "solve": """
        {Solve|Answer} the following {problem|question}.
        {Question|Problem} below. {Think step by step|Show your work}.
        You will be given {a question|an exam item}.
        {Complete|Finish} the task {below|that follows}.
        {Give|Provide} the {answer|final answer} to this {item|exercise}.
    """,
    "final": """
        {End|Finish} with "{The answer is|Answer:|####}" and the {result|value}.
        {Only|Just} the {letter|number}, {nothing else|no words}.
        Put the {final answer|result} on the last line.
        {Respond|Reply} with {A, B, C or D|the option letter}.
    """,
    "judge": """
        {Rate|Score} the {answer|reply} from 1 to 10 for {helpfulness|correctness}.
        {Which|Decide which} of the two {answers|replies} is better, A or B?
        {Is|Check whether} the {candidate|answer} {consistent with|supported by} the
            {reference|source}?
    """,
}
"""Phrase list -> phrases."""

SKELETONS = {
    "evaluation_math": {
        "en": """
{~solve} {~final}
{math_item}

Q: {math_item}
A: Let's think step by step.

{math_item}
{~final}

Question: {math_item}
Answer:
        """,
    },
    "evaluation_choice": {
        "en": """
{fact_item}
A. {topic}
B. {topic}
C. {topic}
D. {topic}
Answer:

{~solve} {~final}
{fact_item}
(A) {topic} (B) {topic} (C) {topic} (D) {topic}

The following are multiple choice questions about {topic}.
{fact_item}
A. {topic}
B. {topic}
C. {topic}
D. {topic}
Answer:
        """,
    },
    "evaluation_code": {
        "en": """
{code_item}

Complete the function. {code_item}
Your code should pass these tests: assert {function_name}({argument_name}) == {number}

{~solve} {~final}
{code_item}
        """,
    },
    "evaluation_judge": {
        "en": """
{~judge} {~final}
[Question] {fact_item}
[Answer A] {passage} {passage}
[Answer B] {passage}

{~judge}
Reference: {passage}
Candidate: {passage} {passage}
{~final}
        """,
    },
    "evaluation_reading": {
        "en": """
{~solve}
Passage: {passage} {passage} {passage}
Question: {fact_item}
{~final}

Article: {passage} {passage} {passage} {passage}
Summarise the article in one sentence.

Premise: {passage}
Hypothesis: {passage}
Does the premise entail the hypothesis? Yes, no or maybe?
        """,
    },
}
"""Kind -> language -> skeletons, which blank lines separate."""
