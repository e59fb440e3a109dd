"""Composed English vocabularies: sentences, questions, messages that are written from others.

An entry is (how many to write, skeletons); its texts serve as fillers.
"""

from __future__ import annotations

COMPOSED = {
    "passage": (
        24000,
        """
{subject} {verb_past} {thing} {circumstance}, {consequence}.

On {date}, {subject_lower} {verb_past} {thing} of {city}, {consequence}.

In {year}, {subject_lower} {verb_past} {thing} {circumstance}.

{company} reported on {date} that {subject_lower} {verb_past} {thing}, {consequence}.

According to report {reference}, {thing} in {city} cost {price} per unit, {consequence}.

About {percent} of the visitors mentioned {topic}, {consequence}.

{person} from {company} said that {thing} was {verb_past} {circumstance}.

The section on {topic} states that {subject_lower} {verb_past} {thing} {circumstance}.

Customers who bought the {product} between {date} and {date} may return it {circumstance}.

Opening hours change to {clock} on weekdays {circumstance}, {consequence}.

Measurements at {clock} showed {number} units, {percent} above the level of {year}.

Interest in {topic} grew by {percent} in {city}, {consequence}.
        """,
    ),
    "math_item": (
        1400,
        """
{person} buys {small} boxes of pencils with {small} pencils each and gives away {small}. How \
many pencils are left?

A train leaves {city} at {clock} and travels {number} kilometres at an average of {small} \
kilometres an hour. How long does the journey take?

{company} sells a {product} for {price}. The price rises by {percent} and then falls by \
{percent}. What is the final price?

If {small} workers finish a wall in {small} days, how many days do {small} workers need?

{person} is {small} years old. {person} is twice as old as {person} was {small} years ago. How \
old is {person} now?

A tank holds {number} litres. One pipe fills it in {small} hours and another empties it in \
{small} hours. When is the tank full?

The sum of {small} consecutive whole numbers is {number}. What is the largest of them?

A rectangle has a perimeter of {number} and one side of {small}. Find its area.
        """,
    ),
    "fact_item": (
        1200,
        """
Which statement about {topic} is best supported by current evidence?

What was the most direct cause of the change in {topic} after {year}?

{person} puts the {product} in the fridge and leaves for {city}. Where will {person} look first?

Which of these would most weaken an argument about {topic} made in {year}?

A patient in {city} asks about {topic}. What is the most appropriate next step?

Which term best describes the relation between {topic} and {topic}?

The passage implies that the author regards {topic} as what?
        """,
    ),
    "code_item": (
        700,
        """
Write a function `{function_name}({argument_name})` that returns the entries whose {field_name} \
exceeds {small}, sorted by {field_name}.

Write a function `{function_name}({argument_name}, k)` that groups {argument_name} by \
{field_name} and returns the k largest groups.

Write a function `{function_name}({argument_name})` that returns True if no two entries share \
the same {field_name} within {small} positions of each other.

Write a function `{function_name}({argument_name})` which computes the running maximum of \
{field_name} modulo {number}.
        """,
    ),
    "review_text": (
        9000,
        """
Bought this {product} in {city}, {consequence}. {aside}

The {product} arrived after {small} days and the box was open. Order {reference}.

Honestly the best {product} I have owned since {year}. Paid {price}, would pay more.

{product} stopped working on {date}. Support told me to wait {small} days, {consequence}.

Not bad for {price}, but the {product} is louder than the old one. {aside}

My {job} friend recommended this {product}; {consequence}.

Two stars: the {product} is fine, the delivery was not ({small} days late, ref {reference}).

Colour differs from the picture. Otherwise the {product} does what {company} promises.
        """,
    ),
    "ticket_text": (
        9000,
        """
Hello, I was charged {price} twice on {date} for order {reference}. Please refund one of them.

I cannot log in since {date}. The reset mail never arrives. My account is {reference}.

Your agent {person} promised a call back at {clock}, nobody called. {aside}

How do I change the delivery address for {reference}? I moved to {city}.

The invoice {reference} shows {percent} tax, it should be less. {aside}

Please cancel my subscription from {date}. I no longer need the {product}.

App version {version} crashes when I open {topic}. Phone is {small} months old.

We at {company} need a quote for {number} pieces of {product} before {date}.

Can {person} join the demo at {clock}? We also want to talk about {topic}.
        """,
    ),
    "code_text": (
        8000,
        """
def {function_name}({argument_name}, limit={small}):
    seen = set()
    out = []
    for entry in {argument_name}:
        if entry["{field_name}"] in seen or len(out) >= limit:
            continue
        seen.add(entry["{field_name}"])
        out.append(entry)
    return out

async function {function_name}({argument_name}) {{
  const done = await Promise.all({argument_name}.map(x => send(x.{field_name}, {number})));
  return done.filter(d => d.{field_name} > {small});
}}

func {function_name}({argument_name} []Record) (int, error) {{
    total := {small}
    for _, r := range {argument_name} {{
        total += r.{field_name}
    }}
    return total, nil
}}

SELECT {field_name}, count(*) AS n, max({field_name}) FROM {argument_name}
WHERE created_at > '{date}' GROUP BY 1 HAVING count(*) > {small} ORDER BY n DESC;

class {person}Service:
    def __init__(self, {argument_name}):
        self.{argument_name} = {argument_name}
    def {function_name}(self, {field_name}={number}):
        return [x for x in self.{argument_name} if x.{field_name} >= {field_name}]

impl {person}Store {{
    pub fn {function_name}(&mut self, {field_name}: u64) -> Option<u64> {{
        self.{argument_name}.get(&{field_name}).copied().filter(|v| *v > {number})
    }}
}}
        """,
    ),
    "diff_text": (
        8000,
        """
--- a/src/{function_name}.py
+++ b/src/{function_name}.py
@@ -{small},7 +{small},9 @@
-    return {argument_name}[{small}]
+    if not {argument_name}:
+        return None
+    return {argument_name}[0].{field_name}

--- a/lib/{argument_name}.ts
+++ b/lib/{argument_name}.ts
@@ -{number},4 +{number},6 @@
-  const {field_name} = {argument_name}.length;
+  const {field_name} = {argument_name}.filter(x => x.{field_name} !== {small}).length;
+  log.debug("{function_name}", {field_name});

--- a/pkg/{function_name}.go
+++ b/pkg/{function_name}.go
@@ -{small},3 +{small},8 @@
+	if err := {function_name}({argument_name}); err != nil {{
+		return fmt.Errorf("{field_name} {reference}: %w", err)
+	}}

--- a/migrations/{number}_{field_name}.sql
+++ b/migrations/{number}_{field_name}.sql
@@ -0,0 +1,2 @@
+ALTER TABLE {argument_name} ADD COLUMN {field_name} bigint DEFAULT {small};
+CREATE INDEX ON {argument_name} ({field_name});
        """,
    ),
    "tool_output": (
        8000,
        """
{{"status": "ok", "{field_name}": {number}, "{argument_name}": ["{reference}", "{reference}"]}}

{{"results": [{{"title": "{topic}", "score": 0.{small}}}, {{"title": "{topic}", "score": \
0.{small}}}]}}

$ pytest -q
{small} passed, 1 failed in {small}.{small}s
FAILED tests/test_{function_name}.py - {error_text}

README.md  src/{function_name}.py  src/{argument_name}.py  tests/test_{function_name}.py

src/{function_name}.py:{number}: def {function_name}({argument_name}):
src/{argument_name}.py:{small}: from .{function_name} import {function_name}

Page title: {topic} | {company}
{passage} {passage}

{{"error": {{"code": {small}, "message": "{error_text}"}}}}

order {reference}: {product}, {price}, shipped to {city} on {date}

{code_text}
        """,
    ),
}
"""Vocabulary -> (size, skeletons)."""
