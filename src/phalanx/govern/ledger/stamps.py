"""Time stamps (RFC 3161): a third party says when a checkpoint existed.

The clock of a ledger is that of its own machine. A time-stamp authority signs a digest with its
clock, so that whoever keeps the ledger cannot have written it later than the authority says.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

from cryptography.x509 import Certificate, load_pem_x509_certificates

from phalanx.errors import ConfigError, InputError, ServiceError, VerificationError, reason_of

MOST_BYTES = 64 * 1024
"""Of an answer of an authority."""

TIMEOUT_SECONDS = 20.0


def stamp_of(content: bytes, url: str, roots: Sequence[Certificate]) -> bytes:
    """Return what an authority says of a content, after verifying it.

    The authority is told a digest, and nothing of the content.

    Parameters:
        content: That is stamped.
        url: Of the authority.
        roots: Certificates that its own has to come from.

    Raises:
        ConfigError: If the URL is none.
        ServiceError: If the authority cannot be reached, or refuses.
        VerificationError: If its answer does not hold.
    """
    import httpx2  # noqa: PLC0415 - who has no authority does not need it
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder  # noqa: PLC0415

    parts = urlsplit(url)
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        message = f"{url[:200]}: no URL of a time-stamp authority"
        raise ConfigError(message, next_step="Name it like https://stamps.example/tsr.")
    asked = TimestampRequestBuilder().data(content).hash_algorithm(HashAlgorithm.SHA256).build()
    answer = bytearray()
    try:
        with httpx2.stream(
            "POST",
            url,
            content=asked.as_bytes(),
            headers={"Content-Type": "application/timestamp-query"},
            timeout=TIMEOUT_SECONDS,
        ) as response:
            if response.status_code != 200:
                message = f"{url}: was answered with {response.status_code}"
                raise ServiceError(message, next_step="Try again later.")
            for piece in response.iter_bytes():
                answer += piece
                if len(answer) > MOST_BYTES:
                    message = f"{url}: answers with more than {MOST_BYTES:,} bytes"
                    raise ServiceError(message, next_step="Name a time-stamp authority.")
    except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
        message = f"{url}: cannot be reached: {reason_of(error)}"
        raise ServiceError(message, next_step="Check the network, and try again.") from error
    verify_stamp(bytes(answer), content, roots, url, nonce=asked.nonce)
    return bytes(answer)


def verify_stamp(
    stamp: bytes,
    content: bytes,
    roots: Sequence[Certificate],
    what: str,
    *,
    nonce: int | None = None,
) -> datetime:
    """Return when an authority saw a content, in UTC.

    Parameters:
        stamp: What it said.
        content: That it is about.
        roots: Certificates that the authority's has to come from.
        what: What messages call the stamp.
        nonce: Of the question, where it is known.

    Raises:
        VerificationError: If the stamp does not hold, or is about something else.
    """
    from rfc3161_client import VerificationError as StampError  # noqa: PLC0415
    from rfc3161_client import VerifierBuilder, decode_timestamp_response  # noqa: PLC0415

    message = f"{what}: no valid time stamp of this content"
    if len(stamp) > MOST_BYTES:
        raise VerificationError(message, next_step="Ask for the stamp again.")
    builder = VerifierBuilder(roots=list(roots), nonce=nonce)
    try:
        response = decode_timestamp_response(stamp)
        builder.build().verify_message(response, content)
        moment = response.tst_info.gen_time
    except (StampError, ValueError) as error:
        raise VerificationError(message, next_step="Ask for the stamp again.") from error
    return moment.astimezone(UTC)


def read_roots(content: bytes, what: str) -> tuple[Certificate, ...]:
    """Understand certificates of authorities.

    Parameters:
        content: PEM, one certificate or several.
        what: What messages call it.

    Raises:
        InputError: If there is none in it.
    """
    try:
        return tuple(load_pem_x509_certificates(content))
    except ValueError as error:
        message = f"{what}: holds no certificate"
        raise InputError(message, next_step="Name a file of PEM certificates.") from error
