"""Texts that unrelated people share: worksheets of a class, templates of frameworks."""

from __future__ import annotations

WORDING = {
    "pupil": """
        {help|can you help}
        {I dont get|i don't understand} {this|the worksheet}
        {Our teacher|the teacher} {said|wants} {we should|us to} {answer|do} this:
        {homework|Homework|Task}:
        {is this right?|is my answer ok?}
    """,
    "firm": """
        {Northwind|Halden|Brightwell|Corvid|Saltmarsh} {Grain|Logistics|Clinics|Games|Hotels}
        {Ferrous|Lumen|Pinecrest|Tessera|Kestrel} {Tools|Optics|Insurance|Bank|Parts}
        {Oakhurst|Heron|Marlow|Quillon|Redfern} {Furniture|Cafe|Textiles|Software|Energy}
        {Vantage|Silverleaf|Cobalt|Harbour|Aster} {Rentals|Foods|Fitness|Telecom|Schools}
    """,
}
"""Phrase list -> phrases."""

SKELETONS = {
    "classroom": {
        "en": """
Exercise {small}: {math_item}

Worksheet {small}, question {small}: {fact_item} Answer in full sentences.

Read the text and answer. {passage} {passage} Question: why did this happen?

Write a letter of {number} words to {person} in {city} about {topic}.

{~pupil} {math_item}

{~pupil} {fact_item}

{~pupil} what is {topic}, {small} sentences

my group has {topic}, {~pupil} we present on {date}

Check my answer: {passage}

Make a table of {small} facts on {topic} for our poster.

{~pupil} {code_item}

Translate the dialogue between {person} and {person} about {topic}.
        """,
    },
    # Templates that frameworks and guides print: no account words them in its own way.
    "framework": {
        "en": """
Use the following pieces of context to answer the question at the end. If you don't find the \
answer there, say that you can't answer.
{passage} {passage} {passage}
Question: {ticket_text}
Helpful answer:

Write a short summary of the text below.
"{passage} {passage} {passage}"
SHORT SUMMARY:

You have these tools: search, calculator, calendar. Reply with Thought, Action, Action Input and \
Observation lines until you can give a Final Answer.
Question: {fact_item}
Thought:

Given the conversation so far and a new question, write the question so that it stands alone.
Conversation: {review_text} {ticket_text}
New question: {fact_item}
Standalone question:

Extract the entities in the text as a list of name and type.
Text: {passage} {ticket_text}
Entities:

Given the table schema, write a query that answers the question.
Schema: {argument_name}({field_name}, {field_name}, {field_name})
Question: entries of {city} since {date} above {number}
SQLQuery:

Act as an interviewer for the position of {job}. Ask me one question at a time and wait for my \
answer. My first sentence is: {ticket_text}

I want you to act as a travel guide. I will tell you where I am and you will suggest places \
nearby. My first request: I am in {city} and like {topic}.

Act as a proofreader. Correct the spelling and grammar of my text and change nothing else. My \
text: {review_text}

Summarise this meeting. List decisions, owners and open points.
{person}: {passage}
{person}: {passage}
{person}: {ticket_text}

Rate how relevant the document is to the query on a scale of 0 to 3. Answer with the number.
Query: {topic}
Document: {passage} {passage}

Hello, world! Say one sentence about {topic}.
        """,
    },
    "system_public": {
        "en": """
You are a helpful assistant.

You are a helpful assistant that answers briefly.

You are an AI model. Be accurate.

You are an autonomous agent. Use the tools you are given and stop when the task is done.

You are a coding assistant inside an editor.
        """,
    },
    "system_rag": {
        "en": """
You {are|act as} the {assistant|help desk|support agent} of {~firm}. {~answer_rules} \
{~answer_rules}

{~firm} {internal|customer} {assistant|bot}. {~answer_rules} {~answer_rules} {~answer_rules}
        """,
    },
    "system_ci_review": {
        "en": """
{~review_this} {~review_rules} Project {~firm}, {programming}.

{~review_rules} {~review_rules} {~firm} {monorepo|backend|app}.
        """,
    },
    "system_classification": {
        "en": """
You {sort|process} {messages|records} for {~firm}. {~label_format}

{~firm} {inbox|intake} {robot|worker}. {~label_format} {~answer_rules}
        """,
    },
    "system_translation": {
        "en": """
You {translate|localise} for {~firm}. {~translate_rules} {~translate_rules}

{~firm} {website|shop|manual}: {~translate_rules} {Sound|Be} {clear|friendly|formal}.
        """,
    },
}
"""Kind -> language -> skeletons, which blank lines separate."""
