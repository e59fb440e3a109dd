"""Attack classes that harvest instructions: self-instruct and evolved instructions."""

# ruff: noqa: RUF001  (full-width punctuation and Cyrillic letters are the content here)

from __future__ import annotations

WORDING = {
    "invent": """
        {Come up with|Invent|Produce|Generate} {ten|twelve|eight|twenty} {new|fresh|original}
            {tasks|instructions|prompts}
        {You are|Act as} {a creator|an author} of {training|practice} {tasks|material}
        {Extend|Continue|Grow} {this|the} {list|collection|pool} of {tasks|instructions}
        {Below are|Here are|Following are} {some|a few} {tasks|instructions|requests}; {add|append}
            {more|others}
        {Write|Draft} {diverse|varied} {user requests|questions} {and|together with}
            {their|complete} {answers|responses}
        {Design|Devise} {a set of|several} {instruction and response|task and solution} pairs
        {Fill|Complete} the {numbered list|sequence} with {further|additional} {tasks|items}
        {Using|Taking} the {samples|seeds} as {inspiration|a guide}, {make|build} {new ones|more}
        {Simulate|Imitate} {a user|real users} who {ask|request} {things|help} {of an assistant|of
            a model}
        {Our|The} {dataset|corpus} {needs|lacks} {broader|wider} {coverage|variety}: {add|supply}
            {items|entries}
    """,
    "invent_rules": """
        {Avoid|Do not} {repeating|reuse of} {verbs|the same verb} {across|between} {tasks|items}
        {Mix|Vary} {question|imperative} and {open|closed} {forms|styles}
        {Each|Every} {task|item} {must|should} be {solvable|answerable} {by a language model|in
            text}
        {Include|Cover} {classification|editing|reasoning} and {open generation|free writing}
        {Half of them|Some} {need|should have} an input {field|section} of {50 to 100|up to 120}
            words
        {Keep|Hold} {instructions|each one} to {one or two|at most two} sentences
        {Responses|Answers} {must be|are} {complete|full} and {at least|no less than} {100|150|200}
            words
        {No|Without} {images|links|audio} and {nothing|no item} that needs {a browser|the web}
        {Spread|Distribute} the {difficulty|topics} {evenly|from easy to hard}
        {Use|Prefer} {realistic|concrete} {numbers|values} over {placeholders|examples}
    """,
    "invent_format": """
        {Format|Layout}: Instruction, Input, Output, {one block|separated by ###} each
        {Return|Give} {JSON lines|one JSON object a line} with instruction, input, output
        {Number|Count} them and {put|set} the {answer|output} {beneath|right after}
        {Use|Write} {XML-like|tagged} blocks named task and answer
        {Start|Begin} each with {Task:|Q:|Prompt:} and {end|close} with {END|---}
        {Markdown|A table} with columns {instruction, response|prompt, completion}
    """,
    "evolve": """
        {Rewrite|Rework} the {given|following} {prompt|instruction} {into|as} a {more
            complex|harder} {one|version}
        {Make|Turn} {this|the} {task|request} {harder|more demanding} {by adding|with} {one|a}
            {constraint|requirement}
        {Increase|Raise} the {difficulty|depth} of the {instruction|question} {a little|one level}
        {Create|Produce} a {brand new|rarer} {prompt|task} in the {same domain|spirit} of {this
            one|the one given}
        {Replace|Swap} {general|broad} {concepts|terms} with {specific|narrow} ones {in|throughout}
            the {task|prompt}
        {Complicate|Deepen} the {input|problem} with {data|code|a table} {that|which} must be
            {used|read}
        {Your goal|The aim} is to {evolve|mutate} {a prompt|an instruction} so that {experts|strong
            models} {struggle|need time}
        {Demand|Require} {multi-step|explicit} {reasoning|planning} where {one step|a guess}
            {sufficed|was enough}
        {Take|Use} the {seed|parent} below and {breed|derive} {a child|two children}
    """,
    "evolve_rules": """
        {It|The result} must {remain|stay} {reasonable|understandable} {to people|for humans}
        {Add|Insert} {only|no more than} {10 to 20|15|20} words
        {Do not|Never} {say|use} "given prompt" {in|within} the {new one|result}
        {Keep|Retain} {tables|code|numbers} {of|from} the {original|parent}
        {Then|Afterwards} {answer|solve} the {new|evolved} {prompt|task} {in full|completely}
        {State|Note} which {operation|kind of change} {you used|was applied}
        {Discard|Drop} it if {nothing changes|it became unsolvable} and {say|write} FAIL
        {Similar|Equal} {length|size} {to|as} the {original|parent} is {fine|allowed}
    """,
}
"""Phrase list -> phrases."""

