"""The door: identifiers become the pseudonyms by which store and grants know them.

They are made as the readers of logs make them, under the same key, so that an account that a scan
listed is found. What matches shared indicators, addresses and domains, stays as it is for the
decision, and is hidden before anything is written down.
"""

from __future__ import annotations

from phalanx.errors import InputError
from phalanx.logs.messages import split_messages
from phalanx.logs.pseudonym import PREFIXES, pseudonymiser
from phalanx.prevent.desk.asked import Asked
from phalanx.prevent.request import MOST_PROMPT_CHARACTERS, Request


class Door:
    """Admits requests.

    Parameters:
        key: Of the pseudonyms, at least 16 bytes; null leaves identifiers as they stand.

    Raises:
        ValueError: If the key is too short.

    Examples:
        >>> asked = Asked(exchange_id="r1", account_id="alice", model="large",
        ...     messages=[{"role": "user", "content": "Hi"}])
        >>> request = Door(bytes(32)).request(asked)
        >>> request.account_id, request.prompt
        ('acct_37aedf11c13a1d71a1bd89180fefa331', 'Hi')
    """

    def __init__(self, key: bytes | None) -> None:
        """Derive what hides each column."""
        self._hide = {} if key is None else {each: pseudonymiser(key, each) for each in PREFIXES}

    def hidden(self, column: str, value: str | None) -> str | None:
        """Return what stands for an identifier outside of the gateway.

        Parameters:
            column: Of the log schema that it would stand in.
            value: The identifier; null stays null.
        """
        hide = self._hide.get(column)
        return value if hide is None or value is None else hide((value,))[0]

    def request(self, asked: Asked) -> Request:
        """Return the request that a decision is about.

        Raises:
            InputError: If its messages are none, or say too much.
        """
        admitted: dict[str, object] = {
            "account_id": self.hidden("account_id", asked.account_id),
            "organisation": self.hidden("organisation", asked.organisation),
            "messages": None,
        }
        if asked.messages is not None:
            admitted |= _split(asked.messages)
        return asked.model_copy(update=admitted)


def _split(messages: list[dict[str, object]]) -> dict[str, object]:
    said = split_messages(messages)
    if said is None:
        message = "messages: each needs a role"
        raise InputError(message, next_step="Send them as chat completions do.")
    for text in (said.prompt, said.history, said.system_prompt):
        if text is not None and len(text) > MOST_PROMPT_CHARACTERS:
            message = f"messages: more than {MOST_PROMPT_CHARACTERS:,} characters"
            raise InputError(message, next_step="Send less.")
    return {
        "prompt": said.prompt,
        "history": said.history,
        "history_turns": said.history_turns,
        "system_prompt": said.system_prompt,
    }
