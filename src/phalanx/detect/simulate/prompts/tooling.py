"""Attack classes that harvest skills: tool use, and rewriting that is safe from censorship."""

# ruff: noqa: RUF001  (full-width punctuation and Cyrillic letters are the content here)

from __future__ import annotations

WORDING = {
    "harvest": """
        {Produce|Write} a {complete|full} {trajectory|transcript} of {tool calls|actions}
            {for|solving} the {goal|task}
        {You can|You may} {call|invoke} the {functions|tools} {listed|below}; {show|log}
            {each|every} {call|step}
        {Plan|Decide} which {function|tool} {comes|is needed} {next|first} and {emit|print}
            {its|the} {call|arguments}
        {Act|Behave} as {a computer-use|a tool-using} {agent|model} in a {sandbox|simulated}
            {environment|desktop}
        {Generate|Create} {a user query|a request} that {needs|requires} {two|three} of these
            {tools|APIs}
        {Given|Using} the {API|interface} {docs|specification}, {write|compose} {query and calls|a
            dialogue}
        {Translate|Turn} the {request|goal} into {function calls|API calls} {in order|step by step}
        {Decompose|Split} the {goal|job} and {solve|run} {each part|the parts} with {tools|calls}
        {Simulate|Play} {user, assistant and tool|all three roles} {for|over} {four|six|eight}
            turns
        {Debug|Repair} the {failed|broken} {call|trajectory} and {continue|go on} {until|till}
            {done|solved}
    """,
    "harvest_rules": """
        {Thought|Reasoning} before {each|every} {call|action}, {one|two} sentences
        {Arguments|Parameters} as {strict|valid} JSON
        {Recover|Retry} when {a tool|an API} {fails|returns an error}
        {Stop|Finish} with {final_answer|DONE} and {a summary|the result}
        {Only|Never more than} {one call|a single call} {a turn|per turn}
        {Do not|Never} {invent|guess} {values|results}, {ask|query} for them
        {Vary|Mix} {single|parallel} and {nested|sequential} calls
        {Explain|Say} why {other|the remaining} tools {were not|are not} {used|called}
    """,
    "job_name": """
        {alpha|beta|gamma|delta}-{north|south|east|west}-{one|two|three|four}
        {amber|cobalt|ivory|jade}{dawn|dusk|noon}
        {set|wave|pass} {one|two|three|four|five}
    """,
    "soften": """
        {Rewrite|Rephrase} the {passage|text} so {it|that it} {can be|may be} {published|posted}
            {anywhere|without trouble}
        {Offer|Give} a {neutral|harmless} {version|wording} of the {statement|claim}
        {How would|Show how} {an official|a careful} {assistant|spokesman} {answer|respond to} this
            {politely|evasively}
        {Answer|Handle} the {question|topic} in a {politically safe|compliant} {way|manner}
        {Replace|Swap} {sensitive|delicate} {words|references} {with|by} {acceptable|mild} ones
        {Steer|Redirect} the {talk|conversation} {away from|around} the {sensitive|contested}
            {point|issue}
        {Write|Produce} {a question and a safe reply|a pair of prompt and safe answer} {on|from}
            {this|the text}
        {Mark|Find} {what|the phrases that} a {censor|content office} {would cut|objects to} and
            {mend|change} {them|it}
        {Make|Keep} {this|the account} {positive|constructive} and {free of|without}
            {criticism|blame}
        {Decline|Refuse} {gracefully|kindly} and {suggest|propose} {another subject|a safer
            question}
    """,
    "soften_rules": """
        {Keep|Preserve} the {length|facts} {where possible|as far as allowed}
        {No|Avoid} {names|dates} of {people|events} {concerned|involved}
        {Give|Offer} {three|two|five} {alternatives|variants}
        {Add|State} the {reason|rule} for {each|every} {change|edit}
        {Tone|Voice}: {calm|official|friendly}
        {Output|Return} {original and new|before and after} {side by side|as JSON}
        {Do not|Never} {mention|reveal} that {something was changed|it was edited}
        {Rate|Score} the {risk|sensitivity} from 0 to 5 {before and after|twice}
    """,
}
"""Phrase list -> phrases."""

