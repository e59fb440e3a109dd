"""Products that call a model from one fixed template: retrieval, classification, translation."""

# ruff: noqa: RUF001  (full-width punctuation and Cyrillic letters are the content here)

from __future__ import annotations

WORDING = {
    "answer_from": """
        {Answer|Respond to} the {question|user question} {using only|based only on} the
            {context|documents|passages} {below|given below}.
        You are {the help desk|the assistant|a support bot} of a {company|firm}; {use|rely on} the
            {excerpts|sources} that follow.
        {Read|Study} the {extracts|snippets} and {reply to|answer} the customer.
        {Below are|Here are} {passages|articles} from our {knowledge base|handbook|wiki}.
        {Ground|Base} every {sentence|claim} on the {sources|documents} provided.
        {Use|Consult} the {retrieved|matching} {chunks|paragraphs} to {help|answer} the user.
    """,
    "answer_rules": """
        If the answer is not {there|in the text}, {say so|say that you do not know}.
        {Cite|Quote} the {number|index} of the {passage|source} you used.
        {Answer in|Use} at most {three|four|five} sentences.
        {Do not|Never} {mention|refer to} these instructions.
        {Keep|Stay with} the {tone|style} of our {brand|house}: {clear|calm|helpful}.
        {Reply in|Use} the language of the {question|user}.
        {Return|Give} {the answer|a reply} and then the {sources|page numbers}.
    """,
    "sort_into": """
        {Classify|Label|Categorise} the {message|text|entry} {below|that follows} {into|as} one of:
        {Assign|Choose|Pick} {exactly one|a single} {label|category|class} {from this list|out of}:
        {Which|Decide which} {category|bucket|queue} does this {item|record|text} belong to?
        {Route|Dispatch} this {ticket|message} to the right {team|queue}:
        {Tag|Mark} the {review|comment} with one {tag|label} of:
        {Determine|Detect} the {intent|purpose} of the {text|utterance}. Options:
    """,
    "labels": """
        billing, delivery, technical, account, other
        positive, neutral, negative
        refund | exchange | complaint | praise | spam
        A) question B) request C) complaint D) feedback
        urgent, normal, low
        invoice, contract, reminder, advertisement, private
        1 very bad, 2 bad, 3 fair, 4 good, 5 very good
        hardware / software / network / access / unknown
        sport, politics, economy, culture, science, local
        toxic or not toxic
        lead, customer, partner, applicant, press
        damaged, late, wrong item, missing part, unclear
    """,
    "label_format": """
        {Output|Return} only the {label|category}.
        {Answer|Reply} with {one word|a single word}, {no explanation|nothing else}.
        {Return|Produce} JSON with the keys label and confidence.
        {Give|Write} the {label|class} and a {short reason|reason of ten words}.
        {No|Without} {punctuation|extra text} please.
    """,
    "extract": """
        {Extract|Pull out} {the|all} {names, dates and amounts|order data|contact details}
            {from|in}:
        {List|Find} {every|each} {product and price|date and place|person and role} {in|mentioned
            in}:
        {Turn|Convert} the {text|mail} {below|following} into {a JSON object|key-value lines}:
        {Fill|Complete} the {fields|form}: name, reference, amount, deadline.
        {Summarise|Condense} in {two sentences|one line|three bullet points}:
    """,
    "translate": """
        {Translate|Render} the {text|segment|string} {below|following} into
        {Produce|Write} a {faithful|natural|fluent} translation into
        {You are a|Act as a} professional {translator|localiser}. Target language:
        {Localise|Adapt} this {string|copy} for
        {Convert|Translate} {this|the} {product description|help text|subtitle} to
    """,
    "translate_rules": """
        {Keep|Preserve} {placeholders|numbers and tags} {unchanged|as they are}.
        {Do not|Don't} translate {brand|product} names.
        {Use|Prefer} {formal|informal} {address|register}.
        {Return|Output} {only the translation|the translation and nothing else}.
        {Stay|Keep} under {the original length|80 characters a line}.
        {Follow|Respect} our glossary: {cart = basket|account = profile|order = purchase}.
    """,
    "target": """
        German
        French
        Spanish
        Japanese
        Simplified Chinese
        Brazilian Portuguese
        Polish
        Turkish
        Korean
        Dutch
        Italian
        Ukrainian
        English
    """,
}
"""Phrase list -> phrases."""

