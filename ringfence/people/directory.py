"""A staff directory (OpenID Connect Core 1.0): it says who somebody is, and when he is there no more.

Accounts and roles are ours; a name that it tells and that has no account opens nothing.
"""

from __future__ import annotations

import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from secrets import token_urlsafe
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode, urlsplit

import httpx
from cachetools import TTLCache
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from ringfence.people.faults import DirectoryError
from ringfence.people.people_settings import DirectorySettings

ALGORITHMS: Final = ["RS256", "PS256", "ES256", "EdDSA"]  # none, and none with a secret that it shares
_LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
_LARGEST = 256 * 1024  # octets of an answer
_DEADLINE_S = 5.0
_TRIES, _TRY_S = 1_000, 600.0  # that have begun and have not come back
_DOCUMENT_S = 3_600.0
_LEEWAY_S = 60  # between its clock and ours


class Begun(NamedTuple):
    """Where a browser goes to say who it is, and what it brings back."""

    url: str
    state: str


class Told(NamedTuple):
    """Whom the directory knows."""

    name: str  # of the account
    subject: str
    session: str
    token: str  # by which it is asked whether he is still there


class _Try(NamedTuple):
    nonce: str
    verifier: str


class Directory:
    """Asks one directory. What it answers is bounded in size and time, and followed nowhere else."""

    def __init__(
        self,
        settings: DirectorySettings,
        base: Path,
        client: httpx.AsyncClient | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.settings, self._base, self._now = settings, base, now
        self._client = client or httpx.AsyncClient(timeout=_DEADLINE_S, follow_redirects=False, trust_env=False)
        self._tries: TTLCache[str, _Try] = TTLCache(_TRIES, _TRY_S, timer=now)
        self._documents: TTLCache[str, Any] = TTLCache(4, _DOCUMENT_S, timer=now)
        self._used: TTLCache[str, bool] = TTLCache(10_000, 3_600.0, timer=now)  # logout tokens, once each

    async def close(self) -> None:
        """Nothing is asked any more."""
        await self._client.aclose()

    @property
    def _back(self) -> str:
        return f"{self.settings.console}/sign-in/directory/back"

    async def begin(self) -> Begun:
        """Send somebody there (authorization code with PKCE, RFC 7636)."""
        begun = _Try(token_urlsafe(32), token_urlsafe(48))
        state = token_urlsafe(32)
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self._back,
            "scope": "openid profile",
            "state": state,
            "nonce": begun.nonce,
            "code_challenge": _challenge(begun.verifier),
            "code_challenge_method": "S256",
        }
        where = await self._place("authorization_endpoint")
        self._tries[state] = begun
        return Begun(f"{where}{'&' if urlsplit(where).query else '?'}{urlencode(asked)}", state)

    async def finish(self, state: str, kept: str, code: str) -> Told:
        """Who came back, with what he brought and what his browser kept; DirectoryError for what does not fit."""
        begun = self._tries.pop(state, None) if hmac.compare_digest(state.encode(), kept.encode()) else None
        if begun is None or not code:
            raise DirectoryError("somebody came back who had not begun here, or too late")
        grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": self._back}
        answer = await self._post("token_endpoint", grant | {"code_verifier": begun.verifier})
        claims = await self._claims(str(answer.get("id_token", "")))
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), begun.nonce.encode()):
            raise DirectoryError("the token was made for somebody else (nonce)")
        if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != self.settings.client_id:
            raise DirectoryError("the token was made for another console (azp)")
        name, token = claims.get(self.settings.name_claim), answer.get("refresh_token") or answer.get("access_token")
        if not isinstance(name, str) or not isinstance(token, str):
            raise DirectoryError(f"it tells no {self.settings.name_claim}, or no token by which it can be asked again")
        return Told(name, str(claims["sub"]), str(claims.get("sid", "")), token)

    async def is_there(self, token: str) -> bool:
        """Is somebody still whom it knows, by the token that it gave him (RFC 7662)?"""
        return (await self._post("introspection_endpoint", {"token": token})).get("active") is True

    async def logged_out(self, logout_token: str) -> tuple[str, str]:
        """Who is out, and in which session, by what it sends itself (Back-Channel Logout 1.0, section 2.6)."""
        claims = await self._claims(logout_token, exp=False)
        events, which = claims.get("events"), str(claims.get("jti", ""))
        subject, session = str(claims.get("sub", "")), str(claims.get("sid", ""))
        if not isinstance(events, dict) or _LOGOUT not in events or "nonce" in claims or not (subject or session):
            raise DirectoryError("it is no logout token")
        if not which or which in self._used or abs(self._now() - float(claims.get("iat", 0))) > 2 * _LEEWAY_S:
            raise DirectoryError("the logout token is old, or was sent before")
        self._used[which] = True
        return subject, session

    async def _claims(self, token: str, *, exp: bool = True) -> dict[str, Any]:
        """What stands in a token, if the directory signed it for us and it is in time."""
        for fresh in (False, True):  # its keys may have changed since they were read
            try:
                keys = KeySet.import_key_set(await self._document(await self._place("jwks_uri"), fresh=fresh))
                found = jwt.decode(token, keys, algorithms=ALGORITHMS)
                break
            except (JoseError, ValueError, KeyError, TypeError) as error:
                if fresh:
                    raise DirectoryError(f"the token is not signed by it ({type(error).__name__})") from None
        rules = jwt.JWTClaimsRegistry(
            now=lambda: int(self._now()),
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": self.settings.issuer},
            aud={"essential": True, "value": self.settings.client_id},
            exp={"essential": exp},
            iat={"essential": True},
            sub={"essential": exp},
        )
        try:
            rules.validate(found.claims)
        except JoseError as error:
            raise DirectoryError(f"the token is not for us, or not now ({error})") from None
        return dict(found.claims)

    async def _place(self, which: str) -> str:
        """Where it is asked for this, by its own document (Discovery 1.0), which has to be about itself."""
        document = await self._document(f"{self.settings.issuer}/.well-known/openid-configuration")
        place = document.get(which)
        if document.get("issuer", "").rstrip("/") != self.settings.issuer or not isinstance(place, str):
            raise DirectoryError(f"its document names another issuer, or no {which}")
        if urlsplit(place).scheme != urlsplit(self.settings.issuer).scheme:
            raise DirectoryError(f"{which} is not encrypted as the issuer is")
        return place

    async def _document(self, url: str, *, fresh: bool = False) -> Any:
        if fresh or url not in self._documents:
            self._documents[url] = await self._answer(self._client.build_request("GET", url))
        return self._documents[url]

    async def _post(self, which: str, form: dict[str, str]) -> dict[str, Any]:
        request = self._client.build_request("POST", await self._place(which), data=form)
        secret = (self._base / self.settings.client_secret).read_text(encoding="utf-8").strip()
        ours = httpx.BasicAuth(self.settings.client_id, secret)
        return dict(await self._answer(next(ours.auth_flow(request))))

    async def _answer(self, request: httpx.Request) -> Any:
        """JSON, of a bounded size; a redirection is no answer."""
        try:
            response = await self._client.send(request, stream=True)
            try:
                body = b""
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > _LARGEST:
                        raise DirectoryError("its answer is larger than anything it should say")
            finally:
                await response.aclose()
            if response.status_code != 200:
                raise DirectoryError(f"it answers {response.status_code}")
            found = json.loads(body)
        except (httpx.HTTPError, OSError, ValueError) as error:
            raise DirectoryError(f"it cannot be asked ({type(error).__name__})") from None
        if not isinstance(found, dict):
            raise DirectoryError("its answer is no object")
        return found


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
