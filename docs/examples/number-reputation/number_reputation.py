"""What a service on the web knows of a number: GET BASE/NUMBER answers {"score": 0 to 100, "label": "..."}, or 404.

Deadline, cap, cache and rest after failures are Ringfence's; so all that is left to do is to ask and to read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import quote

import httpx

_MOST = 4096  # octets of an answer


class Reputation:
    """Asks the service at $REPUTATION_URL, with the key in the file $REPUTATION_KEY_FILE if there is one."""

    names = ("reputation", "reputation_label")

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._base = os.environ.get("REPUTATION_URL", "http://127.0.0.1:8610").rstrip("/")
        headers = {}
        if file := os.environ.get("REPUTATION_KEY_FILE"):
            with open(file, encoding="utf-8") as opened:
                headers["authorization"] = f"Bearer {opened.read().strip()}"
        self._headers, self._transport = headers, transport
        self._client: httpx.AsyncClient | None = None  # made in the thread that asks

    async def look_up(self, number: str) -> Mapping[str, float | str] | None:
        """The score and the label of a number; None where the service knows nothing of it."""
        if self._client is None:
            self._client = httpx.AsyncClient(
                headers=self._headers, transport=self._transport, timeout=10, follow_redirects=False, trust_env=False
            )
        async with self._client.stream("GET", f"{self._base}/{quote(number, safe='')}") as answer:
            if answer.status_code == 404:
                return None
            answer.raise_for_status()
            body = b""
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > _MOST:
                    raise ValueError("the answer is too long")
        told = httpx.Response(200, content=body).json()
        found: dict[str, float | str] = {"reputation": float(told["score"])}
        if label := told.get("label"):
            found["reputation_label"] = str(label)
        return found
