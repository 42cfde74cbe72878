"""A real headless Chromium, driven through its DevTools pipe: just enough to open a page, look and measure.

Uses nothing but the standard library and the browser's binary.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BINARY = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)


class Page:
    """One tab; every command waits for its answer and keeps the events that arrive before it."""

    def __init__(self, write: int, read: int) -> None:
        self._write, self._read, self._rest, self._count, self._session = write, read, b"", 0, ""
        self.events: list[dict[str, Any]] = []

    def attach(self) -> None:
        """Open an empty tab and listen to its pages, requests and messages."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Run one DevTools command and give its result."""
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def open(self, file: Path, *, width: int = 1200, height: int = 900, dark: bool = False, media: str = "screen") -> None:
        """Load a file at a window size and colour scheme, and wait until it has loaded."""
        self.events.clear()
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", media=media, features=[scheme])
        self.send("Page.navigate", url=file.as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())

    def evaluate(self, expression: str) -> Any:
        """The JSON value of a JavaScript expression in the page, which the page's own policy does not stop."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    @property
    def requests(self) -> list[str]:
        """Addresses asked for since the page was opened, itself included."""
        return [
            event["params"]["request"]["url"] for event in self.events if event.get("method") == "Network.requestWillBeSent"
        ]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            chunk = os.read(self._read, 1 << 20)
            assert chunk, "the browser has closed its pipe"
            self._rest += chunk
        line, self._rest = self._rest.split(b"\0", 1)
        return json.loads(line)


@contextmanager
def chromium(profile: Path) -> Iterator[Page]:
    """Start the browser with a new profile folder and stop it at the end."""
    assert BINARY is not None
    theirs_read, write = os.pipe()
    read, theirs_write = os.pipe()
    commands, answers = (fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (theirs_read, theirs_write))  # clear of 3 and 4

    def plug() -> None:  # Chromium reads commands from descriptor 3 and answers on 4
        os.dup2(commands, 3)
        os.dup2(answers, 4)

    command = [BINARY, *_FLAGS, f"--user-data-dir={profile}"]
    process = subprocess.Popen(command, preexec_fn=plug, pass_fds=(3, 4), stderr=subprocess.DEVNULL)  # noqa: PLW1509
    for end in (theirs_read, theirs_write, commands, answers):
        os.close(end)
    try:
        page = Page(write, read)
        page.attach()
        yield page
    finally:
        process.terminate()
        process.wait(timeout=30)
        os.close(write)
        os.close(read)
