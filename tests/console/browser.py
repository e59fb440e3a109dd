"""Headless Chromium over the DevTools protocol, as far as journeys need it."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn

NAMES = ("chromium", "chromium-browser", "google-chrome")
PROGRAM = next((path for path in map(shutil.which, NAMES) if path), None)
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--remote-debugging-port=0",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip
_PATIENCE = 120.0
_CODES = {"Enter": (13, "\r"), "Escape": (27, "")}
"""Key that is no letter -> its number, and what it writes."""


@dataclass
class Browser:
    """One page of a browser."""

    loop: asyncio.AbstractEventLoop
    socket: aiohttp.ClientWebSocketResponse
    number: int = 0
    complaints: list[str] = field(default_factory=list)
    """Errors of scripts, and what the browser's console said."""

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Call a method of the protocol."""
        return self.loop.run_until_complete(self._call(method, parameters))

    async def _call(self, method: str, parameters: dict[str, object]) -> dict[str, Any]:
        self.number += 1
        mine = self.number
        await self.socket.send_json({"id": mine, "method": method, "params": parameters})
        while True:
            said = json.loads((await self.socket.receive(_PATIENCE)).data)
            if said.get("id") == mine:
                assert "error" not in said, said
                result: dict[str, Any] = said["result"]
                return result
            self._hear(said)

    def _hear(self, said: dict[str, Any]) -> None:
        if said.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(said["params"]["exceptionDetails"]))
        if said.get("method") == "Log.entryAdded":
            entry = said["params"]["entry"]
            # That a page was refused is for the test to look at, and no fault of a script.
            is_fault = entry["level"] in {"warning", "error"}
            if is_fault and "Failed to load resource" not in entry["text"]:
                self.complaints.append(json.dumps(entry))

    def look(self, expression: str) -> Any:
        """Return what an expression of JavaScript says."""
        said = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in said, said
        return said["result"].get("value")

    def wait_for(self, expression: str) -> None:
        """Wait until an expression is true."""
        # Between two pages there is no document to ask.
        tried = f"(() => {{ try {{ return Boolean({expression}); }} catch {{ return false; }} }})()"
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            if self.look(tried):
                return
            time.sleep(0.03)
        raise AssertionError(expression, self.look("document.body.innerText"))

    def go(self, url: str) -> None:
        """Open a page."""
        self.call("Page.navigate", url=url)
        self.loaded(url)

    def loaded(self, beginning: str) -> None:
        """Wait until a page whose address begins so is there."""
        self.wait_for(
            f"location.href.startsWith({json.dumps(beginning)}) && "
            "document.readyState === 'complete'"
        )

    def click(self, selector: str) -> None:
        """Click on the first element of a selector."""
        self.look(f"document.querySelector({json.dumps(selector)}).click()")

    def press(self, key: str) -> None:
        """Press a key."""
        code, text = _CODES[key] if key in _CODES else (ord(key.upper()), key)
        told = {"key": key, "windowsVirtualKeyCode": code, "text": text, "unmodifiedText": text}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **told)
        self.call("Input.dispatchKeyEvent", type="keyUp", **told)

    def write(self, selector: str, text: str) -> None:
        """Write into a field."""
        self.look(f"document.querySelector({json.dumps(selector)}).focus()")
        self.call("Input.insertText", text=text)

    def dress(self, *, width: int, dark: bool) -> None:
        """Take a width, and a theme."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=900, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[theme])

    def picture(self, path: Path, *, whole: bool = True) -> None:
        """Keep a picture of the page."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))


@contextmanager
def browsing(folder: Path) -> Iterator[Browser]:
    """Run a browser with a profile of its own."""
    command = [str(PROGRAM), *_FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    loop = asyncio.new_event_loop()
    try:
        port = _port_of(folder / "profile" / "DevToolsActivePort")
        session, socket = loop.run_until_complete(_connected(port))
        browser = Browser(loop, socket)
        for domain in ("Page", "Runtime", "Log", "Network"):
            browser.call(f"{domain}.enable")
        yield browser
        loop.run_until_complete(socket.close())
        loop.run_until_complete(session.close())
    finally:
        process.terminate()
        process.wait()
        loop.close()


def _port_of(path: Path) -> int:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if path.exists() and (lines := path.read_text().split()):
            return int(lines[0])
        time.sleep(0.05)
    raise AssertionError(path)


async def _connected(
    port: int,
) -> tuple[aiohttp.ClientSession, aiohttp.ClientWebSocketResponse]:
    session = aiohttp.ClientSession()
    async with session.put(f"http://127.0.0.1:{port}/json/new?about:blank") as answer:
        page = await answer.json(content_type=None)
    return session, await session.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0)


@contextmanager
def served(app: Any, port: int) -> Iterator[str]:
    """Serve an application on this machine, and return its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + _PATIENCE
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)