SKELETONS = {
    "tool_use": {
        "en": """
{~harvest}. {~harvest_rules}. {~harvest_rules}.
{Tools|Functions}:
{tool_schema}
{tool_schema}
{Goal|Task}: {seed_task}

{~harvest}. {~harvest_rules}.
{tool_schema}
{ticket_text}

{tool_schema}
{tool_schema}
{tool_schema}
{~harvest}. {~harvest_rules}. {~harvest_rules}. {seed_task}

{~harvest_rules}. {~harvest}: {fact_item}
{tool_schema}

{~harvest}. {Screen|State|Page}: {passage} {~harvest_rules}. {Goal|Aim}: {seed_task}

{~harvest}. {~harvest_rules}. {Repository|Project} {hex}, {error_text}
{code_text}
{tool_schema}

{~harvest}. {API|Service} {company} {version}: {tool_schema} {~harvest_rules}. {~harvest_rules}.

{~harvest_rules}. {~harvest_rules}. {~harvest}.
{Step|Turn} {small}: {tool_output}
{tool_schema}
        """,
        "zh": """
{~order_zh}{~rule_zh}{根据以下接口生成完整的调用轨迹|你是会使用工具的智能体}，\
{每次只调用一个|参数用JSON}，{出错要重试|最后总结}。
{tool_schema}
任务：{seed_task_zh}

{~order_zh}{模拟用户、助手和工具的对话|把请求拆成函数调用}，{每步先写思路|不要编造结果}。
{tool_schema}
{tool_schema}
{seed_task_zh}
        """,
        "ru": """
{~rule_ru} {~order_ru} {Построй полный ход вызовов|Ты агент с инструментами}, {аргументы в \
JSON|по одному вызову}, {в конце итог|с повтором при ошибке}.
{tool_schema} Задача: {topic_ru}, {clause_ru}
        """,
    },
    "tool_use_turn": {
        "en": """
{Result|Return|Response}: {tool_output} {Next|Continue|Proceed}.

{tool_output} {Go on|And then|Keep going}.

{Failed|Error}: {error_text} {Recover|Retry|Adapt}.

{Observation|State}: {passage} {tool_output}
        """,
    },
    "rewriting": {
        "en": """
{~soften}. {~soften_rules}. {~soften_rules}.
{delicate} {delicate}

{~soften}: "{delicate}" {~soften_rules}.

{~soften_rules}. {~soften}.
{Text|Source|Input}: {delicate} {passage} {delicate}

{~soften}. {~soften}. {~soften_rules}.
{User|Reader} {asks|writes}: why is it that {delicate}

{~soften}. {Audience|Readers}: {job}, {city}. {delicate} {~soften_rules}.

{~soften_rules}. {~soften_rules}. {~soften_rules}. {~soften}.
- {delicate}
- {delicate}

{Article|Post} {number}. {delicate} {passage} {~soften}. {~soften_rules}.
        """,
        "zh": """
{~order_zh}{~rule_zh}{请改写下文使其可以发布|给出更稳妥的表述}，{避免敏感词|语气积极}，\
{保持篇幅|提供三种版本}，{说明改动原因|不要提及修改}。
{delicate_zh}{delicate_zh}

{~order_zh}{用官方口吻回答|委婉地转移话题}：{delicate_zh}{给出问题和安全回答|标出风险等级}。

{~rule_zh}{~order_zh}{找出可能被删的句子并修改|替换不合适的说法}，{前后对照|输出JSON}。
{passage_zh}{delicate_zh}
        """,
        "ru": """
{~order_ru} {~rule_ru} {Перепиши мягче|Дай нейтральную версию}, {без имён и дат|в спокойном \
тоне}, {три варианта|с пояснением правок}.
{delicate} {passage_ru}
        """,
    },
    "system_attack": {
        "en": """
{~invent_rules}. {~show_rules}. {~grade_rules}.

{You are|Act as} {a data|an annotation} {engine|worker|specialist}. {~show_rules}. {~harvest_rules}.

{~harvest_rules}. {~invent_rules}. {Batch|Shard|Job} {~job_name}.

{Assistant|Worker} {~job_name}: {~show_rules}, {~grade_rules}, {~evolve_rules}.
        """,
    },
}
"""Kind -> language -> skeletons, which blank lines separate."""
