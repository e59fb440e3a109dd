"""Automation that developers run: review in continuous integration, agents that fan out."""

from __future__ import annotations

WORDING = {
    "review_this": """
        {Review|Inspect|Check} this {pull request|change|diff}.
        {You are|Act as} a {strict|careful} {reviewer|senior engineer}.
        {Find|Report} {bugs|defects} and {security issues|risky code} in the {patch|diff}.
        {Look for|Point out} {regressions|breaking changes|missing tests}.
        {Leave|Write} {review comments|remarks} {line by line|per hunk}.
    """,
    "review_rules": """
        {Ignore|Skip} {style|formatting} {issues|nits}.
        {If|When} nothing is wrong, {reply|answer} LGTM.
        {Group|Order} findings by {severity|file}.
        {Maximum|At most} {three|five|ten} {comments|findings}.
        {Suggest|Propose} a {fix|patch} for each {finding|problem}.
        {Follow|Apply} the {rules|conventions} in CONTRIBUTING.
    """,
    "agent_goal": """
        {Your task|The goal}:
        {Please|Now} {do the following|take care of this}:
        {User request|Request}:
        {Work on|Handle} this {issue|ticket}:
        {Plan|Plan and carry out}:
    """,
    "agent_rules": """
        {Use|Call} {one tool|a single tool} at a time.
        {Stop|Finish} when {the tests pass|you are done}.
        {Think|Reason} before {each|every} {call|step}.
        {Do not|Never} {ask|wait for} the user.
        {Report|Return} a {summary|short report} at the end.
    """,
}
"""Phrase list -> phrases."""

SKELETONS = {
    "ci_review": {
        "en": """
{~review_this} {~review_rules} {~review_rules}
{diff_text}

{~review_this}
PR {number}: {function_name} {field_name} ({reference})
{diff_text}
{diff_text}
{~review_rules}

{~review_rules} {~review_this}
Branch {hex}, {small} files changed
{diff_text}
{~review_rules}

{~review_this} {~review_rules}
CI log:
{tool_output}
Diff:
{diff_text}

{Write|Draft} {release notes|a changelog entry} for {version} from {these|the} commits:
{hex} {function_name}: {field_name}
{hex} {argument_name} {topic}
{hex} {function_name} ({reference})

{Explain|Say} why this {build|job} failed and {what to change|how to fix it}. {~review_rules}
{error_text}
{diff_text}
        """,
    },
    "agent": {
        "en": """
{~agent_goal} {~agent_rules}
{ticket_text}

{~agent_goal} fix {function_name} so that {argument_name} without {field_name} are skipped. \
{~agent_rules} Repository {hex}.

{~agent_rules} {~agent_goal}
research {topic} and {topic}, {small} sources, then write {small} paragraphs for {company}.

{~agent_goal} book a table for {small} in {city} at {clock} on {date}, {aside} {~agent_rules}

Subtask {small} of {small}: collect {field_name} of {argument_name} from {company}. {~agent_rules}

Subtask {small} of {small}: {fact_item} {~agent_rules}

{~agent_goal} reproduce {error_text} and open a fix. {~agent_rules}

{~agent_goal} compare prices of {product} and {product} under {price}. {~agent_rules}

{~agent_goal} clean table {argument_name}: duplicates by {field_name}, dates before {date}, \
values above {number}. {~agent_rules}
        """,
    },
    "agent_turn": {
        "en": """
{Tool result|Observation|Output}: {tool_output}

{tool_output}

{Result of|Output of} {function_name}: {tool_output}

exit code {small}
{tool_output}

{Continue.|Go on.|Next step?} {tool_output}
        """,
    },
    "agent_reply": {
        "en": """
{I will|Let me} {call|run} {function_name} with {field_name}={number}.

{Checking|Looking at} {argument_name} in src/{function_name}.py.

{Next|Now} search for {topic} in {city}.

call {function_name}(query="{topic}", limit={small})
        """,
    },
}
"""Kind -> language -> skeletons, which blank lines separate."""
