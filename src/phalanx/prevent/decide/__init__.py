"""From a request to a decision: what it gets, by which rules, on which evidence."""
