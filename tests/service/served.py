"""A server started as a user would start it: a process of its own, on a free port, with a fresh home."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

START_S = 120
CHANGED = "sehr-Langes-9-Wort"


@dataclass
class Served:
    """A running server and what it has said so far."""

    process: subprocess.Popen[bytes]
    home: Path
    lines: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    ready: threading.Event = field(default_factory=threading.Event)
    changed: bool = False

    @property
    def url(self) -> str:
        return re.search(r"http://\S+", "\n".join(self.lines))[0]

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    @property
    def password(self) -> str | None:
        found = re.search(r"一次性密码：(\S+)", "\n".join(self.lines))
        return found[1] if found else None

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60, trust_env=False)

    @contextmanager
    def admin(self) -> Iterator[httpx.Client]:
        """A client logged in as the first administrator; the one-time password is changed to ``CHANGED``."""
        with self.client() as client:
            if self.password is not None and not self.changed:
                log_in(client, self.password)
                change = {"current_password": self.password, "new_password": CHANGED}
                client.put("/v1/users/me/password", json=change).raise_for_status()
                self.changed = True
            else:
                log_in(client, CHANGED)
            yield client

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)

    def _listen(self, stream, lines: list[str]) -> None:
        for line in stream:
            lines.append(line.decode().rstrip("\n"))
            if "按 Ctrl-C 停止" in lines[-1]:
                self.ready.set()
        self.ready.set()


def log_in(client: httpx.Client, password: str, login: str = "admin") -> None:
    """Log in; the session's cookie and its CSRF token stay with the client."""
    answer = client.post("/v1/sessions", json={"login": login, "password": password})
    client.headers["X-CSRF-Token"] = answer.raise_for_status().json()["csrf_token"]


@contextmanager
def serving(home: Path, *words: str, **settings: str) -> Iterator[Served]:
    """Start ``qa-engine serve`` with these options and ``QA_ENGINE_*`` settings; killed at the end."""
    chosen = {"home": str(home), "model": "baseline", **settings}
    process = subprocess.Popen(
        [sys.executable, "-m", "qa_engine", "serve", "--port", "0", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUTF8": "1", **{f"QA_ENGINE_{k.upper()}": v for k, v in chosen.items()}},
    )
    served = Served(process, home)
    listeners = [
        threading.Thread(target=served._listen, args=(process.stdout, served.lines), daemon=True),
        threading.Thread(target=served._listen, args=(process.stderr, served.log), daemon=True),
    ]
    for listener in listeners:
        listener.start()
    try:
        if not served.ready.wait(START_S) or process.poll() is not None:
            raise RuntimeError("the server did not start:\n" + "\n".join(served.lines + served.log))
        yield served
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(60)
        for listener in listeners:
            listener.join(10)
