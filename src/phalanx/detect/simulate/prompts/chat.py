"""Everyday chat: questions of people, with follow-ups and the model's replies."""

# ruff: noqa: RUF001  (full-width punctuation and Cyrillic letters are the content here)

from __future__ import annotations

WORDING = {
    "greet": """
        {Hi|Hello|Hey}, {quick question|a question|I need a hand}.
        {Good morning|Good evening}.
        {So|Okay|Right},
        {Hope you can help.|I hope this makes sense.}
        {Sorry if this is obvious.|Probably a silly question.}
        {Been wondering about this.|This came up at dinner.}
    """,
    "tell": """
        {can you explain|could you explain|please explain}
        {tell me|teach me} {something|a bit|what matters} about
        {what should I know|what do people get wrong} about
        {give me|I want} {a short overview|the basics|a beginner's guide} of
        {help me understand|help me make sense of}
        {what is new|what has changed lately} in
    """,
    "close": """
        {Thanks!|Thank you.|Cheers.|Thanks in advance.}
        {Keep it short.|Two paragraphs at most.|Be brief.}
        {With an example, please.|An example would help.}
        {In plain words.|Without jargon.|As you would tell a friend.}
        {What do you think?|Does that make sense?}
        {Bullet points are fine.|A list is fine.}
    """,
}
"""Phrase list -> phrases."""

