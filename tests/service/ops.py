"""Running commands for people who look after an installation."""

from __future__ import annotations

from batch_samples import run


def told(*words: object) -> tuple[int, str, str]:
    """Run a command; its exit code and what it said on both outputs."""
    done = run(*(str(word) for word in words))
    return done.returncode, done.stdout.decode(), done.stderr.decode()
