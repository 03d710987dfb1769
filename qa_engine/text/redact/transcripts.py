"""Masking a whole conversation: texts, word timings, signals, attributes and the customer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from qa_engine.domain.transcript import Transcript, Turn, Word
from qa_engine.text.redact.answers import mark_answers, mark_echoes
from qa_engine.text.redact.cues import asked_kind
from qa_engine.text.redact.entity import LABELS, Entity
from qa_engine.text.redact.find import find_answers
from qa_engine.text.redact.ids import redact_id
from qa_engine.text.redact.masking import mask_spans, redact
from qa_engine.text.redact.runs import digit_runs
from qa_engine.text.redact.view import view_of, without_masks

_DIGIT = "0-9０-９零〇洞一幺二两三四五六七八九XxＸ"
_ENDS_IN_DIGITS = re.compile(rf"[{_DIGIT}][，,。. 啊嗯呃哦…]*$")
_STARTS_WITH_DIGITS = re.compile(rf"^[，,。. 啊嗯呃哦然后是再接着]*[{_DIGIT}]")
# 嗯, 好的, 您说: what the listener puts in while a number is being read out.
MAX_BACKCHANNEL_CHARS = 4
MAX_PIECES = 5
MAX_ASKED_BEFORE = 4
_LONG_NUMBERS = frozenset({"id_card", "bank_card", "mobile"})
MAX_DEPTH = 20
# Integers shorter than a telephone number are measurements, not personal data.
MIN_INTEGER_DIGITS = 11


def redact_transcript(
    transcript: Transcript, entities: Sequence[tuple[Entity, ...]] | None = None
) -> Transcript:
    """Return the transcript with personal data masked everywhere a producer may have put it.

    Masked: turn texts (a number read out over several turns of one speaker included), words, string
    signals, labels of speakers, attributes at any depth (keys act as cues: ``{"姓名": "王小明"}``), the
    customer.
    Kept: ids of transcript and agent, the agent's fields, times, speakers. Word timings of a turn
    whose words cannot be aligned with its text are dropped when the text held personal data.
    Offsets of findings into the original texts do not fit the result.

    Args:
        transcript: the conversation.
        entities: what ``entities_of_turns`` found in it, when that is known already.
    """
    per_turn = entities_of_turns(transcript.turns) if entities is None else entities
    turns = tuple(
        _masked_turn(turn, entities) for turn, entities in zip(transcript.turns, per_turn, strict=True)
    )
    customer = transcript.customer
    return replace(
        transcript,
        turns=turns,
        attributes=_masked_mapping(transcript.attributes, 0),
        customer=replace(
            customer,
            id=_masked_label(customer.id),
            tier=_masked_label(customer.tier),
            region=_masked_label(customer.region),
        ),
    )


def entities_of_turns(turns: tuple[Turn, ...]) -> list[tuple[Entity, ...]]:
    """For every turn its personal data, in text order and without overlap; offsets into the turn."""
    asks: list[str | None] = []
    said: list[str] = []
    per_turn: list[tuple[Entity, ...]] = []
    for index, turn in enumerate(turns):
        entities = find_answers(turn.text, _asked_before(turns, asks, index))
        per_turn.append(entities)
        # Words inside an entity ask for nothing, or masking twice would hear other questions.
        said.append(without_masks(mask_spans(turn.text, entities)) if entities else without_masks(turn.text))
        asks.append(asked_kind(said[index]))
    alone = list(per_turn)
    for pieces in _chains(turns):
        asked = _asked_before(turns, asks, pieces[0])
        _mark_straddling(turns, pieces, asked, per_turn)
    mark_answers(turns, said, asks, per_turn)
    mark_echoes(turns, per_turn)
    for index, turn in enumerate(turns):
        # What was marked from outside the turn can set free what it was run together with.
        if per_turn[index] != alone[index]:
            per_turn[index] = find_answers(turn.text, _asked_before(turns, asks, index), per_turn[index])
    return per_turn


def _asked_before(turns: tuple[Turn, ...], asks: list[str | None], index: int) -> str | None:
    """The kind of data a bare number in this turn may answer, None when nothing was asked.

    The turn before counts with whatever it asks; up to ``MAX_ASKED_BEFORE`` turns back only the long
    numbers count, which people ask for, look for, and read out some turns later.
    """
    if index and asks[index - 1] and turns[index - 1].speaker is not turns[index].speaker:
        return asks[index - 1]
    for earlier in range(index - 1, max(-1, index - 1 - MAX_ASKED_BEFORE), -1):
        kind = asks[earlier]
        if kind is not None:
            return kind if kind in _LONG_NUMBERS else None
    return None


def _chains(turns: tuple[Turn, ...]) -> list[list[int]]:
    """Turns of one speaker in which a number may go on from one to the next."""
    chains: list[list[int]] = []
    used: set[int] = set()
    for first in range(len(turns)):
        if first in used:
            continue
        chain = [first]
        while len(chain) < MAX_PIECES and (following := _continuation(turns, chain[-1])) is not None:
            chain.append(following)
        if len(chain) > 1:
            chains.append(chain)
            used.update(chain)
    return chains


def _continuation(turns: tuple[Turn, ...], index: int) -> int | None:
    if not _ENDS_IN_DIGITS.search(turns[index].text):
        return None
    following = index + 1
    if following < len(turns) and turns[following].speaker is not turns[index].speaker:
        if len(turns[following].text.strip()) > MAX_BACKCHANNEL_CHARS:
            return None
        following += 1
    if following >= len(turns) or turns[following].speaker is not turns[index].speaker:
        return None
    return following if _STARTS_WITH_DIGITS.match(turns[following].text) else None


def _mark_straddling(
    turns: tuple[Turn, ...], pieces: list[int], asked: str | None, per_turn: list[tuple[Entity, ...]]
) -> None:
    """Find numbers in the pieces read as one text and mark the part in each turn."""
    joined = " ".join(_tidy_end(turns[index].text) for index in pieces)
    entities = find_answers(joined, asked or _unasked(joined))
    at = 0
    for index in pieces:
        size = len(_tidy_end(turns[index].text))
        end = at + size
        own = [
            Entity(e.kind, max(e.start, at) - at, min(e.end, end) - at, e.confidence)
            for e in entities
            if e.start < end and at < e.end
        ]
        kept = [e for e in per_turn[index] if all(e.end <= o.start or o.end <= e.start for o in own)]
        per_turn[index] = tuple(sorted(own + kept, key=lambda e: e.start))
        at = end + 1


def _unasked(joined: str) -> str | None:
    """Sixteen to nineteen digits in pieces that begin like a UnionPay card are one, misheard or not."""
    view = view_of(joined)
    for run in digit_runs(view.digits, view.plain, at_least=16):
        if len(run.digits) <= 19 and run.digits.startswith("62"):
            return "bank_card"
    return None


def _tidy_end(text: str) -> str:
    """Without the punctuation a recogniser puts at the end of every piece."""
    return text.rstrip("，,。.… ")


def _masked_turn(turn: Turn, entities: tuple[Entity, ...]) -> Turn:
    signals = _masked_mapping(turn.signals, 0) if turn.signals else turn.signals
    # Diarization labels are numbers; those of chat systems may be names and telephone numbers.
    label = None if turn.speaker_label is None else redact_id(turn.speaker_label)
    if not entities:
        return replace(turn, signals=signals, speaker_label=label)
    return replace(
        turn,
        text=mask_spans(turn.text, entities),
        words=_masked_words(turn, entities),
        signals=signals,
        speaker_label=label,
    )


def _masked_words(turn: Turn, entities: tuple[Entity, ...]) -> tuple[Word, ...]:
    """Each entity's first word becomes the mask, its other words become empty; times are kept."""
    masked: list[Word] = []
    at = 0
    opened: set[int] = set()
    for word in turn.words:
        token = word.text.strip()
        start = turn.text.find(token, at)
        if not token or start < 0 or turn.text[at:start].strip(" ，,。.！!？?、；;：:\u3000") != "":
            if not token:
                masked.append(word)
                continue
            return ()
        at = start + len(token)
        touched = [e for e in entities if e.start < at and start < e.end]
        if not touched:
            masked.append(word)
            continue
        local = []
        for entity in touched:
            label = f"[{LABELS[entity.kind]}]" if entity.start not in opened else ""
            opened.add(entity.start)
            local.append((max(entity.start, start) - start, min(entity.end, at) - start, label))
        text, cut = "", 0
        for begin, end, label in local:
            text += token[cut:begin] + label
            cut = end
        masked.append(replace(word, text=text + token[cut:]))
    return tuple(masked)


def _masked_mapping(mapping: Mapping[str, object], depth: int) -> Mapping[str, object]:
    return MappingProxyType({key: _masked_value(value, key, depth + 1) for key, value in mapping.items()})


def _masked_value(value: object, key: str, depth: int) -> object:
    """Mask a value of JSON shape; what lies deeper than any producer nests is left out as None."""
    if depth > MAX_DEPTH:
        return None
    if isinstance(value, str):
        return redact(value, previous=key)
    if isinstance(value, Mapping):
        return {inner: _masked_value(item, inner, depth + 1) for inner, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked_value(item, key, depth + 1) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and len(str(abs(value))) >= MIN_INTEGER_DIGITS:
        masked = redact(str(value), previous=key)
        return value if masked == str(value) else masked
    return value


def _masked_label(label: str | None) -> str | None:
    return None if label is None else redact(label)
