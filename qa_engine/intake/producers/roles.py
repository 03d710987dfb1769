"""Role names that producers write out, and the speaker they mean."""

from __future__ import annotations

from qa_engine.domain.transcript import Speaker
from qa_engine.intake.speakers import speaker_of

_PLATFORM_ROLES = {
    "supervisor": Speaker.AGENT,
    "human_agent": Speaker.AGENT,
    "end_user": Speaker.CUSTOMER,
    "custom_bot": Speaker.SYSTEM,
    "automated_agent": Speaker.SYSTEM,
}


def role_of(label: str | None) -> Speaker:
    """Return the speaker a label names outright; UNKNOWN for ``SPEAKER_00``, ``A``, ``1`` and the like."""
    if label is None or len(label.strip()) < 2:
        return Speaker.UNKNOWN
    named = _PLATFORM_ROLES.get(label.strip().casefold()) or speaker_of(label)
    return named or Speaker.UNKNOWN
