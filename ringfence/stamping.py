"""Has the heads of the audit stamped by a time-stamp authority (RFC 3161), whose word nobody here can forge."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from rules.audit.anchors import Stamped, read_stamp_file
from rules.audit.chain import AuditError, Noted
from rules.storage.database_files import Series

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import Verifier

    from ringfence.audit_settings import AuthoritySettings

LARGEST: Final = 32_768  # octets of an answer: a token with its certificates takes a few thousand
CLOCKS_APART_S: Final = 600.0
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"  # RFC 3161 3.4


class NotStamped(Exception):
    """The authority did not stamp it, or not so that it can be believed; the message says why."""


class Stamps(NamedTuple):
    """What an authority has stamped of the heads."""

    heads: dict[Series, list[Noted]]
    stamps: int
    latest: str  # when, by the authority's clock
    unread: int  # lines that were cut short
    faults: list[str]  # what stands in the file and is not the authority's


async def stamp(settings: AuthoritySettings, base: Path, line: str) -> bytes:
    """Let the authority stamp a line; its answer, which was verified. NotStamped in every other case."""
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    asked = TimestampRequestBuilder().data(line.encode()).hash_algorithm(HashAlgorithm.SHA256)
    request = asked.nonce(nonce=True).cert_request(cert_request=True).build()
    try:
        verifier = await asyncio.to_thread(_verifier, base / settings.certificate, request.nonce)
        async with asyncio.timeout(settings.wait_s):
            token = await _ask(settings.url, request.as_bytes())
    except TimeoutError:
        raise NotStamped(f"it took longer than {settings.wait_s:g} s (audit.anchors.authority.wait_s)") from None
    except AuditError as error:
        raise NotStamped(str(error)) from None
    apart = abs(_stamped_at(verifier, line, token).timestamp() - time.time())
    if apart > CLOCKS_APART_S:
        raise NotStamped(f"its clock and ours are {apart:.0f} s apart: one of them is wrong")
    return token


async def read_stamps(settings: AuthoritySettings, base: Path, key: bytes) -> Stamps:
    """Every stamp of the file, each verified; nothing where there is no file yet. AuditError for no certificate."""
    verifier = _verifier(base / settings.certificate)
    try:
        found, unread = await asyncio.to_thread(read_stamp_file, base / settings.file, key)
    except FileNotFoundError:
        return Stamps({}, 0, "", 0, [])
    return await asyncio.to_thread(_held, verifier, found, unread)


def _held(verifier: Verifier, found: Iterable[Stamped], unread: int) -> Stamps:
    heads: dict[Series, list[Noted]] = {}
    faults: list[str] = []
    count, latest = 0, ""
    for one in found:
        try:
            at = _stamped_at(verifier, one.line, one.token)
        except NotStamped as fault:
            faults.append(f"the stamp of the heads that were noted {one.at} is not the authority's: {fault}")
            continue
        noted = datetime.fromisoformat(one.at)
        if abs((at - noted).total_seconds()) > 2 * CLOCKS_APART_S:
            faults.append(f"the heads that say they were noted {one.at} were stamped {_shown(at)}")
        count, latest = count + 1, max(latest, _shown(at))
        for chain, head in one.heads.items():
            heads.setdefault(chain, []).append(head._replace(when=f"and stamped {_shown(at)}"))
    return Stamps(heads, count, latest, unread, faults)


def _verifier(certificate: Path, nonce: int | None = None) -> Verifier:
    """What an answer is verified by: whoever vouches for the authority, and whatever lies between."""
    from cryptography.x509 import load_pem_x509_certificates
    from rfc3161_client import VerifierBuilder

    try:
        found = load_pem_x509_certificates(certificate.read_bytes())
    except OSError as error:
        raise AuditError(f"{certificate}: {error.strerror}") from None
    except ValueError:
        raise AuditError(f"{certificate}: it holds no certificate as PEM") from None
    roots = [one for one in found if _is_root(one)]
    if not roots:
        raise AuditError(f"{certificate}: no certificate in it is a root: add the one that the authority's leads to")
    others = [one for one in found if one not in roots]
    return VerifierBuilder(roots=roots, intermediates=others, nonce=nonce).build()


def _is_root(certificate: Certificate) -> bool:
    return certificate.issuer == certificate.subject


def _stamped_at(verifier: Verifier, line: str, token: bytes) -> datetime:
    """When the authority saw this line; NotStamped if it did not, by signature, certificate, nonce or imprint."""
    from rfc3161_client import VerificationError, decode_timestamp_response

    try:
        answer = decode_timestamp_response(token)
        if answer.status not in (0, 1):  # RFC 3161 2.4.2
            raise NotStamped(f"it refused: {'; '.join(answer.status_string)[:200] or f'status {answer.status}'}")
        verifier.verify_message(answer, line.encode())
        return answer.tst_info.gen_time.astimezone(UTC)
    except VerificationError as error:
        raise NotStamped(f"it cannot be believed: {str(error)[:200]}") from None
    except (ValueError, TypeError, OverflowError):
        raise NotStamped("what it answered is no time-stamp") from None


async def _ask(url: str, request: bytes) -> bytes:
    """One question, one answer of bounded size, from this address and no other."""
    import httpx

    answer = bytearray()
    try:
        async with (
            httpx.AsyncClient(timeout=None, follow_redirects=False, trust_env=False) as client,  # noqa: S113  the caller ends it
            client.stream("POST", url, content=request, headers={"content-type": _QUERY, "accept": _REPLY}) as sent,
        ):
            if sent.status_code != 200 or not sent.headers.get("content-type", "").lower().startswith(_REPLY):
                raise NotStamped(f"it answered {sent.status_code} {sent.headers.get('content-type', '')[:60]}".rstrip())
            async for part in sent.aiter_raw():
                answer += part
                if len(answer) > LARGEST:
                    raise NotStamped(f"its answer is larger than {LARGEST:,} octets")
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise NotStamped(f"it cannot be asked: {str(error)[:200] or type(error).__name__}") from None
    return bytes(answer)


def _shown(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