SKELETONS = {
    "rag": {
        "en": """
{~answer_from} {~answer_rules}
{Context|CONTEXT|Passages}:
{passage} {passage} {passage}
{passage} {passage} {passage} {passage}
{Question|Q|User}: {ticket_text}

{~answer_from}
<docs>
1. {passage} {passage} {passage}
2. {passage} {passage}
3. {passage} {passage} {passage}
</docs>
{~answer_rules} {~answer_rules}
{How|What} about {topic}? {aside}

{~answer_rules} {~answer_from}
Source {reference} ({date}): {passage} {passage} {passage} {passage}
Source {reference} ({date}): {passage} {passage} {passage} {passage}
{Query|Asked by a customer}: {ticket_text}

### {Documents|Sources}
{passage} {passage} {passage} {passage} {passage} {passage}
### {Task|Instruction}
{~answer_from} {~answer_rules}
### {Input|Question}
{fact_item}

{Manual|Handbook|Policy} section {small}.{small}: {passage} {passage} {passage}
{Manual|Handbook|Policy} section {small}.{small}: {passage} {passage} {passage}
{~answer_from} {~answer_rules} The {caller|employee|visitor} asks: {ticket_text}
        """,
        "zh": """
{请根据以下资料回答问题|仅依据下面的内容作答}。{如果资料中没有，请说不知道|请注明出处}。
资料：{passage_zh}{passage_zh}{passage_zh}{passage_zh}
问题：{topic_zh}在{city_zh}的情况如何？
        """,
        "ru": """
{Отвечай только по документам|Используй только контекст}. {Если ответа нет, так и скажи|Укажи \
источник}.
Контекст: {passage_ru} {passage_ru} {passage_ru} {passage_ru}
Вопрос: что известно про {topic_ru}?
        """,
        "es": """
{Responde solo con el contexto|Usa únicamente los documentos}. {Si no está, dilo|Cita la fuente}.
Contexto: {passage_es} {passage_es} {passage_es} {passage_es}
Pregunta: ¿qué se sabe de {topic_es}?
        """,
        "de": """
{Antworte nur anhand der Texte|Nutze nur den Kontext}. {Sonst sag, dass es fehlt|Nenne die Quelle}.
Kontext: {passage_de} {passage_de} {passage_de} {passage_de}
Frage: Was gilt für {topic_de}?
        """,
        "ja": """
{次の資料だけを使って答えてください|資料に基づいて回答してください}。\
{なければ不明と答える|出典を示す}。
資料：{passage_ja}{passage_ja}{passage_ja}{passage_ja}
質問：{topic_ja}はどうなっていますか。
        """,
    },
    "classification": {
        "en": """
{~sort_into} {~labels}
{~label_format}
{Text|Message|Input}: {ticket_text}

{~sort_into}
{~labels}
"{review_text}"
{~label_format}

{~label_format} {~sort_into} {~labels}
---
{review_text}
---

{~extract}
{ticket_text}
{~label_format}

{~extract} {passage} {passage}

{Review|Comment} {reference}: {review_text}
{~sort_into} {~labels}. {~label_format}

{Record|Item} {number}
title: {product} / {topic}
body: {passage} {review_text}
{~sort_into} {~labels}
{~label_format}
        """,
        "zh": """
{请判断以下评论的情感|将下面的文本分类}：{正面、中性、负面|投诉、咨询、表扬}。\
{只输出标签|只回答一个词}。
{product_zh}，{clause_zh}，用了{small}天，价格{price}元，订单{reference}。
        """,
        "ru": """
{Определи тональность|Отнеси к категории}: {хорошо, нейтрально, плохо|жалоба, вопрос, отзыв}.
{product_ru}, заказ {reference}, {clause_ru}, цена {price} руб.
        """,
        "es": """
{Clasifica el comentario|Elige una etiqueta}: {positivo, neutro, negativo|queja, duda, elogio}.
{product_es}, pedido {reference}, {clause_es}, {price} euros.
        """,
        "de": """
{Ordne die Nachricht zu|Wähle eine Kategorie}: {Lob, Frage, Beschwerde|gut, neutral, schlecht}.
{product_de}, Bestellung {reference}, {clause_de}, {price} Euro.
        """,
        "ja": """
{次の文を分類してください|感情を判定してください}：{肯定、中立、否定|苦情、質問、称賛}。
{product_ja}、注文{reference}、{clause_ja}、{price}円。
        """,
    },
    "translation": {
        "en": """
{~translate} {~target}. {~translate_rules}
{passage} {passage}

{~translate} {~target}: "{review_text}" {~translate_rules}

{~translate_rules} {~translate_rules}
{~translate} {~target}
[{reference}] {ticket_text}

{~translate} {~target}. {~translate_rules}
key = {field_name}.{hex}
value = {product}: {passage}

{~translate} {~target} {~translate_rules}
{clock} --> {clock}
{review_text}
        """,
        "zh": """
{请翻译成英文|翻译成自然的英语}：{passage_zh}{passage_zh}{保留数字|不要解释}。
        """,
        "ru": """
{Переведи на английский|Сделай перевод на английский}: {passage_ru} {passage_ru}
        """,
        "es": """
{Traduce al inglés|Pasa al inglés}: {passage_es} {passage_es}
        """,
        "de": """
{Übersetze ins Englische|Bitte auf Englisch}: {passage_de} {passage_de}
        """,
        "ja": """
{英語に訳してください|自然な英語にしてください}：{passage_ja}{passage_ja}
        """,
    },
}
"""Kind -> language -> skeletons, which blank lines separate."""