SKELETONS = {
    "chat": {
        "en": """
{~greet} {~tell} {topic}? {aside} {~close}

{~tell} {topic}, I am a {job} in {city}. {aside}

{What is the difference between|How do I choose between|Compare} {topic} and {topic}? {aside}

{I am planning|We are planning} a trip to {city} {with|without} kids for {small} days in {date}. \
{What should we see|Any ideas}? {aside}

My {product} {broke|stopped working|makes a strange noise} after {small} months. {Can I fix \
it|Is it worth repairing}? It cost {price}. {~close}

Write a {mood} {message|email|note} to {person} about {topic}. {aside}

{Recipe idea|What can I cook}: I have {small} eggs and leftovers of {dish}, and {person} does \
not eat meat. {~close}

how long does it take to learn about {topic} if i have {small} minutes a day, {aside}

{Is it true that|Why do people say that} {topic} {has something to do with|changed because of} \
{topic}? {~close}

{person} and I disagree about {topic}. {person} says {consequence}. Who is right? {aside}

Make me a {small}-day plan for {topic}, I work as a {job}. {~close}

{Give me|I need} {small} names for a {city} {shop|cafe|studio} that sells {product} and {product}.

Rewrite this so it sounds {mood}: {review_text}

What does this mean: "{passage}" {aside}

{I feel|Lately I feel} {stuck|tired|nervous} about {topic}. {aside} {What would you do|Any advice}?

{Summarise|Shorten} this for my {job}: {passage} {passage}

{Plan|Suggest} dinner for {small} people in {city}, {price} total, something like {dish}.

{Explain|Describe} {topic} to a {small} year old. {aside}

Translate to {Spanish|French|German|Polish}: {review_text} {~close}

Draft a {mood} reply to this: {ticket_text}

{Who|Which people} shaped {topic} before {year}? {aside}

is {price} a fair price for a {product} in {city}?? {aside}

What questions should I ask a {job} about {topic}? {~close}

I have to give a {small} minute talk on {topic} for {company}. {Give me an outline|Outline please}.

{Quiz me|Ask me questions} on {topic}, one at a time, {small} in total. {aside}

Poem about {topic} and {city}, {mood}, {small} lines.

{Pros and cons|Advantages and drawbacks} of {topic} for a {job} who earns {price} a month? {~close}

Check my text for mistakes: {review_text} {aside}

{Gift ideas|What to give} for {person}, {small} years old, likes {topic}, max {price}.

{Can you settle this|Help me decide}: {product} from {company} or {product} for {price}? {aside}
        """,
        "zh": """
请问{topic_zh}是怎么回事？{我是初学者|我刚开始了解}，{clause_zh}。

帮我写一封{正式|礼貌|简短}的邮件，主题是{topic_zh}，收件人在{city_zh}的{company_zh}。

{topic_zh}和{topic_zh}有什么区别？请举{small}个例子。

我想在{city_zh}玩{small}天，{clause_zh}，有什么建议？

{product_zh}用了{small}个月就坏了，{值得修吗|可以退货吗}？当时花了{price}元。

用小学生能懂的话解释{topic_zh}，不超过{number}字。
        """,
        "ru": """
{Подскажите, пожалуйста|Объясните простыми словами}, что такое {topic_ru}? {clause_ru}

{Напиши|Составь} {короткое|вежливое} письмо про {topic_ru} для компании {company_ru}.

Еду в город {city_ru} на {small} дня, {clause_ru}. Что посмотреть?

{product_ru}: сломалось через {small} месяцев, стоило {price} руб. {Чинить|Вернуть}?

Чем отличаются {topic_ru} и {topic_ru}? Приведи {small} примера.
        """,
        "es": """
{¿Me explicas|¿Puedes explicarme} {topic_es}? {clause_es}

{Escribe|Redacta} un correo {formal|amable} sobre {topic_es} para un cliente de {city_es}.

Viajo a {city_es} {small} días, {clause_es}. ¿Qué me recomiendas?

Mi {product_es} dejó de funcionar a los {small} meses y costó {price}. ¿Tiene arreglo?

¿Qué diferencia hay entre {topic_es} y {topic_es}? Con {small} ejemplos.
        """,
        "de": """
{Kannst du mir|Könntest du mir} {topic_de} erklären? {clause_de}

{Schreib|Formuliere} eine {höfliche|kurze} Mail über {topic_de} an einen Kunden in {city_de}.

Ich bin {small} Tage in {city_de}, {clause_de}. {Was lohnt sich|Hast du Tipps}?

{product_de} nach {small} Monaten kaputt, Preis {price} Euro. {Reparieren|Zurückgeben}?

Was unterscheidet {topic_de} von {topic_de}? Bitte {small} Beispiele.
        """,
        "ja": """
{topic_ja}について{教えてください|簡単に説明してください}。{clause_ja}。

{city_ja}に{small}日間行きます。{clause_ja}、おすすめはありますか。

{product_ja}が{small}か月で壊れました。{price}円でした。{修理できますか|返品できますか}。

{topic_ja}と{topic_ja}の違いを{small}つの例で示してください。

{topic_ja}について{丁寧な|短い}メールを書いてください。宛先は{city_ja}の顧客です。
        """,
    },
    "chat_turn": {
        "en": """
{Thanks|OK}, {and|but} what about {topic}? {aside}

{Can you|Please} make it {shorter|longer|less formal}, {mood}?

{Hmm|No}, I meant {topic}, not {topic}. {aside}

Why {small}? {aside}

{Give me|I need} another {example|option} from {city}.

{I tried that|We did that}, {consequence}.

And if it is only {price}?

{Perfect|Great}. Now the same for {person}. {aside}

{Are you sure|Where did you get that}? {person} says it is {percent}.

{Turn that into|Write that as} {small} bullet points for a {job}.
        """,
        "zh": """
好的，那{topic_zh}呢？

请再{短一点|详细一点}，{clause_zh}。

如果是在{city_zh}呢？

为什么是{percent}？
        """,
        "ru": """
Хорошо, а {topic_ru}?

{Короче|Подробнее}, пожалуйста, {clause_ru}.

А если в городе {city_ru}?
        """,
        "es": """
Vale, ¿y {topic_es}?

{Más corto|Con más detalle}, por favor, {clause_es}.

¿Y en {city_es}?
        """,
        "de": """
Gut, und {topic_de}?

{Kürzer|Ausführlicher} bitte, {clause_de}.

Und in {city_de}?
        """,
        "ja": """
では{topic_ja}はどうですか。

もう少し{短く|詳しく}お願いします。

{city_ja}の場合はどうですか。
        """,
    },
    "chat_reply": {
        "en": """
{Good question.|Sure.|Happy to help.} {passage} In short: {topic} matters most.

{Here is|This is} a version: {passage} {passage}

{It depends.|That varies.} For a {job}, {topic} is the first thing to look at. {passage}

1. {topic}
2. {topic}
3. {topic}
{passage}

{I understand.|I see.} With {price} you could start with the {product}. {passage}
        """,
        "zh": """
{好的。|没问题。}{passage_zh}

简单来说，{topic_zh}最重要。{passage_zh}
        """,
        "ru": """
{Хорошо.|Конечно.} {passage_ru}
        """,
        "es": """
{Claro.|Por supuesto.} {passage_es}
        """,
        "de": """
{Gern.|Natürlich.} {passage_de}
        """,
        "ja": """
{はい。|承知しました。}{passage_ja}
        """,
    },
}
"""Kind -> language -> skeletons, which blank lines separate."""
