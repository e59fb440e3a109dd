"""Coding help: developers who ask, paste, and ask again."""

# ruff: noqa: RUF001  (full-width punctuation and Cyrillic letters are the content here)

from __future__ import annotations

WORDING = {
    "stuck": """
        {I am stuck|I'm stuck} {on this|here}:
        {Why does this fail?|What is wrong here?|Any idea what breaks?}
        {This worked yesterday.|This used to work.|It worked before the upgrade.}
        {Getting this|I get this} {in production|locally|only in CI}:
        {Can someone look at this?|Please have a look.}
        {Spent two hours on this already.|Second day on this.}
    """,
    "style": """
        {No comments in the code please.|Keep the comments.}
        {Only the changed lines.|Show the whole file.}
        {Explain first, then code.|Just code.}
        {Standard library only.|No new dependencies.}
        {It must stay backwards compatible.|Breaking changes are fine.}
        {Type hints please.|Keep it simple.}
    """,
}
"""Phrase list -> phrases."""

SKELETONS = {
    "coding": {
        "en": """
{~stuck} {error_text}
{code_text}

{~stuck} I use {library} {version} with {programming}. {error_text} {~style}

{Write|Make} a {programming} function that takes {argument_name} and {returns|yields} the \
{field_name} of each, skipping those over {number}. {~style}

Refactor this{, it is too slow|, it is hard to test| please}. {~style}
{code_text}

{How do I|What is the best way to} {migrate|upgrade} from {library} {version} to {library} \
{version}? {aside}

Explain {concept} {in|with an example in} {programming}. {aside}

Add {tests|unit tests|a docstring} for this:
{code_text}

{Convert|Port} this to {programming}, {~style}
{code_text}

{What does this do?|Walk me through this.}
{code_text}

SQL: table {argument_name} with {field_name}, {field_name}, created_at. {I want|Need} the top \
{small} per {field_name} since {date}. {~style}

Regex for a reference like {reference} but not {hex}, {programming} flavour. {aside}

{library} vs {library} for a {company} style app with {number} users? {aside}

{Review|Please review} this before I push. {~style}
{diff_text}

My {library} container uses {number} MB and then dies. {error_text} {aside}

Write a {programming} script that {reads|watches} a folder, finds files older than {small} days \
and {moves|archives} them to {function_name}. {~style}

{Is|Would} {concept} {overkill|a good idea} for {argument_name} with {number} entries in \
{library}? {aside}

Name for a function that {merges|filters|validates} {argument_name} by {field_name}? Currently \
{function_name}, {aside}

Why is {library} {version} returning {number} instead of {number} for {field_name}? {~stuck}

{Generate|Give me} {small} rows of fake JSON with {field_name}, {field_name} and {field_name}.

git: I committed {function_name} to the wrong branch {small} commits ago. {aside}

Dockerfile for {library} {version}, {programming}, needs {small} workers on port {number}. {~style}

cron expression for {clock} every {small} days, and what about {city} time? {aside}

{Optimise|Speed up} this query, {argument_name} has {number} rows.
{code_text}

Type error in {library}: {error_text} when I call {function_name}({argument_name}). {~style}

{Make this|Turn this} async. {~style}
{code_text}

How would you test {function_name} when {argument_name} come from {library}? {aside}
        """,
        "zh": """
{这段代码报错|运行时报错}：{error_text}
{code_text}

用{programming}写一个函数，输入{argument_name}，返回{field_name}大于{number}的项，{clause_zh}。

{library}升级到{version}之后，{function_name}变慢了{percent}，怎么排查？

解释一下{concept}，最好用{programming}举例。

帮我给这段代码加注释和测试：
{code_text}
        """,
        "ru": """
{Не работает|Падает} с ошибкой: {error_text}
{code_text}

Напиши на {programming} функцию {function_name}, которая фильтрует {argument_name} по {field_name}.

После обновления {library} до {version} запрос стал медленнее на {percent}. {clause_ru}
        """,
        "es": """
{Me sale|Tengo} este error en {library}: {error_text}
{code_text}

Escribe en {programming} una función {function_name} que agrupe {argument_name} por {field_name}.
        """,
        "de": """
{Ich bekomme|Es kommt} diesen Fehler in {library} {version}: {error_text}
{code_text}

Schreib eine {programming}-Funktion {function_name}, die {argument_name} nach {field_name} sortiert.
        """,
        "ja": """
{library}{version}で次のエラーが出ます：{error_text}
{code_text}

{programming}で{argument_name}を{field_name}ごとに集計する関数{function_name}を書いてください。
        """,
    },
    "coding_turn": {
        "en": """
{Now I get|Now it says}: {error_text}

{It works|That works}, but {field_name} is {number} and should be {number}.

{Can you|Please} do it without {library}? {~style}

{Same|Do the same} for {function_name}. {~style}
{code_text}

{Where|In which file} does {function_name} go? {aside}

{And|What} if {argument_name} is empty or has {number} entries?

{Here is the rest|This is the caller}:
{code_text}

{Rename|Call it} {function_name}, and add {field_name}.
        """,
        "zh": """
还是报错：{error_text}

{argument_name}为空的时候怎么办？
        """,
        "ru": """
Теперь другая ошибка: {error_text}
        """,
        "es": """
Ahora sale: {error_text}
        """,
        "de": """
Jetzt kommt: {error_text}
        """,
        "ja": """
今度は{error_text}と出ます。
        """,
    },
    "coding_reply": {
        "en": """
{The cause is|This happens because} {field_name} is missing in {argument_name}. {Try|Use}:
{code_text}

{Here you go|Sure}:
{code_text}

{Two things|Small change}: rename {function_name} and check {field_name} before line {small}.
{diff_text}
        """,
    },
}
"""Kind -> language -> skeletons, which blank lines separate."""
