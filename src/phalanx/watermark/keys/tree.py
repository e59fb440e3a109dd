"""The tree of keys: provider, epoch, purpose, and for whom; each derived from the one above.

Every step is HKDF (RFC 5869) with SHA-256 under a label that names the step, its version and all
that it depends on. Who learns a key learns those below it, and nothing of any other: neither
above nor beside. From one epoch to the next the chain moves on by a step that cannot be undone,
into which fresh random bytes enter: who learns the chain of one epoch finds no earlier epoch with
it, and none that began after he last saw it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, get_args

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from phalanx.errors import InputError
from phalanx.watermark.keys.framing import framed
from phalanx.watermark.keys.secret import Secret, SecretKeys
from phalanx.watermark.schemes.scheme import Setting

Purpose = Literal["serve", "audit", "decoy", "campaign", "account"]
"""What a key is for: outputs of a model, audits under dual control, ranks among keys that marked
nothing, what a campaign is served, what an account is served."""

PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
ROOT_BYTES = 32
MOST_KEY_BYTES = 1024
_LABEL = "phalanx watermark keys v1"
_NAME = re.compile(r"[!-~]{1,200}")
_PROVIDER = re.compile(r"[a-z0-9][a-z0-9.-]{0,99}")


def first_chain(root: Secret, provider: str) -> Secret:
    """Return where the epochs of a provider begin.

    Parameters:
        root: 32 random bytes, which may be forgotten after this.
        provider: Its name, such as its domain.

    Raises:
        InputError: If the name is none: lower-case letters, digits, dots and hyphens.
        ValueError: If the root has another length.

    Examples:
        >>> first_chain(Secret(bytes(32)), "example.com").reveal().hex()[:16]
        'e81a99966921f747'
    """
    if not _PROVIDER.fullmatch(provider):
        message = f"{provider[:100]!r} is no name of a provider"
        raise InputError(message, next_step="Use its domain, such as example.com.")
    return _below(_whole(root), "provider", provider)


def next_chain(chain: Secret, fresh: Secret) -> Secret:
    """Return the chain of the next epoch, from which that of this one cannot be found.

    Parameters:
        chain: Of this epoch.
        fresh: 32 random bytes: who knows the chain of this epoch needs them too.

    Raises:
        ValueError: If one has another length.
    """
    derive = HKDF(
        hashes.SHA256(), ROOT_BYTES, salt=_whole(fresh).reveal(), info=framed(_LABEL, "ratchet")
    )
    return Secret(derive.derive(_whole(chain).reveal()))


def epoch_root(chain: Secret, epoch: int) -> Secret:
    """Return the root of the keys of an epoch, from the chain of that epoch."""
    return _below(_whole(chain), "epoch", epoch)


def purpose_root(epoch: Secret, purpose: Purpose) -> Secret:
    """Return the root of all keys of one purpose.

    Parameters:
        epoch: Root of an epoch; for the purpose `audit`, that of the custodians.
        purpose: What the keys are for.

    Raises:
        InputError: If there is no such purpose.
    """
    if purpose not in PURPOSES:
        message = f"{purpose!r} is no purpose of a key"
        raise InputError(message, next_step=f"Name one of {', '.join(PURPOSES)}.")
    return _below(_whole(epoch), "purpose", purpose)


def derive_key(above: Secret, name: str, setting: Setting) -> Secret:
    """Derive the key of a scheme for somebody or something.

    Parameters:
        above: Root of a purpose.
        name: For whom or what: a pseudonym of an account, a campaign, a model, a number. Printable
            characters of ASCII without spaces, up to 200.
        setting: Of the scheme: keys of different schemes are different, and as long as it says.

    Raises:
        InputError: If the name is none, or the scheme asks for a key that no tree gives.

    Examples:
        >>> from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
        >>> derive_key(Secret(bytes(32)), "acct_1", PhalanxGumbel().setting)
        Secret(32 bytes)
    """
    refuse_key_name(name)
    if not 1 <= setting.key_bytes <= MOST_KEY_BYTES:
        message = f"{setting.name} asks for {setting.key_bytes} bytes of key"
        raise InputError(message, next_step=f"A key has 1 to {MOST_KEY_BYTES} bytes.")
    return _below(_whole(above), "key", setting.name, name, length=setting.key_bytes)


def derive_keys(above: Secret, names: Iterable[str], setting: Setting) -> SecretKeys:
    """Derive the keys of a scheme for many, in their order; see `derive_key`."""
    return SecretKeys([derive_key(above, name, setting) for name in names])


def derived_id(above: Secret, name: str, setting: Setting) -> str:
    """Name a derived key without telling anything about it, in public.

    It is derived beside the key, not from it: keys of some engines have seven or eight bytes, which
    whoever had a hash of one could find by trying.

    Parameters:
        above: Root of the purpose, as in `derive_key`.
        name: For whom or what.
        setting: Of the scheme.

    Examples:
        >>> from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
        >>> derived_id(Secret(bytes(32)), "acct_1", PhalanxGumbel().setting)
        'wmk_8aa85cb93a8981a8ffd6a5f6a9e19cc3'
    """
    refuse_key_name(name)
    return f"wmk_{_below(_whole(above), 'id', setting.name, name, length=16).reveal().hex()}"


def withdrawn_id(above: Secret, name: str) -> str:
    """Name a key that is not derived any more, under whatever scheme, without telling whose it is.

    Parameters:
        above: Root of the purpose.
        name: For whom or what the key was.
    """
    refuse_key_name(name)
    return f"wmk_{_below(_whole(above), 'withdrawn', name, length=16).reveal().hex()}"


def root_id(root: Secret) -> str:
    """Name a root without telling anything about it, in public.

    128 bits of HMAC-SHA256 under the root: two roots have one name only by chance.

    Raises:
        ValueError: If it is no root of 32 bytes: a shorter one could be found by trying.
    """
    keyed = hmac.HMAC(_whole(root).reveal(), hashes.SHA256())
    keyed.update(framed(_LABEL, "id"))
    return f"wmk_{keyed.finalize().hex()[:32]}"


def refuse_key_name(name: str, where: str = "") -> None:
    """Refuse what no key is named by.

    Parameters:
        name: For whom or what the key would be. It is not repeated: it may be anything.
        where: It stands, for whoever has to mend it.

    Raises:
        InputError: If it is empty or long, or has a space or a character outside ASCII.
    """
    if not _NAME.fullmatch(name):
        place = f"{where}: " if where else ""
        message = f"{place}a key is named by 1 to 200 printable ASCII characters without spaces"
        raise InputError(message, next_step="Use a pseudonym, a campaign's id or a number.")


def _below(above: Secret, *labels: str | int, length: int = ROOT_BYTES) -> Secret:
    info = framed(_LABEL, *labels, length)
    return Secret(HKDFExpand(hashes.SHA256(), length, info).derive(above.reveal()))


def _whole(root: Secret) -> Secret:
    if len(root) != ROOT_BYTES:
        message = f"a root has {ROOT_BYTES} bytes, not {len(root)}"
        raise ValueError(message)
    return root
