"""Numbers read out in answer to a question, piece by piece, and numbers said again later.

A card number or a one-time code that was asked for is personal whatever its check digit says and
however it is cut up: "六二二七，零零幺九，然后是…", two turns later "五三幺零，二二八七".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from qa_engine.domain.transcript import Speaker, Turn
from qa_engine.text.redact.cues import cue_before
from qa_engine.text.redact.entity import LABELS, Entity
from qa_engine.text.redact.runs import Window, digit_runs
from qa_engine.text.redact.view import View, view_of

# kind → fewest and most digits of one piece.
_PIECE = {
    "bank_card": (4, 19), "id_card": (6, 18), "verification_code": (4, 8), "password": (4, 12),
    "security_code": (3, 4),
}  # fmt: skip
_ASKS = {
    "bank_card": re.compile("卡号|账号|账户|银行卡"),
    "password": re.compile("多少|什么|报|念|告诉|说一下|发我|给我"),
}
_PATIENCE = 4
_ECHO_DIGITS = 6
_NUMBER = re.compile("[0-9０-９零〇洞一幺二两三四五六七八九]")
_BEFORE = re.compile("(?:^|[ ,，。!！?？…、:：\x00嗯呃啊哦是好念]|来了|收到)$")
_AFTER = re.compile("[ ]?(?:$|[ ,，。!！?？…、\x00对啊吧呢哈您你])")
_SERVICE = re.compile("95[0-9]{3,6}|(?:400|800)[0-9]{7}|1[012][0-9]{3}")


@dataclass(frozen=True, slots=True)
class _Question:
    """What was asked, by whom, and for how many more turns an answer is expected."""

    kind: str
    asker: Speaker
    patience: int = _PATIENCE

    def answered_by(self, speaker: Speaker) -> bool:
        """A code may be read out by whoever spoke of it; all else only by the other party."""
        return self.kind == "verification_code" or speaker is not self.asker


def mark_answers(
    turns: tuple[Turn, ...],
    said: list[str],
    asks: list[str | None],
    per_turn: list[tuple[Entity, ...]],
) -> None:
    """Add to ``per_turn`` the clauses of digits that answer a question.

    One per turn: ``said`` is the text without personal data and masks, ``asks`` the kind it asks for.
    """
    question: _Question | None = None
    for index, turn in enumerate(turns):
        if question is not None:
            answers: list[Entity] = []
            if question.answered_by(turn.speaker):
                answers = _pieces(turn.text, per_turn[index], question.kind)
                per_turn[index] = _merged(per_turn[index], answers)
            question = _after_turn(question, turn, answers, per_turn[index])
        question = _asked_in(turn.speaker, said[index], asks[index], question)


def _after_turn(
    question: _Question, turn: Turn, answers: list[Entity], entities: tuple[Entity, ...]
) -> _Question | None:
    if answers or f"[{LABELS[question.kind]}]" in turn.text or any(e.kind == question.kind for e in entities):
        return replace(question, patience=_PATIENCE)
    return replace(question, patience=question.patience - 1) if question.patience > 1 else None


def _asked_in(
    speaker: Speaker, said: str, kind: str | None, open_question: _Question | None
) -> _Question | None:
    if kind in _PIECE:
        wanted = _ASKS.get(kind)
        if wanted is None or wanted.search(said):
            if open_question and open_question.kind == kind:
                # The customer repeats the word in the answer: the question stays the asker's.
                return replace(open_question, patience=_PATIENCE)
            return _Question(kind, speaker)
    if kind is not None and open_question is not None and speaker is open_question.asker:
        return None
    return open_question


def _pieces(text: str, known: tuple[Entity, ...], kind: str) -> list[Entity]:
    """Runs of digits that stand as a clause of their own."""
    if not _NUMBER.search(text):
        return []
    fewest, most = _PIECE[kind]
    view = _without(text, known)
    return [
        Entity(kind, run.start, run.end, 0.65)
        for run in digit_runs(view.digits, view.plain, at_least=fewest)
        if len(run.digits) <= most and _is_clause(run, view) and not _named_else(run, view, kind)
    ]


def _is_clause(run: Window, view: View) -> bool:
    if _SERVICE.fullmatch(run.digits) or any("、" in gap for gap in run.gaps):
        return False
    return (
        _BEFORE.search(view.plain, max(0, run.start - 2), run.start) is not None
        and _AFTER.match(view.plain, run.end) is not None
    )


def _named_else(run: Window, view: View, kind: str) -> bool:
    """Whether the speaker says that the number is something else: 票号是…"""
    cue = cue_before(view.plain, run.start)
    return cue is not None and cue.kind != kind


def mark_echoes(turns: tuple[Turn, ...], per_turn: list[tuple[Entity, ...]]) -> None:
    """Mark numbers that were found to be personal elsewhere in the conversation and are said again."""
    known: dict[str, str] = {}
    for turn, entities in zip(turns, per_turn, strict=True):
        for entity in entities:
            digits = _digits(turn.text[entity.start : entity.end])
            if len(digits) >= _ECHO_DIGITS:
                known[digits] = entity.kind
    if not known:
        return
    for index, turn in enumerate(turns):
        if len(_NUMBER.findall(turn.text)) < _ECHO_DIGITS:
            continue
        view = _without(turn.text, per_turn[index])
        echoes = [
            Entity(known[run.digits], run.start, run.end, 0.6)
            for run in digit_runs(view.digits, view.plain, at_least=_ECHO_DIGITS)
            if run.digits in known and not _glued(run, view)
        ]
        per_turn[index] = _merged(per_turn[index], echoes)


def _glued(run: Window, view: View) -> bool:
    """Whether a Latin letter touches the digits: then they are part of a code."""
    around = view.plain[max(0, run.start - 1) : run.start] + view.plain[run.end : run.end + 1]
    return any(char.isascii() and char.isalpha() for char in around)


def _digits(text: str) -> str:
    """The digits of an entity that is one number, "" for addresses, names and the like."""
    view = view_of(text)
    runs = digit_runs(view.digits, view.plain, at_least=_ECHO_DIGITS)
    return runs[0].digits if len(runs) == 1 and (runs[0].start, runs[0].end) == (0, len(text)) else ""


def _without(text: str, known: tuple[Entity, ...]) -> View:
    return view_of(text).blank([(entity.start, entity.end) for entity in known])


def _merged(known: tuple[Entity, ...], fresh: list[Entity]) -> tuple[Entity, ...]:
    return tuple(sorted((*known, *fresh), key=lambda entity: entity.start)) if fresh else known
