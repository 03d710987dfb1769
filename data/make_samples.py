"""Write the shipped samples: our own corpus transcripts in the formats their users would have.

Run from the repository root: ``python data/make_samples.py``. The corpus holds no times, so
voice samples get plausible ones from a seeded speaking rate (4–6 characters a second); a few silences
and interruptions are put where the scenario has them, so that the timing rules have something to see.
Sub-folders are named after the scorecard the transcripts are judged by.
"""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent / "samples"
CORPUS = HERE.parent / "corpus"
SEED = 20261121
# (transcript, turn) → silence before it in ms; negative means it starts over the previous speaker.
GAPS = {
    ("tc-0044", 9): -1400,
    ("bk-0002", 8): 14000,
    ("d9-0001", 9): 21000,
    ("ec-0012", 9): 11000,
    ("bk-0004", 9): -1100,
}

Dialogue = dict[str, Any]
Timed = list[dict[str, Any]]


def load() -> dict[str, Dialogue]:
    """Read the whole corpus, by id."""
    found: dict[str, Dialogue] = {}
    for path in sorted(CORPUS.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            dialogue = json.loads(line)
            found[dialogue["id"]] = dialogue
    return found


def timed(dialogue: Dialogue) -> Timed:
    """Turns with speaker, text, start and end in ms."""
    rng = random.Random(f"{SEED}:{dialogue['id']}")
    at = rng.randint(400, 1200)
    turns: Timed = []
    for number, turn in enumerate(dialogue["turns"]):
        gap = GAPS.get((dialogue["id"], number), rng.randint(150, 1100))
        start = max(0, at + gap)
        end = start + max(400, round(len(turn["t"]) * 1000 / rng.uniform(4.0, 6.0)))
        speaker = "agent" if turn["s"] == "A" else "customer"
        turns.append({"speaker": speaker, "text": turn["t"], "start_ms": start, "end_ms": end})
        at = end
    return turns


def own(dialogue: Dialogue, **more: Any) -> Dialogue:
    """Our own JSONL record."""
    voice = dialogue["channel"] == "voice"
    turns = timed(dialogue)
    if not voice:
        turns = [{"speaker": t["speaker"], "text": t["text"]} for t in turns]
    return {"id": dialogue["id"], "channel": dialogue["channel"], **more, "turns": turns}


def funasr(dialogue: Dialogue) -> object:
    """FunASR AutoModel output with speaker diarization: roles unknown, times in ms."""
    turns = timed(dialogue)
    sentences = [
        {"text": t["text"], "start": t["start_ms"], "end": t["end_ms"], "spk": int(t["speaker"] == "customer")}
        for t in turns
    ]
    return [{"key": dialogue["id"], "text": "".join(t["text"] for t in turns), "sentence_info": sentences}]


def whisperx(dialogue: Dialogue) -> object:
    """WhisperX output: seconds, leading blanks, anonymous speakers."""
    return {
        "segments": [
            {
                "start": t["start_ms"] / 1000,
                "end": t["end_ms"] / 1000,
                "text": " " + t["text"],
                "speaker": "SPEAKER_00" if t["speaker"] == "agent" else "SPEAKER_01",
            }
            for t in timed(dialogue)
        ],
        "language": "zh",
    }


def sca(dialogues: list[Dialogue]) -> object:
    """Alibaba SCA upload: several calls in one document."""
    return {
        "tickets": [
            {
                "tid": dialogue["id"],
                "dialogue": [
                    {
                        "role": "客服" if t["speaker"] == "agent" else "客户",
                        "identity": "客服A" if t["speaker"] == "agent" else "客户1",
                        "words": t["text"],
                        "begin": t["start_ms"],
                        "end": t["end_ms"],
                    }
                    for t in timed(dialogue)
                ],
            }
            for dialogue in dialogues
        ]
    }


def tencent(dialogue: Dialogue) -> object:
    """Tencent ASR result: channel-less speaker numbers, nullable fields."""
    return {
        "Response": {
            "Data": {
                "TaskId": 1000042,
                "StatusStr": "success",
                "ResultDetail": [
                    {
                        "FinalSentence": t["text"],
                        "SliceSentence": " ".join(t["text"]),
                        "WrittenText": None,
                        "StartMs": t["start_ms"],
                        "EndMs": t["end_ms"],
                        "WordsNum": len(t["text"]),
                        "Words": None,
                        "SpeechSpeed": round(len(t["text"]) * 1000 / (t["end_ms"] - t["start_ms"]), 1),
                        "SpeakerId": 0 if t["speaker"] == "agent" else 1,
                        "EmotionalEnergy": None,
                        "SilenceTime": 0,
                        "EmotionType": None,
                    }
                    for t in timed(dialogue)
                ],
            }
        }
    }


def contact_lens(dialogue: Dialogue) -> object:
    """Amazon Connect Contact Lens, voice, after the call."""
    turns = timed(dialogue)
    return {
        "Version": "1.1.0",
        "Channel": "VOICE",
        "JobStatus": "COMPLETED",
        "LanguageCode": "zh-CN",
        "Participants": [
            {"ParticipantId": "CUSTOMER", "ParticipantRole": "CUSTOMER"},
            {"ParticipantId": "AGENT", "ParticipantRole": "AGENT"},
        ],
        "CustomerMetadata": {"ContactId": dialogue["id"]},
        "ConversationCharacteristics": {"TotalConversationDurationMillis": turns[-1]["end_ms"] + 900},
        "Transcript": [
            {
                "Id": f"{dialogue['id']}-{number}",
                "ParticipantId": t["speaker"].upper(),
                "Content": t["text"],
                "BeginOffsetMillis": t["start_ms"],
                "EndOffsetMillis": t["end_ms"],
                "Sentiment": "NEUTRAL",
                "LoudnessScores": [72.5],
            }
            for number, t in enumerate(turns)
        ],
    }


def srt(dialogue: Dialogue) -> str:
    """Subtitles with a role prefix."""

    def clock(ms: int) -> str:
        return f"{ms // 3600000:02}:{ms // 60000 % 60:02}:{ms // 1000 % 60:02},{ms % 1000:03}"

    blocks = [
        f"{n}\n{clock(t['start_ms'])} --> {clock(t['end_ms'])}\n"
        f"{'客服' if t['speaker'] == 'agent' else '客户'}：{t['text']}\n"
        for n, t in enumerate(timed(dialogue), 1)
    ]
    return "\n".join(blocks)


def plain(dialogue: Dialogue) -> str:
    """What people paste from a chat window."""
    return "".join(f"{'客服' if t['s'] == 'A' else '客户'}：{t['t']}\n" for t in dialogue["turns"])


def table(dialogues: list[Dialogue], path: Path) -> None:
    """A chat export: one turn a row, Chinese headers, GB18030 as Windows tools write it."""
    with path.open("w", encoding="gb18030", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["会话ID", "角色", "内容", "坐席工号", "班组"])
        for number, dialogue in enumerate(dialogues):
            for turn in dialogue["turns"]:
                role = "客服" if turn["s"] == "A" else "客户"
                rows.writerow([dialogue["id"], role, turn["t"], f"A10{number}", "在线一组"])


def jsonl(path: Path, records: list[Dialogue]) -> None:
    """One record a line."""
    text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    path.write_text(text, encoding="utf-8")


def dump(path: Path, document: object) -> None:
    """One JSON document."""
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Write every sample file."""
    corpus = load()

    def folder(name: str) -> Path:
        path = HERE / name
        path.mkdir(exist_ok=True)
        return path

    shop, telecom = folder("ecommerce_after_sales"), folder("telecom_hotline")
    bank, general = folder("bank_consumer_finance"), folder("general_service")
    chats = [own(corpus[i], agent={"id": f"S{k:02}", "team": "电商一组"}) for k, i in enumerate(
        ["d4-0023", "ec-0015", "e1-0022", "e2-0009", "d6-0026", "ec-0020"])]  # fmt: skip
    jsonl(shop / "chat.jsonl", chats)
    table([corpus["d4-0055"], corpus["d5-0041"]], shop / "在线会话导出.csv")
    jsonl(shop / "voice.jsonl", [own(corpus["ec-0012"]), own(corpus["ec-0052"])])
    dump(telecom / "funasr.json", funasr(corpus["tc-0044"]))
    dump(telecom / "tencent_asr.json", tencent(corpus["tc-0015"]))
    (telecom / "subtitles.srt").write_text(srt(corpus["d9-0001"]), encoding="utf-8")
    jsonl(telecom / "chat.jsonl", [own(corpus["e3-0006"]), own(corpus["tc-0014"])])
    dump(bank / "alibaba_sca.json", sca([corpus["bk-0002"], corpus["bk-0004"], corpus["bk-0015"]]))
    dump(bank / "contact_lens.json", contact_lens(corpus["d2-0009"]))
    jsonl(bank / "voice.jsonl", [own(corpus["bk-0045"]), own(corpus["bk-0051"]), own(corpus["e4-0034"])])
    dump(general / "whisperx.json", whisperx(corpus["ut-0036"]))
    (general / "粘贴的对话.txt").write_text(plain(corpus["mx-0050"]), encoding="utf-8")
    jsonl(general / "voice.jsonl", [own(corpus["in-0011"]), own(corpus["d9-0024"])])


if __name__ == "__main__":
    main()