SKELETONS = {
    "self_instruct": {
        "en": """
{~invent}. {~invent_rules}. {~invent_rules}. {~invent_format}.
1. {seed_task}
2. {seed_task}
3. {seed_task}
4.

{~invent}: {~invent_format}. {~invent_rules}.
- {seed_task}
- {seed_task}

{~invent_rules}. {~invent}. {~invent_format}. {Domain|Field|Theme}: {topic}, {product}, {concept}.

{~invent_format}. {~invent}. {~invent_rules}. {~invent_rules}. {~invent_rules}.
{seed_task}
{seed_task}
{seed_task}
{seed_task}

{Persona|Profile}: {job}, {city}, {topic} since {year}. {~invent}. {~invent_rules}. \
{~invent_format}.

{~invent} ({topic}, {topic}). {~invent_rules}. {~invent_format}.
{Seed|Example}: {seed_task}

{~invent}. {~invent_rules}.
{Instruction|Task}: {seed_task}
{Output|Answer|Response}:

{~invent_format}. {Now|Next} {answer|respond to} {this|the} {one|item}. {~invent_rules}.
{seed_task}

{~invent}. {~invent_rules}. {Text|Source|Document}: {passage} {passage} {~invent_format}.

{~invent} {about|on|around} {concept} in {programming}. {~invent_rules}. {~invent_format}.
{seed_task}

{~invent_rules}. {~invent_rules}. {~invent} ({small}). {~invent_format}. {seed_task}
        """,
        "zh": """
{~order_zh}{~rule_zh}{请根据示例生成|仿照下列任务编写}{十条|十二条|二十条}{新的指令|多样的任务}，\
{不要重复动词|覆盖不同领域}，{给出完整回答|附上输入与输出}。
1. {seed_task_zh}
2. {seed_task_zh}

{~order_zh}{你是数据编写者|你负责扩充指令集}。{每条指令一到两句|难度由浅入深}，\
{以JSON行输出|按编号输出}。
{seed_task_zh}
{seed_task_zh}
{seed_task_zh}

{~rule_zh}{~order_zh}{为主题|围绕}{topic_zh}、{topic_zh}（{city_zh}，\
{year}年）{编写|设计}{八组|十组}{问答|指令与回答}，{回答不少于二百字|语气自然}。
        """,
        "ru": """
{~order_ru} {~rule_ru} {Придумай|Составь} {десять|двенадцать} {новых заданий|инструкций} {по \
образцу|в том же духе}, {без повторов|разной сложности}, {с ответами|с полными решениями}.
1. {seed_task}
2. тема: {topic_ru}
        """,
        "es": """
{~order_es} {Inventa|Genera} {diez|doce} {tareas nuevas|instrucciones} {como las \
siguientes|variadas}, {con su respuesta|sin repetir verbos}.
1. {seed_task}
2. tema: {topic_es}
        """,
    },
    "evolved": {
        "en": """
{~evolve}. {~evolve_rules}. {~evolve_rules}.
{#Prompt#|### Parent|Original}: {seed_task}
{#Rewritten#|### Child|New}:

{~evolve}. {~evolve_rules}. {seed_task}

{~evolve_rules}. {~evolve}: "{seed_task}" {~evolve_rules}.

{~evolve}. {~evolve}. {~evolve_rules}.
<seed>{seed_task}</seed>

{Round|Generation|Step} {small}. {~evolve}. {~evolve_rules}.
{seed_task}
{code_text}

{~evolve}. {Topic|Area}: {topic}. {~evolve_rules}. {~evolve_rules}.
{Instruction|Input}: {hard_problem}

{~evolve_rules}. {~evolve_rules}. {~evolve}.
A: {seed_task}
B: {seed_task}

{~evolve}; {~evolve_rules}; {~evolve_rules}; {method|operator}: {deepen|widen|concretise|reason}.
>>> {seed_task}

{~evolve}. {~evolve_rules}. {Before|Parent}: {seed_task} {Data|Table}: {tool_output}

{~evolve}. {code_item} {~evolve_rules}. {~evolve_rules}.
        """,
        "zh": """
{~rule_zh}{~order_zh}{请把下面的指令改写得更难|将任务复杂化}，{增加一个约束|要求多步推理}，\
{仍要通顺可解|字数增加不超过二十}，{然后完整作答|并说明改动}。
{seed_task_zh}

{~order_zh}{~rule_zh}{第二轮演化|进化指令}：{替换为更具体的概念|加入数据或代码}，\
{不要出现“原指令”字样|保持领域不变}。
原：{seed_task_zh}
新：
        """,
        "de": """
{~order_de} {Mach die Aufgabe schwieriger|Schreib die Anweisung anspruchsvoller um}, {mit einer \
Bedingung mehr|in mehreren Schritten}, {dann löse sie ganz|danach beantworte sie}. {seed_task} \
Thema: {topic_de}
        """,
        "ja": """
{~rule_ja}{~order_ja}{次の指示をより難しく書き換え|課題を一段階複雑にし}、\
{制約を一つ加え|複数の手順を求め}、{その後で完全に答えてください|変更点も示してください}。
{seed_task} {topic_ja}
        """,
    },
}
"""Kind -> language -> skeletons, which blank lines separate."""
