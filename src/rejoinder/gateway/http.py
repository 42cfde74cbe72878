"""The one file that speaks HTTP: it posts a request's body and gives back the reply's. It never tries twice."""

from __future__ import annotations

import asyncio
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

import aiohttp
import orjson

from rejoinder.gateway import wire
from rejoinder.gateway.credentials import Headers, Key, find_key
from rejoinder.gateway.endpoint import Endpoint
from rejoinder.gateway.prices import is_loopback
from rejoinder.gateway.request import Reply, Request

_CONNECT = 30.0
"""Seconds for a connection; how long the answer may take is the endpoint's business."""


class Told(NamedTuple):
    """What came back from an `exchange`."""

    status: int
    raw: bytes
    retry_after: str | None = None


class Http:
    """The transport to real servers; connections live as long as it is entered."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._keys: dict[tuple[str, str], tuple[Key, Headers, str | None]] = {}

    async def __aenter__(self) -> Self:
        # proxies of the environment are looked up per address below: aiohttp would also read ~/.netrc and send what is there
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300, keepalive_timeout=60),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(self, request: Request) -> Reply:
        """Post once.

        Raises:
            ModelError: what stands where the key should stand is none.
            OSError: no connection, or it broke.
        """
        assert self._session is not None, "enter the gateway with `async with` before asking"
        key, headers, proxy = self._means(request.base_url, request.key_variable)
        try:
            response = await self._session.post(
                wire.address(request),
                data=orjson.dumps(wire.body(request), option=orjson.OPT_NON_STR_KEYS),
                headers=headers,
                proxy=proxy,
                allow_redirects=False,  # a redirected key is a lost key
            )
            raw = key.hidden_in(await response.read())  # gives the connection back, or closes it when it fails
        except aiohttp.ClientError as trouble:
            raise _plain(trouble, request.base_url) from None
        return wire.reply(response.status, raw, response.headers.get("Retry-After"))

    async def exchange(self, endpoint: Endpoint, method: str, url: str, body: Any = None, upload: Path | None = None) -> Told:
        """One call beside the requests: batches and their files, tokenizers, health.

        Args:
            endpoint: whose key is shown, and whose `timeout` holds.
            url: whole, since not all of these stand under the version.
            body: sent as JSON.
            upload: a file that is sent instead, for the purpose `batch`, as multipart form.

        Raises:
            TimeoutError, OSError, ModelError: as `send`.
        """
        assert self._session is not None, "enter the transport with `async with` before asking"
        key, headers, proxy = self._means(endpoint.base_url, endpoint.key_variable)
        with ExitStack() as opened:
            if upload is not None:
                headers = Headers({name: value for name, value in headers.items() if name != "Content-Type"})
                data: Any = aiohttp.FormData({"purpose": "batch"})
                file = opened.enter_context(upload.open("rb"))
                data.add_field("file", file, filename=upload.name, content_type="application/jsonl")
            else:
                data = None if body is None else orjson.dumps(body)
            try:
                async with asyncio.timeout(endpoint.timeout):
                    response = await self._session.request(
                        method, url, data=data, headers=headers, proxy=proxy, allow_redirects=False
                    )
                    raw = key.hidden_in(await response.read())
            except aiohttp.ClientError as trouble:
                raise _plain(trouble, endpoint.base_url) from None
            return Told(response.status, raw, response.headers.get("Retry-After"))

    def _means(self, base_url: str, key_variable: str) -> tuple[Key, Headers, str | None]:
        known = self._keys.get((base_url, key_variable))
        if known is None:
            key = find_key(key_variable)
            headers = Headers({**key.headers(), "Content-Type": "application/json"})
            known = key, headers, None if is_loopback(base_url) else _proxy(base_url)
            self._keys[base_url, key_variable] = known
        return known


def _plain(trouble: aiohttp.ClientError, base_url: str) -> OSError:
    """An error of the library as one of Python's own. Raise it `from None`: frames of the cause hold the headers."""
    if isinstance(trouble, aiohttp.ClientConnectorDNSError):
        return ConnectionRefusedError(f"no such host: {trouble.host}")
    if isinstance(trouble, aiohttp.ClientConnectorError):
        told = f"{trouble.host}:{trouble.port}: {trouble.strerror or type(trouble).__name__}"
        return (ConnectionRefusedError if isinstance(trouble.os_error, ConnectionRefusedError) else ConnectionError)(told)
    if isinstance(trouble, aiohttp.InvalidURL):
        return ConnectionRefusedError(f"{base_url} is no address")
    return ConnectionError(f"the connection broke ({type(trouble).__name__})")


def _proxy(base_url: str) -> str | None:
    split = urlsplit(base_url)
    if urllib.request.proxy_bypass(split.hostname or ""):
        return None
    return urllib.request.getproxies().get(split.scheme)
