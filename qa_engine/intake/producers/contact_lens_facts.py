"""What Contact Lens says about a whole call: categories, interruptions, duration, who took part."""

from __future__ import annotations

from collections.abc import Mapping

from qa_engine.domain.transcript import Speaker
from qa_engine.intake.base import FieldReader
from qa_engine.intake.fields import checked_text, wrong_type
from qa_engine.intake.producers.roles import role_of

Span = dict[str, int]


def participant_roles(document: FieldReader) -> Mapping[str, Speaker]:
    """Map participant ids to speakers."""
    roles = {}
    for participant in document.optional_objects("Participants"):
        role = participant.optional_text("ParticipantRole")
        roles[participant.optional_label("ParticipantId") or role or ""] = role_of(role)
    return roles


def speaker_of(turn: FieldReader, roles: Mapping[str, Speaker]) -> tuple[Speaker, str]:
    """Return (speaker, producer's label) of a turn by its role, or by its participant id.

    Raises:
        FieldProblem: the turn names neither.
    """
    role, participant = turn.optional_text("ParticipantRole"), turn.optional_label("ParticipantId")
    if role is not None:
        return role_of(role), participant or role
    if participant is None:
        participant = turn.label("ParticipantId")
    return roles.get(participant, role_of(participant)), participant


def _matched_span(point: FieldReader) -> Span:
    return {"start_ms": point.integer_ms("BeginOffsetMillis"), "end_ms": point.integer_ms("EndOffsetMillis")}


def categories(fields: FieldReader | None) -> dict[str, object]:
    """Return ``categories`` (names) and ``category_matches`` (name → spans or turn ids) as attributes.

    A category without points of interest matched the contact as a whole: ``"whole_contact"``.
    """
    if fields is None:
        return {}
    path = fields.path_of("MatchedCategories")
    # One published example carries a blank before the name; rules compare names exactly.
    names = [
        checked_text(name, f"{path}[{i}]").strip()
        for i, name in enumerate(fields.optional_array("MatchedCategories"))
    ]
    details = fields.optional_object("MatchedDetails")
    matches: dict[str, object] = {}
    for key in details.value if details else ():
        points = details.object(key).optional_objects("PointsOfInterest") if details else []
        matches[checked_text(key, f"{fields.path}.MatchedDetails").strip()] = [
            _point(point) for point in points
        ] or "whole_contact"
    return {"categories": names, "category_matches": matches or None} if names or matches else {}


def _point(point: FieldReader) -> object:
    if not point.has("TranscriptItems"):
        return _matched_span(point)
    return {"items": [item.label("Id") for item in point.objects("TranscriptItems")]}


def interruptions(fields: FieldReader | None) -> dict[str, object]:
    """Return the interruptions AWS counted as one attribute (ms)."""
    if fields is None or not fields.has("Interruptions"):
        return {}
    counted = fields.object("Interruptions")
    by_role = counted.optional_object("InterruptionsByInterrupter")
    spans = {
        checked_text(role, counted.path).lower(): [_matched_span(span) for span in by_role.objects(role)]
        for role in (by_role.value if by_role else ())
        if by_role is not None
    }
    return {
        "interruptions": {
            "count": counted.optional_integer("TotalCount"),
            "total_ms": counted.optional_ms("TotalTimeMillis"),
            "by": spans,
        }
    }


def loudness_db(turn: FieldReader) -> list[float | None] | None:
    """Return loudness per second of the turn in dB; seconds that were not measured stay None."""
    key = "LoudnessScores" if turn.has("LoudnessScores") else "LoudnessScore"
    if not turn.has(key):
        return None
    scores: list[float | None] = []
    for i, score in enumerate(turn.array(key)):
        if score is not None and (isinstance(score, bool) or not isinstance(score, int | float)):
            raise wrong_type(f"{turn.path_of(key)}[{i}]", "数字", score)
        scores.append(None if score is None else float(score))
    return scores


def issues(turn: FieldReader) -> list[list[int]] | None:
    """Return character spans of detected issues; Contact Lens and Transcribe spell them differently."""
    found = []
    for issue in turn.optional_objects("IssuesDetected"):
        offsets = issue.optional_object("CharacterOffsets")
        if offsets is None:
            continue
        begin = offsets.optional_integer("BeginOffsetChar" if offsets.has("BeginOffsetChar") else "Begin")
        end = offsets.optional_integer("EndOffsetChar" if offsets.has("EndOffsetChar") else "End")
        if begin is not None and end is not None:
            found.append([begin, end])
    return found or None
