"""Schema ``inspection-report/1``: the one builder and the one parser of stored reports.

Fields are added, never renamed. Numbers are rounded here and nowhere else, so that a report
read back and written again is the same text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from qa_engine.domain import report as r
from qa_engine.domain.errors import ReportFormatError
from qa_engine.domain.finding import Evidence, LookedAt, Nearest
from qa_engine.domain.scorecard import Outcome
from qa_engine.domain.transcript import TranscriptFlag

Json = dict[str, Any]


def report_to_json(report: r.InspectionReport) -> Json:
    """Build the JSON object of a report (only str, int, float, bool, None, list, dict)."""
    total = report.total
    return {
        "schema": r.SCHEMA,
        "transcript_id": report.transcript_id,
        "scorecard": {
            "key": report.scorecard_key,
            "revision": report.scorecard_revision,
            "digest": report.scorecard_digest,
        },
        "engine": {
            "version": report.engine.version,
            "model": report.engine.model,
            "detectors": dict(report.engine.detectors),
        },
        "total": {
            "points": _r(total.points, 2),
            "max": _r(total.max, 2),
            "percent": _r(total.percent, 2),
            "upper_percent": _r(total.upper_percent, 2),
            "passed": total.passed,
            "critical_failure": total.critical_failure,
            "coverage": _r(total.coverage, 4),
        },
        "criteria": [_criterion(item) for item in report.criteria],
        "attitude": {
            "level": report.attitude.level,
            "score": _r(report.attitude.score, 3),
            "acts": [
                {"turn": a.turn, "act": a.act, "confidence": _r(a.confidence)} for a in report.attitude.acts
            ],
            "faults": [
                {
                    "turn": f.turn,
                    "kind": f.kind,
                    "confidence": _r(f.confidence),
                    "because": list(f.because),
                }
                for f in report.attitude.faults
            ],
        },
        "resolution": {
            "status": report.resolution.status,
            "probabilities": _rounded(report.resolution.probabilities),
            "turns": list(report.resolution.turns),
        },
        "satisfaction": {
            "expected": _r(report.satisfaction.expected, 3),
            "distribution": [_r(p) for p in report.satisfaction.distribution],
        },
        "complaint": {
            "is_complaint": report.complaint.is_complaint,
            "probability": _r(report.complaint.probability),
            "types": [
                {"key": t.key, "name": t.name, "probability": _r(t.probability)}
                for t in report.complaint.types
            ],
            "evidence": _quoted(report.complaint.evidence),
        },
        "emotion": {
            "index": _r(report.emotion.index, 1),
            "curve": [
                {
                    "turn": p.turn,
                    "emotion": p.emotion,
                    "index": _r(p.index, 1),
                    "probabilities": _rounded(p.probabilities),
                }
                for p in report.emotion.curve
            ],
            "drops": [_drop(d) for d in report.emotion.drops],
        },
        "review": {
            "needed": report.review.needed,
            "priority": _r(report.review.priority),
            "reasons": list(report.review.reasons),
            "evidence": _quoted(report.review.evidence),
        },
        "not_evaluated": [{"what": n.what, "reason": n.reason, "code": n.code} for n in report.not_evaluated],
        "flags": [{"code": f.code, "message": f.message, "turns": list(f.turns)} for f in report.flags],
    }


def _criterion(item: r.CriterionResult) -> Json:
    nearest = item.nearest
    return {
        "key": item.key,
        "name": item.name,
        "section": item.section,
        "outcome": item.outcome.value,
        "earned": _r(item.earned, 2),
        "max": _r(item.max, 2),
        "confidence": _r(item.confidence),
        "reason": item.reason,
        "evidence": _quoted(item.evidence),
        "looked_at": [{"from_turn": span.from_turn, "to_turn": span.to_turn} for span in item.looked_at],
        "nearest": None
        if nearest is None
        else {"turn": nearest.turn, "quote": nearest.quote, "similarity": _r(nearest.similarity)},
        "critical": item.critical,
        "deducted_in": item.deducted_in,
        "scoring": item.scoring,
        "weight": _r(item.weight, 2),
        "code": item.code,
        "occurrences": item.occurrences,
    }


def _quoted(evidence: Iterable[Evidence]) -> list[Json]:
    return [{"turn": e.turn, "start": e.start, "end": e.end, "quote": e.quote} for e in evidence]


def _drop(drop: r.EmotionDrop) -> Json:
    cause = drop.cause
    return {
        "turn": drop.turn,
        "from_index": _r(drop.from_index, 1),
        "to_index": _r(drop.to_index, 1),
        "cause": None
        if cause is None
        else {"turn": cause.turn, "speaker": cause.speaker, "kind": cause.kind},
        "recovered_turn": drop.recovered_turn,
        "recovered_by_agent": drop.recovered_by_agent,
    }


def _r(number: float | None, digits: int = 4) -> float | None:
    return None if number is None else round(float(number), digits)


def _rounded(probabilities: Mapping[str, float]) -> dict[str, float]:
    return {key: round(float(value), 4) for key, value in probabilities.items()}


def report_from_json(data: Mapping[str, Any]) -> r.InspectionReport:
    """Parse a stored report of any schema this version can read.

    Raises:
        ReportFormatError: unknown schema, or a field that is missing or of the wrong kind.
    """
    schema = data.get("schema") if isinstance(data, Mapping) else None
    if schema != r.SCHEMA:
        raise ReportFormatError(f"无法读取的质检报告：schema 应为 {r.SCHEMA}，请确认文件由本软件生成")
    try:
        return _parse(data)
    except KeyError as error:
        raise ReportFormatError(f"质检报告缺少字段 {error.args[0]}，文件可能被改动或截断") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise ReportFormatError("质检报告中有字段的类型不对，文件可能被改动或截断") from error


def _parse(data: Mapping[str, Any]) -> r.InspectionReport:
    card, engine, total, emotion = data["scorecard"], data["engine"], data["total"], data["emotion"]
    attitude, resolution, satisfaction = data["attitude"], data["resolution"], data["satisfaction"]
    complaint, review = data["complaint"], data["review"]
    return r.InspectionReport(
        transcript_id=data["transcript_id"],
        scorecard_key=card["key"],
        scorecard_revision=card["revision"],
        scorecard_digest=card.get("digest", ""),
        engine=r.EngineInfo(engine["version"], engine["model"], dict(engine["detectors"])),
        total=r.Total(
            total["points"],
            total["max"],
            total["percent"],
            total.get("upper_percent", total["percent"]),
            total["passed"],
            total["critical_failure"],
            total["coverage"],
        ),
        criteria=tuple(_parse_criterion(item) for item in data["criteria"]),
        attitude=r.Attitude(
            attitude["level"],
            attitude["score"],
            tuple(r.ActMark(a["turn"], a["act"], a["confidence"]) for a in attitude["acts"]),
            tuple(
                r.FaultMark(f["turn"], f["kind"], f["confidence"], tuple(f.get("because", ())))
                for f in attitude["faults"]
            ),
        ),
        resolution=r.Resolution(
            resolution["status"], dict(resolution["probabilities"]), tuple(resolution["turns"])
        ),
        satisfaction=r.Satisfaction(satisfaction["expected"], tuple(satisfaction["distribution"])),
        complaint=r.Complaint(
            complaint["is_complaint"],
            complaint["probability"],
            tuple(r.ComplaintType(t["key"], t["name"], t["probability"]) for t in complaint["types"]),
            _quotes(complaint.get("evidence", ())),
        ),
        emotion=r.Emotion(
            emotion["index"],
            tuple(
                r.EmotionPoint(p["turn"], p["emotion"], p["index"], dict(p["probabilities"]))
                for p in emotion["curve"]
            ),
            tuple(_parse_drop(drop) for drop in emotion["drops"]),
        ),
        review=r.ReviewAdvice(
            review["needed"],
            review["priority"],
            tuple(review["reasons"]),
            _quotes(review.get("evidence", ())),
        ),
        not_evaluated=tuple(
            r.NotEvaluated(n["what"], n["reason"], n.get("code", "")) for n in data["not_evaluated"]
        ),
        flags=tuple(
            TranscriptFlag(f["code"], f["message"], tuple(f["turns"])) for f in data.get("flags", ())
        ),
    )


def _parse_criterion(item: Mapping[str, Any]) -> r.CriterionResult:
    nearest = item["nearest"]
    return r.CriterionResult(
        key=item["key"],
        name=item["name"],
        section=item["section"],
        outcome=Outcome(item["outcome"]),
        earned=item["earned"],
        max=item["max"],
        confidence=item["confidence"],
        reason=item["reason"],
        evidence=_quotes(item["evidence"]),
        looked_at=tuple(LookedAt(span["from_turn"], span["to_turn"]) for span in item["looked_at"]),
        nearest=None
        if nearest is None
        else Nearest(nearest["turn"], nearest["quote"], nearest["similarity"]),
        critical=item.get("critical", False),
        deducted_in=item.get("deducted_in"),
        scoring=item.get("scoring", "deduct"),
        weight=item.get("weight", item["max"]),
        code=item.get("code", ""),
        # Reports of before the count was kept: one occurrence a turn is the nearest they tell.
        occurrences=item.get("occurrences", _occurrences(item)),
    )


def _occurrences(item: Mapping[str, Any]) -> int:
    return max(1, len({e["turn"] for e in item["evidence"]})) if item["outcome"] == Outcome.FAILED else 0


def _quotes(items: Iterable[Mapping[str, Any]]) -> tuple[Evidence, ...]:
    return tuple(Evidence(e["turn"], e["start"], e["end"], e["quote"]) for e in items)


def _parse_drop(drop: Mapping[str, Any]) -> r.EmotionDrop:
    cause = drop["cause"]
    return r.EmotionDrop(
        drop["turn"],
        drop["from_index"],
        drop["to_index"],
        None if cause is None else r.DropCause(cause["turn"], cause["speaker"], cause["kind"]),
        drop["recovered_turn"],
        drop.get("recovered_by_agent"),
    )
