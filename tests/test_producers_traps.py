# ruff: noqa: N802 (test names say the trap in Chinese, for the people who know the producers)
"""Every trap of the producers' formats that would be read wrongly without a sound."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_producers import FIXTURES, read

from qa_engine.domain.transcript import Channel, Origin, Speaker, Transcript, Turn, Word
from qa_engine.intake.producers import READERS, TEXT_READERS

ORIGIN = Origin(file="t", producer="?")


def calls(document: object) -> list[Transcript]:
    """Read a document with the one reader that recognises it."""
    (reader,) = [reader for reader in READERS if reader.matches(document)]
    results = list(reader.parse(document, ORIGIN))
    good = [result for result in results if isinstance(result, Transcript)]
    assert good == results, [str(result) for result in results]
    return good


def call(document: object) -> Transcript:
    (transcript,) = calls(document)
    return transcript


def text_call(text: str) -> Transcript:
    (reader,) = [reader for reader in TEXT_READERS if reader.matches_text(text[:4096])]
    (transcript,) = reader.parse_text(text, ORIGIN)
    assert isinstance(transcript, Transcript), str(transcript)
    return transcript


def said(transcript: Transcript) -> list[tuple[str, int | None, int | None]]:
    return [(turn.text, turn.start_ms, turn.end_ms) for turn in transcript.turns]


# ---- FunASR


def funasr(*sentences: dict[str, object], text: str = "", **more: object) -> dict[str, object]:
    return {"key": "k1", "text": text, "sentence_info": list(sentences), **more}


def test_funasr_所有人都是0时标签照传_由框架提示() -> None:
    heard = call([funasr({"text": "您好。", "start": 0, "end": 900, "spk": 0},
                         {"text": "我要退货。", "start": 1200, "end": 2500, "spk": 0})])  # fmt: skip
    assert {turn.speaker_label for turn in heard.turns} == {"0"}
    assert heard.role_source == "unknown"


@pytest.mark.parametrize("sentence_info", [[], None])
def test_funasr_没有标点模型时整段作一句(sentence_info: object) -> None:
    heard = call([{"key": "k1", "text": "您好请讲", "timestamp": [[10, 20], [20, 30], [30, 40], [40, 50]],
                   "sentence_info": sentence_info}])  # fmt: skip
    assert said(heard) == [("您好请讲", 10, 50)]
    assert len(heard.turns[0].words) == 4


def test_funasr_整段也没有时间() -> None:
    heard = call([{"key": "k1", "text": "您好请讲"}])
    assert said(heard) == [("您好请讲", None, None)]
    assert heard.unit_source == "none"


def test_funasr_raw_text_不当正文() -> None:
    sentence = {"text": "共2024元。", "start": 0, "end": 900, "spk": 1}
    assert said(call([funasr(sentence, text="共2024元。", raw_text="共二零二四元")]))[0][0] == "共2024元。"


def test_funasr_数字转写后字数对不上就不配词时间() -> None:
    stamps = [[0, 100], [100, 200], [200, 300], [300, 400], [400, 500], [500, 600]]
    heard = call([funasr({"text": "共2024元。", "start": 0, "end": 600, "timestamp": stamps, "spk": 0})])
    assert heard.turns[0].words == ()


@pytest.mark.parametrize(
    ("text", "words", "emotion"),
    [
        ("<|zh|><|ANGRY|><|Speech|><|withitn|>我要投诉。", "我要投诉。", "ANGRY"),
        ("<|zh|><|HAPPY|><|Speech|><|woitn|>好的。", "好的。", "HAPPY"),
        ("<|zh|><|EMO_UNKNOWN|><|Speech|><|withitn|>嗯。", "嗯。", None),
        (
            "<|zh|><|SAD|><|Speech|><|withitn|>唉。<|zh|><|SAD|><|Speech|><|withitn|>算了。",
            "唉。算了。",
            "SAD",
        ),
        ("<|zh|><|SAD|><|Speech|><|withitn|>唉。<|zh|><|HAPPY|><|Speech|><|withitn|>好。", "唉。好。", None),
        ("小于号<和|都照原样", "小于号<和|都照原样", None),
    ],
)
def test_sensevoice_标签进信号_不留在正文(text: str, words: str, emotion: str | None) -> None:
    (turn,) = call([funasr({"sentence": text, "start": 0, "end": 2000, "spk": 0})]).turns
    assert turn.text == words
    assert turn.signals.get("emotion") == emotion


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        (("您好，", 0, 500, 0), ("请讲。", 600, 900, 0), [("您好，请讲。", 0, 900)]),
        (("您好。", 0, 500, 0), ("请讲。", 600, 900, 0), [("您好。", 0, 500), ("请讲。", 600, 900)]),
        (("您好，", 0, 500, 0), ("请讲。", 600, 900, 1), [("您好，", 0, 500), ("请讲。", 600, 900)]),
        (("您好，", 0, 500, 0), ("请讲。", 1600, 1900, 0), [("您好，", 0, 500), ("请讲。", 1600, 1900)]),
    ],
)
def test_funasr_逗号处切开的话接起来(first: tuple, second: tuple, whole: list) -> None:
    keys = ("text", "start", "end", "spk")
    sentences = [dict(zip(keys, values, strict=True)) for values in (first, second)]
    assert said(call([funasr(*sentences)])) == whole


def test_funasr_一个数组是多通电话() -> None:
    one = funasr({"text": "您好。", "start": 0, "end": 900, "spk": 0})
    two = {**one, "key": "k2"}
    assert [(c.id, c.origin.record) for c in calls([one, two]) if c.origin] == [("k1", 0), ("k2", 1)]


def message(mode: str, text: str, wav: str = "w1", **more: object) -> dict[str, object]:
    return {"mode": mode, "wav_name": wav, "text": text, "is_final": False, **more}


def test_funasr_websocket_纠正后的结果算数_没纠正的尾巴保留() -> None:
    heard = call([
        message("2pass-online", "宁"), message("2pass-online", "好"),
        message("2pass-offline", "您好。", timestamp="[[0,100],[100,200]]"),
        message("2pass-online", "我要"), message("2pass-online", "退货"),
    ])  # fmt: skip
    assert said(heard) == [("您好。", 0, 200), ("我要退货", None, None)]


def test_funasr_websocket_多段录音分成多通() -> None:
    stream = [message("2pass-offline", "您好。", "w1", timestamp="[[0,100],[100,200]]"),
              message("2pass-offline", "喂？", "w2", timestamp="[[5,90]]"),
              message("2pass-offline", "请讲。", "w1", timestamp="[[300,400],[400,500]]")]  # fmt: skip
    assert [(c.id, said(c)) for c in calls(stream)] == [
        ("w1", [("您好。", 0, 200), ("请讲。", 300, 500)]),
        ("w2", [("喂？", 5, 90)]),
    ]


def test_funasr_websocket_2pass_的一条不是一通电话() -> None:
    lone = message("2pass-offline", "您好。")
    assert [reader.name for reader in READERS if reader.matches(lone)] == []
    assert said(call(message("offline", "您好。"))) == [("您好。", None, None)]


def test_funasr_offline_一行一通_逐行读() -> None:
    lines = json.dumps(message("offline", "您好。")) + "\n"
    assert [reader.name for reader in TEXT_READERS if reader.matches_text(lines)] == []


@pytest.mark.parametrize(
    ("text", "said_texts"),
    [
        ("正是因为，你说的对。", ["正是因为，你说的对。"]),  # comma: joined again
        ("正是因为。 你说的对！", ["正是因为。", "你说的对！"]),  # blanks between sentences
        ("全然不同的一句话", ["全然不同的一句话"]),  # stamps do not belong to it: kept whole
    ],
)
def test_funasr_stamp_sents_只用来切正文(text: str, said_texts: list[str]) -> None:
    stamps = [
        {"text_seg": "正 是 因 为", "punc": ",", "start": 430, "end": 1130,
         "ts_list": [[430, 670], [670, 810], [810, 1030], [1030, 1130]]},
        {"text_seg": "你 说 的 对", "punc": "。", "start": 1200, "end": 2000, "ts_list": []},
    ]  # fmt: skip
    heard = call(message("offline", text, stamp_sents=stamps, timestamp=""))
    assert [turn.text for turn in heard.turns] == said_texts
    assert (heard.turns[0].start_ms, heard.turns[-1].end_ms) == (430, 2000)


def test_funasr_spk_name() -> None:
    heard = call(message("offline", "您好。", timestamp="[[0,100],[100,200]]", spk_name="spk_a"))
    assert heard.turns[0].speaker_label == "spk_a"


# ---- Whisper


def test_verbose_json_的_duration_是识别耗时() -> None:
    assert read("verbose_json.json").duration_ms is None


def test_verbose_json_没有分段时整段作一句() -> None:
    assert said(call({"text": " 您好，请讲。", "segments": [], "duration": 0.4})) == [
        ("您好，请讲。", None, None)
    ]


def test_whisperx_说话人可缺_词时间可缺_首空格不是话() -> None:
    heard = call({"segments": [
        {"start": 0.52, "end": 2.31, "text": " 您好", "words": [
            {"word": "您", "start": 0.52, "end": 0.7, "score": 0.91}, {"word": "2024"}]},
        {"start": 3.0005, "end": 4.2, "text": " 喂", "speaker": "SPEAKER_01"},
    ], "word_segments": [], "language": "zh"})  # fmt: skip
    assert [turn.text for turn in heard.turns] == ["您好", "喂"]
    assert [turn.speaker_label for turn in heard.turns] == [None, "SPEAKER_01"]
    assert heard.turns[0].words == (Word("您", 520, 700, 0.91), Word("2024", None, None, None))
    assert heard.turns[1].start_ms == 3001  # half up


# ---- SRT, VTT


def vtt(*cues: str) -> str:
    return "WEBVTT\n\n" + "\n\n".join(cues) + "\n"


def test_vtt_省略小时() -> None:
    heard = text_call(vtt("00:00.520 --> 00:02.310\n您好", "59:59.000 --> 01:00:01.000\n再见"))
    assert said(heard) == [("您好", 520, 2310), ("再见", 3599000, 3601000)]


def test_vtt_一段里两个人() -> None:
    heard = text_call(vtt("00:01.000 --> 00:04.000\n<v 客服>请讲</v>\n<v 客户>我要退货</v>"))
    assert [(t.speaker, t.text) for t in heard.turns] == [
        (Speaker.AGENT, "请讲"),
        (Speaker.CUSTOMER, "我要退货"),
    ]


def test_srt_一段里两个人() -> None:
    heard = text_call("1\n00:00:01,000 --> 00:00:04,000\n客服：请讲\n客户：我要退货，\n今天就退\n")
    assert [(t.speaker, t.text) for t in heard.turns] == [
        (Speaker.AGENT, "请讲"),
        (Speaker.CUSTOMER, "我要退货，今天就退"),
    ]


@pytest.mark.parametrize(
    ("line", "label", "text"),
    [
        ("[SPEAKER_00]: 您好", "SPEAKER_00", "您好"),
        ("SPEAKER_01: 您好", "SPEAKER_01", "您好"),
        ("客服：您好", "客服", "您好"),
        ("客户1: 您好", "客户1", "您好"),
        ("地址：人民路1号", None, "地址：人民路1号"),
        ("时间是10：30", None, "时间是10：30"),
        ("[笑声]", None, "[笑声]"),
        ("3 < 5 是对的", None, "3 < 5 是对的"),
        ("<i>您好</i>", None, "您好"),
        ("<font color='red'>您好</font>", None, "您好"),
    ],
)
def test_srt_前缀与标签(line: str, label: str | None, text: str) -> None:
    (turn,) = text_call(f"1\n00:00:01,000 --> 00:00:04,000\n{line}\n").turns
    assert (turn.speaker_label, turn.text) == (label, text)


def test_vtt_转义与行内时间() -> None:
    (turn,) = text_call(vtt("00:01.000 --> 00:04.000\nA&amp;B <00:02.000>&lt;好&gt;<c.red>吗</c>")).turns
    assert turn.text == "A&B <好>吗"


def test_英文换行补空格() -> None:
    assert text_call(vtt("00:01.000 --> 00:04.000\nhello\nworld")).turns[0].text == "hello world"


def test_highlight_words_每个词重写一遍全句_合成一句() -> None:
    heard = text_call(
        "1\n00:00:00,000 --> 00:00:00,500\n[SPEAKER_00]: <u>您</u>好\n\n"
        "2\n00:00:00,500 --> 00:00:00,600\n[SPEAKER_00]: 您好\n\n"
        "3\n00:00:00,600 --> 00:00:01,000\n[SPEAKER_00]: 您<u>好</u>\n\n"
    )
    assert said(heard) == [("您好", 0, 1000)]
    assert heard.turns[0].words == (Word("您", 0, 500), Word("好", 600, 1000))


def test_whisperx_纯文本里没有说话人的行() -> None:
    heard = text_call("[SPEAKER_00]: 您好\n喂\n\n[SPEAKER_01]: [笑声]\n")
    assert [(t.speaker_label, t.text) for t in heard.turns] == [
        ("SPEAKER_00", "您好"),
        (None, "喂"),
        ("SPEAKER_01", "[笑声]"),
    ]


def test_没有高亮时重复的话是说了两遍() -> None:
    heard = text_call("1\n00:00:00,000 --> 00:00:00,500\n喂\n\n2\n00:00:00,500 --> 00:00:01,000\n喂\n")
    assert [turn.text for turn in heard.turns] == ["喂", "喂"]


# ---- Alibaba


def test_sca_文本会话按_beginTime() -> None:
    heard = call({"tickets": [{"tid": "t1", "dialogue": [
        {"role": "客服", "identity": "客服A", "words": "您好", "beginTime": "2024-03-05 09:30:00"},
        {"role": "客户", "identity": "客户1", "words": "退款", "beginTime": "2024-03-05 09:30:07"},
    ]}]})  # fmt: skip
    assert heard.channel is Channel.CHAT
    assert said(heard) == [("您好", 0, None), ("退款", 7000, None)]
    assert heard.turns[1].signals["sent_at"] == "2024-03-05T09:30:07"


def test_sca_随路数据() -> None:
    heard = read("sca_upload.json")
    assert (heard.agent.id, heard.agent.name, heard.agent.skill_group) == ("7001", "坐席甲", "安装售后")
    assert heard.customer.id == "c-88"
    assert heard.started_at == "2024-03-05T09:30:00"
    assert heard.attributes["caller"] == "4000000001"
    assert heard.turns[0].speaker_label == "客服A"


def test_sca_结果_语速每分钟_能量值是响度不是情绪() -> None:
    heard = read("sca_result.json")
    assert heard.turns[0].signals["loudness"] == 6
    assert "emotion" not in heard.turns[0].signals
    assert heard.turns[0].signals["speech_rate_cpm"] == 265
    assert heard.attributes["Callee"] == "4000000002"
    assert heard.started_at == "2024-03-05T09:30:00"


def test_sca_角色认不全时留作未知() -> None:
    heard = call({"tid": "t1", "dialogue": [
        {"role": "客服", "words": "您好", "begin": 0, "end": 900},
        {"role": "第三方", "words": "我插一句", "begin": 1000, "end": 2000},
    ]})  # fmt: skip
    assert [turn.speaker for turn in heard.turns] == [Speaker.AGENT, Speaker.UNKNOWN]
    assert heard.turns[1].speaker_label == "第三方"
    assert heard.role_source == "given"
    assert not heard.has_roles


def test_实时转写_AB不是角色_消息乱序要排好() -> None:
    reports = json.loads((FIXTURES / "aliyun_live.json").read_text(encoding="utf-8"))
    assert calls(reports[::-1])[0].turns == calls(reports)[0].turns
    assert calls(reports)[0].role_source == "unknown"


@pytest.mark.parametrize("name", ["aliyun_file.json", "aliyun_file_report.json"])
def test_录音文件识别_静音以秒计_数字可以是文本(name: str) -> None:
    signals = read(name).turns[5].signals
    assert signals["silence_before_ms"] == 11000
    assert signals["loudness"] == 6.1
    assert signals["speech_rate_cpm"] == 292
    assert "emotion" not in signals


def test_录音文件识别_两个声道() -> None:
    assert read("aliyun_file.json").attributes["channels"] == 2


@pytest.mark.parametrize("name", ["aliyun_file.json", "transcribe_segments.json"])
def test_逐声道排列的句子按时间并起来(name: str) -> None:
    document = json.loads((FIXTURES / name).read_text(encoding="utf-8"))
    if name == "aliyun_file.json":
        document["Result"]["Sentences"].sort(key=lambda sentence: sentence["ChannelId"])
    else:
        document["results"]["audio_segments"].sort(key=lambda segment: segment["speaker_label"])
    assert call(document).turns == read(name).turns


def test_录音文件识别_裸句子按时间并起来() -> None:
    late = {"BeginTime": 900, "EndTime": 1200, "ChannelId": 0, "Text": "请讲"}
    early = {"BeginTime": 0, "EndTime": 500, "ChannelId": 1, "Text": "喂"}
    assert said(call([late, early])) == [("喂", 0, 500), ("请讲", 900, 1200)]


def test_录音文件识别_裸句子数组与大小写() -> None:
    one = {"beginTime": 1020, "channelId": 0, "emotionValue": "5.7", "endTime": 1770,
           "silenceDuration": "0", "speechRate": "80", "text": "您好"}  # fmt: skip
    assert said(call([one])) == [("您好", 1020, 1770)]
    assert said(call({"callId": "c", "sentences": [one]})) == [("您好", 1020, 1770)]


def test_dashscope_没有说话人时用声道() -> None:
    sentence = {"begin_time": 1, "end_time": 2, "text": "好", "sentence_id": 1, "words": None}
    heard = call({"file_url": None, "transcripts": [{"channel_id": 0, "sentences": [sentence]}]})
    assert heard.turns[0].speaker_label == "0"


def test_dashscope_录音地址去掉签名() -> None:
    assert read("dashscope.json").attributes["recording"] == "https://example.com/audio/call_001.wav"


# ---- Tencent


def test_腾讯_任何字段都可能是空值() -> None:
    blank = dict.fromkeys(("WrittenText", "SliceSentence", "StartMs", "EndMs", "Words", "SpeechSpeed",
                           "SpeakerId", "EmotionalEnergy", "EmotionType"))  # fmt: skip
    heard = call({"ResultDetail": [{**blank, "FinalSentence": "您好。"}]})
    assert heard.turns == (Turn(Speaker.UNKNOWN, "您好。"),)


def test_腾讯_词时间从句首算起_语速每秒() -> None:
    word = {"Word": "您", "OffsetStartMs": 0, "OffsetEndMs": 240}
    sentence = {"FinalSentence": "您。", "StartMs": 760, "EndMs": 3240, "SpeechSpeed": 4.2}
    heard = call({"ResultDetail": [{**sentence, "EmotionType": ["neutral"], "Words": [word]}]})
    (turn,) = heard.turns
    assert turn.words == (Word("您", 760, 1000),)
    assert turn.signals == {"emotion": "NEUTRAL", "speech_rate_cpm": 252.0}


def test_腾讯_最终文本为空时用切分文本去空格() -> None:
    sentence = {"FinalSentence": None, "SliceSentence": "您 好 ok 吗", "StartMs": 0, "EndMs": 900}
    assert said(call([sentence]))[0][0] == "您好ok吗"


def test_tccc_时间戳换成通话内毫秒() -> None:
    heard = read("tencent_tccc.json")
    assert heard.turns[0].start_ms == 0
    assert heard.started_at == "2024-03-05T09:30:00.340+08:00"


# ---- Amazon


def test_contact_lens_分类名去空格_空的命中点表示整通() -> None:
    for name in ("contact_lens_voice.json", "contact_lens_live.json", "transcribe_call_analytics.json"):
        attributes = read(name).attributes
        assert attributes["categories"] == ["安装延误", "未核身"]
        assert attributes["category_matches"] == {
            "安装延误": [{"start_ms": 5305, "end_ms": 10415}],
            "未核身": "whole_contact",
        }


@pytest.mark.parametrize("name", ["contact_lens_voice.json", "transcribe_call_analytics.json"])
def test_contact_lens_信号(name: str) -> None:
    heard = read(name)
    assert heard.turns[1].signals["loudness_db"] == [79.27, None, 81.5]
    assert heard.turns[1].signals["issues"] == [[0, 8]]
    assert heard.turns[6].signals["sentiment"] == "NEGATIVE"
    assert heard.attributes["interruptions"] == {
        "count": 1,
        "total_ms": 5510,
        "by": {"agent": [{"start_ms": 26040, "end_ms": 31550}]},
    }


def lens_turn(**more: object) -> dict[str, object]:
    turn = {"ParticipantId": "AGENT", "Content": "好", "BeginOffsetMillis": 0, "EndOffsetMillis": 9, **more}
    return {"Participants": [{"ParticipantId": "AGENT", "ParticipantRole": "AGENT"}], "Transcript": [turn]}


def test_contact_lens_响度字段两种拼法() -> None:
    assert call(lens_turn(LoudnessScore=[70])).turns[0].signals["loudness_db"] == [70.0]


def test_call_analytics_流式没有时间与词() -> None:
    document = {"Participants": [], "Transcript": [{"ParticipantRole": "AGENT", "Content": "好"}]}
    assert said(call(document)) == [("好", None, None)]


def test_call_analytics_置信度是文本_标点不是词() -> None:
    words = read("transcribe_call_analytics.json").turns[0].words
    assert {word.confidence for word in words} == {0.87}
    assert "？" not in {word.text for word in words}


def test_contact_lens_聊天_系统消息与事件() -> None:
    heard = read("contact_lens_chat.json")
    assert (heard.turns[0].speaker, heard.turns[0].text) == (Speaker.SYSTEM, "正在为您转接人工客服")
    assert heard.turns[1].signals["sent_at"] == "2024-03-05T01:30:00.340Z"
    assert heard.started_at == "2024-03-05T01:30:00.000Z"
    events = heard.attributes["events"]
    assert isinstance(events, list)
    assert [(event["at_ms"], event["speaker"]) for event in events] == [(0, "customer"), (57000, "agent")]
    assert heard.attributes["category_matches"] == {"安装延误": [{"items": ["m-5305"]}]}


def test_实时片段_猜测与小结不是话() -> None:
    segment = {"Transcript": {"ParticipantId": "p", "ParticipantRole": "CUSTOMER", "Content": "好",
                              "BeginOffsetMillis": 0, "EndOffsetMillis": 9}}  # fmt: skip
    assert len(call({"Segments": [{"Utterance": {"PartialContent": "好"}}, segment]}).turns) == 1


def transcribe_item(text: str, start: float | None = None, end: float | None = None, **more: object) -> dict:
    item: dict[str, object] = {"alternatives": [{"confidence": "0.9", "content": text}], **more}
    if start is None:
        return {**item, "type": "punctuation"}
    return {**item, "start_time": str(start), "end_time": str(end), "type": "pronunciation"}


def transcribe_job(items: list, **results: object) -> dict[str, object]:
    return {"jobName": "j", "results": {"transcripts": [{"transcript": ""}], "items": items, **results}}


def test_transcribe_英文词间空格_标点前不空() -> None:
    items = [transcribe_item("Hello", 0.1, 0.4), transcribe_item(","), transcribe_item("world", 0.5, 0.9)]
    heard = call(transcribe_job(items))
    assert said(heard) == [("Hello, world", 100, 900)]
    assert heard.turns[0].words == (Word("Hello", 100, 400, 0.9), Word("world", 500, 900, 0.9))


def test_transcribe_声道之间插话不打断对方() -> None:
    agent = [
        transcribe_item("请", 0, 0.5),
        transcribe_item("稍等", 0.5, 1.5),
        transcribe_item("一下", 1.5, 2),
    ]
    customer = [transcribe_item("嗯", 0.8, 1.0)]
    channels = [{"channel_label": "ch_0", "items": agent}, {"channel_label": "ch_1", "items": customer}]
    heard = call(transcribe_job(agent + customer, channel_labels={"channels": channels}))
    assert said(heard) == [("请稍等一下", 0, 2000), ("嗯", 800, 1000)]
    assert [turn.speaker_label for turn in heard.turns] == ["ch_0", "ch_1"]
    assert heard.attributes["channels"] == 2


def test_transcribe_说话人片段重叠时归后开始的一方() -> None:
    segments = [
        {"start_time": "0.0", "end_time": "3.0", "speaker_label": "spk_0"},
        {"start_time": "1.0", "end_time": "2.0", "speaker_label": "spk_1"},
    ]
    items = [
        transcribe_item("请", 0, 0.5),
        transcribe_item("嗯", 1.2, 1.5),
        transcribe_item("稍等", 2.2, 3.0),
    ]
    heard = call(transcribe_job(items, speaker_labels={"segments": segments}))
    assert [(t.speaker_label, t.text) for t in heard.turns] == [("spk_0", "请稍等"), ("spk_1", "嗯")]


def test_pca_显示文本带标记_取原文_秒() -> None:
    heard = read("pca.json")
    assert "<span>" not in heard.turns[0].text
    assert heard.agent.name == "坐席甲"
    assert heard.turns[0].speaker_label == "spk_0"


# ---- Google, Huawei


def test_google_微秒_也可能是绝对时间() -> None:
    moments = ((0, "AGENT"), (1500499, "CUSTOMER"), (2500500, "AUTOMATED_AGENT"))
    entries = [
        {"start_timestamp_usec": 1709602200000000 + us, "text": "好", "role": role, "user_id": 1}
        for us, role in moments
    ]
    heard = call({"entries": entries})
    assert [turn.start_ms for turn in heard.turns] == [0, 1500, 2501]
    assert heard.started_at == "2024-03-05T09:30:00+08:00"
    assert heard.turns[2].speaker is Speaker.SYSTEM


def test_华为_语速每秒_未知情绪不算情绪_USER是客户() -> None:
    heard = read("huawei_sis.json")
    assert heard.turns[0].signals == {"speech_rate_cpm": 258.0}
    assert heard.turns[6].signals["emotion"] == "ANGRY"
    assert heard.turns[1].speaker is Speaker.CUSTOMER


@pytest.mark.parametrize("role", ["speaker1", "speaker10", None])
def test_华为_单声道只有说话人编号(role: str | None) -> None:
    result = {"text": "好", "analysis_info": {"role": role}}
    heard = call({"segments": [{"start_time": 0, "end_time": 9, "result": result}]})
    assert (heard.turns[0].speaker, heard.turns[0].speaker_label) == (Speaker.UNKNOWN, role)


# ---- laws


@given(st.integers(0, 10**8), st.integers(0, 10**5))
def test_秒与毫秒读出同样的时间(start: int, length: int) -> None:
    end = start + length
    from_seconds = call({"segments": [{"start": start / 1000, "end": end / 1000, "text": "好"}]})
    from_strings = call(transcribe_job([transcribe_item("好", start / 1000, end / 1000)]))
    from_ms = call([funasr({"text": "好", "start": start, "end": end})])
    assert said(from_seconds) == said(from_strings) == said(from_ms) == [("好", start, end)]


@given(st.integers(0, 99 * 3600_000), st.integers(0, 10**6))
def test_字幕里的时间读得出原来的毫秒(start: int, length: int) -> None:
    def clock(ms: int, mark: str, hours: bool) -> str:
        seconds, fraction = divmod(ms, 1000)
        parts = [seconds // 3600, seconds // 60 % 60, seconds % 60]
        written = parts if hours or parts[0] else parts[1:]
        return ":".join(f"{part:02d}" for part in written) + f"{mark}{fraction:03d}"

    end = start + length
    srt = f"1\n{clock(start, ',', True)} --> {clock(end, ',', True)}\n好\n"
    short = vtt(f"{clock(start, '.', False)} --> {clock(end, '.', False)}\n好")
    assert said(text_call(srt)) == said(text_call(short)) == [("好", start, end)]
