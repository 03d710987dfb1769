"""From people's decisions to labels for training and to tests of a scorecard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qa_engine.domain.decision import PRESENT
from qa_engine.domain.report import InspectionReport
from qa_engine.domain.transcript import Speaker, Transcript
from qa_engine.store.tables import DecisionRow

_SPOKEN = (Speaker.AGENT, Speaker.CUSTOMER, Speaker.SYSTEM)


def own_json(transcript: Transcript, name: str) -> dict[str, Any]:
    """The conversation in our own JSON, without anything that says whose it is."""
    return {
        "id": name,
        "channel": transcript.channel.value,
        "turns": [
            {
                "speaker": turn.speaker.value,
                "text": turn.text,
                "start_ms": turn.start_ms,
                "end_ms": turn.end_ms,
            }
            for turn in transcript.turns
        ],
    }


def gold_of(report: InspectionReport, decisions: Mapping[str, DecisionRow]) -> dict[str, Any]:
    """Labels as ``qa-engine train --own`` reads them; only what a person has said.

    Lists (faults, drops, types) are complete by definition: they are given where a person judged every
    entry the machine found, never where some of it is the machine's word alone.
    """
    said = {target: row.human for target, row in decisions.items() if row.human is not None}
    gold: dict[str, Any] = {}
    if "attitude" in said:
        gold["attitude"] = int(said["attitude"])
    if "resolution" in said:
        gold["resolution"] = said["resolution"]
    if "complaint" in said:
        gold["complaint"] = said["complaint"] == "yes"
    faults = [f"fault:{mark.turn}:{mark.kind}" for mark in report.attitude.faults]
    if (entries := _complete("fault:", faults, said)) is not None:
        pairs = (entry.split(":", 1) for entry in entries)
        gold["faults"] = [{"turn": int(turn), "kind": kind} for turn, kind in pairs]
    drops = [f"drop:{drop.turn}" for drop in report.emotion.drops]
    if (entries := _complete("drop:", drops, said)) is not None:
        gold["drops"] = sorted(int(entry) for entry in entries)
    types = [f"type:{one.key}" for one in report.complaint.types]
    if (entries := _complete("type:", types, said)) is not None:
        gold["types"] = entries
    return gold


def _complete(kind: str, found: list[str], said: Mapping[str, str]) -> list[str] | None:
    judged = {target: human for target, human in said.items() if target.startswith(kind)}
    if not judged or any(target not in judged for target in found):
        return None
    return sorted(target.removeprefix(kind) for target, human in judged.items() if human == PRESENT)


def scorecard_test(
    transcript: Transcript, report: InspectionReport, decisions: Mapping[str, DecisionRow], name: str
) -> dict[str, Any] | str:
    """A test for the scorecard's file: the conversation and the outcomes people gave; or why there is none.

    What the model said of it stands in for the model, corrected by what people said.
    """
    expect = {
        target.removeprefix("criterion:"): row.human
        for target, row in decisions.items()
        if target.startswith("criterion:") and row.human is not None
    }
    if not expect:
        return "没有对质检项的结论"
    if any(turn.speaker not in _SPOKEN for turn in transcript.turns):
        return "有的句子不知道是谁说的，不能写成用例"
    test: dict[str, Any] = {"name": name}
    if transcript.channel.value != "unknown":
        test["channel"] = transcript.channel.value
    if transcript.started_at is not None:
        test["started_at"] = transcript.started_at
    if transcript.duration_ms is not None:
        test["duration_ms"] = transcript.duration_ms
    if transcript.attributes:
        test["attributes"] = dict(transcript.attributes)
    test["turns"] = [
        {key: value for key, value in turn.items() if value is not None}
        for turn in own_json(transcript, name)["turns"]
    ]
    if report.engine.model is not None:
        test["signals"] = _signals(report, decisions)
    test["expect"] = expect
    turns = {
        target.removeprefix("criterion:"): {"turns": list(row.turns)}
        for target, row in decisions.items()
        if target.startswith("criterion:") and row.turns
    }
    if turns:
        test["evidence"] = turns
    return test


def _signals(report: InspectionReport, decisions: Mapping[str, DecisionRow]) -> dict[str, Any]:
    said = {target: row.human for target, row in decisions.items() if row.human is not None}
    turns: dict[str, dict[str, Any]] = {}
    for point in report.emotion.curve:
        turns.setdefault(str(point.turn), {})["emotion"] = point.emotion
    for act in report.attitude.acts:
        turns.setdefault(str(act.turn), {}).setdefault("acts", []).append(act.act)
    machine = {f"fault:{mark.turn}:{mark.kind}": PRESENT for mark in report.attitude.faults}
    people = {target: human for target, human in said.items() if target.startswith("fault:")}
    for target, human in {**machine, **people}.items():
        if human == PRESENT:
            _, turn, kind = target.split(":", 2)
            turns.setdefault(turn, {}).setdefault("faults", []).append(kind)
    signals: dict[str, Any] = {"turns": turns}
    status = said.get("resolution", report.resolution.status)
    if status is not None:
        signals["resolution"] = status
    signals["complaint"] = said.get("complaint", "yes" if report.complaint.is_complaint else "no") == "yes"
    types = {f"type:{one.key}": PRESENT for one in report.complaint.types}
    types |= {target: human for target, human in said.items() if target.startswith("type:")}
    signals["types"] = sorted(t.removeprefix("type:") for t, human in types.items() if human == PRESENT)
    return signals
