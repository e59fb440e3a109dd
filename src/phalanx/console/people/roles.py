"""Roles of the people who work in the console."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person is here for. Each user has one."""

    ANALYST = "analyst"
    COUNSEL = "counsel"
    RELEASE_MANAGER = "release-manager"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"

    @property
    def words(self) -> str:
        """The role as people write it.

        Examples:
            >>> Role.RELEASE_MANAGER.words
            'release manager'
        """
        return self.value.replace("-", " ")


EVERYBODY = frozenset(Role)
"""Who is signed in."""
