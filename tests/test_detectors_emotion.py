"""情绪：曲线、指数、突降（位置、诱因、恢复）。

加一例：在表里写一段带标注的对话（写法见 scripted.py），再写期望；句号从 0 数起。
"""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import MODEL, THRESHOLDS, dialogue, emotion, play

from qa_engine.detectors.emotion import EmotionDetector
from qa_engine.domain.emotion import CALM, emotion_label, emotion_states, expected_value, overall_index
from qa_engine.domain.finding import NotEvaluable
from qa_engine.domain.prediction import EMOTIONS, Prediction, TurnPrediction
from qa_engine.domain.report import Emotion
from qa_engine.domain.taxonomy import AGENT_FAULTS, DROP_CAUSES
from qa_engine.domain.transcript import Channel, Speaker, Transcript, Turn
from qa_engine.text.reading import read_transcript

DETECTOR = EmotionDetector()


def detect(reading, prediction) -> Emotion:
    found = DETECTOR.detect(reading, prediction)
    assert isinstance(found, Emotion), found
    return found


def sequence(moods: str) -> tuple:
    """平/满/不/怒 each one customer turn, 坐 an agent turn with a neutral answer."""
    names = {"平": "客户 平静", "满": "客户 满意", "不": "客户 不满", "怒": "客户 愤怒", "坐": "坐席 告知"}
    return play("\n".join(f"{names[mood]}：这一句说了些具体内容" for mood in moods))


FALLS = [
    ("一路平静", "平坐平坐平坐平", []),
    ("平静到愤怒，总算突降", "平坐怒", [2]),
    ("不满到愤怒，是又一次突降", "平坐平坐不坐不坐怒", [4, 8]),
    ("满意到不满，总算突降", "平坐满坐不坐平", [4]),
    ("满意回到平静不算", "平坐满坐平坐平", []),
    ("一句不满随即平静，不算", "平坐平坐不坐平坐平坐平坐平", []),
    ("不满持续，算第一句", "平坐平坐不坐不坐不坐平", [4]),
    ("不满在三句客户话内重现，算", "平坐平坐不坐平坐平坐不", [4]),
    ("第四句才重现，只是偶尔抱怨", "平坐平坐不坐平坐平坐平坐不坐平坐平坐平", []),
    ("客户来时就不满，不算突降", "不坐不坐不坐平", []),
    ("来时就愤怒，也不算", "怒坐怒坐怒", []),
    ("来时不满，后来愤怒，算", "不坐不坐怒", [4]),
    ("坐席开口之前一口气说完的不满，不算", "平平不不坐平坐平", []),
    ("恢复后再次跌落，是新的突降", "平坐怒坐平坐平坐平坐平坐怒", [2, 12]),
    ("同一场愤怒里夹一句平静，不重复计", "平坐怒坐平坐怒坐怒", [2]),
    ("只报跌落的第一句", "平坐不坐不坐不坐不坐不", [2]),
    ("最后一句才不满，没有持续，不算", "平坐平坐平坐不", []),
    ("最后一句愤怒，算", "平坐平坐平坐怒", [6]),
    ("坐席连发多句不影响计数", "平坐坐坐坐坐不坐坐坐坐不", [6]),
]


@pytest.mark.parametrize(("moods", "turns"), [row[1:] for row in FALLS], ids=[row[0] for row in FALLS])
def test_where_emotion_falls(moods, turns):
    assert [drop.turn for drop in detect(*sequence(moods)).drops] == turns


CAUSES = [
    ("坐席推诿", """
        客户 平静 询问：我的空调什么时候能修
        坐席 告知 推诿：这个不归我们管，您找安装队吧
        客户 愤怒 抱怨：你们卖的东西还不归你们管
     """, (1, "agent", "shirk")),
    ("坐席指责客户，比告知的内容更能说明问题", """
        客户 平静 告知：杯子收到就裂了
        坐席 告知 指责客户：是您自己摔的吧，不能退
        客户 愤怒 抱怨：你凭什么这么说
     """, (1, "agent", "blame")),
    ("拒绝诉求", """
        客户 平静 请求：我想退掉这张年卡
        坐席 告知：年卡开通以后不支持退款的
        客户 愤怒 抱怨：办的时候可不是这么讲的
     """, (1, "agent", "refusal")),
    ("告知延误", """
        客户 平静 询问：包裹到哪里了
        坐席 告知：受天气影响有延误，预计后天到
        客户 愤怒 抱怨：后天黄花菜都凉了
     """, (1, "agent", "delay_news")),
    ("告知费用", """
        客户 平静 询问：上门检测要钱吗
        坐席 告知：上门费一共 80 元
        客户 愤怒 抱怨：抢钱吗这是
     """, (1, "agent", "price_news")),
    ("转接", """
        客户 平静 询问：账单为什么多一笔
        坐席 升级：我帮您转接到账务组
        客户 愤怒 抱怨：好了这个又来那个
     """, (1, "agent", "transfer")),
    ("客户自己点明是转来转去", """
        客户 平静 询问：账单为什么多一笔
        坐席 请客户稍等：请您稍等
        客户 愤怒 抱怨：你们转来转去有完没完
     """, (1, "agent", "transfer")),
    ("反复询问", """
        客户 平静 告知：手机号尾号是零零零零
        坐席 询问信息：麻烦提供一下手机号尾号
        客户 愤怒 抱怨：我都说了三遍了
     """, (1, "agent", "repeat_question")),
    ("连续追问无人应答", """
        客户 平静 询问：什么时候发货
        坐席 请客户稍等：我看一下
        客户 平静 催促：好了没
        客户 愤怒 催促：到底有没有在看
     """, (1, "agent", "no_answer")),
    ("不认可坐席的答复", """
        客户 平静 询问：我家宽带怎么这么慢
        坐席 告知：测下来一切正常
        客户 愤怒 抱怨：正常你来用用看
     """, (1, "agent", "disputed_answer")),
    ("坐席只是问候，不满来自客户自己", """
        坐席 问候：您好，很高兴为您服务
        客户 平静 告知：上周买的锅
        坐席 询问信息：请问是哪一款
        客户 愤怒 抱怨：把手烧化了，差点烫着孩子
     """, (3, "customer", "own_grievance")),
    ("安抚缺失只在没有更明确的诱因时才算", """
        客户 平静 告知：上周买的锅
        坐席 询问信息 未安抚：请问是哪一款
        客户 愤怒 抱怨：把手烧化了，差点烫着孩子
     """, (1, "agent", "no_soothing")),
    ("看不出诱因就不编", """
        坐席：嗯嗯
        客户 平静：就是这个
        坐席：嗯嗯
        客户 愤怒：哼
     """, None),
]  # fmt: skip


@pytest.mark.parametrize(("script", "cause"), [row[1:] for row in CAUSES], ids=[row[0] for row in CAUSES])
def test_what_a_fall_is_put_down_to(script, cause):
    (drop,) = detect(*play(script)).drops
    found = drop.cause and (drop.cause.turn, drop.cause.speaker, drop.cause.kind)
    assert found == cause


CLOCK = [
    ("电话里静音 15 秒", Channel.VOICE, {0: (0, 2000), 1: (17000, 18000), 2: (18500, 20000)}, (1, "silence")),
    ("电话里间隔 2 秒不算", Channel.VOICE, {0: (0, 2000), 1: (4000, 5000), 2: (5500, 7000)}, (1, "no_hint")),
    (
        "聊天里 15 秒不算久",
        Channel.CHAT,
        {0: (0, 2000), 1: (17000, 18000), 2: (18500, 20000)},
        (1, "no_hint"),
    ),
    ("坐席抢话", Channel.VOICE, {0: (0, 6000), 1: (4000, 5000), 2: (6500, 8000)}, (1, "talk_over")),
]


@pytest.mark.parametrize(("channel", "times", "cause"), [c[1:] for c in CLOCK], ids=[c[0] for c in CLOCK])
def test_the_clock_explains_a_fall(channel, times, cause):
    script = "客户 平静 询问：帮我看下套餐\n坐席 询问信息：哪一个套餐\n客户 愤怒 抱怨：就现在用的这个呀"
    (drop,) = detect(*play(script, times=times, channel=channel)).drops
    assert drop.cause is not None
    turn, kind = cause
    if kind == "no_hint":
        assert (drop.cause.turn, drop.cause.kind) == (2, "own_grievance")
    else:
        assert (drop.cause.turn, drop.cause.kind) == (turn, kind)


RECOVERIES = [
    ("致歉补偿后客户满意", """
        客户 平静 询问：我的蛋糕呢
        坐席 告知：骑手送错了
        客户 愤怒 抱怨：生日都过完了
        坐席 致歉 给出方案：非常抱歉，全额退款并补送一个
        客户 满意 致谢：行，谢谢你处理得这么快
     """, 4, True),
    ("接受方案，哪怕只说一个好的", """
        客户 平静 询问：我的蛋糕呢
        坐席 告知：骑手送错了
        客户 愤怒 抱怨：生日都过完了
        坐席 给出方案：给您全额退款
        客户 平静 接受：好的
     """, 4, True),
    ("只有一声嗯，不算恢复", """
        客户 平静 询问：我的蛋糕呢
        坐席 告知：骑手送错了
        客户 愤怒 抱怨：生日都过完了
        坐席 致歉：非常抱歉
        客户 平静：嗯
     """, None, None),
    ("勉强的行吧，不算恢复", """
        客户 平静 询问：我的蛋糕呢
        坐席 告知：骑手送错了
        客户 愤怒 抱怨：生日都过完了
        坐席 致歉：非常抱歉
        客户 平静 接受：行吧
     """, None, None),
    ("报个单号就挂断，说明不了什么", """
        客户 平静 询问：我的蛋糕呢
        坐席 告知：骑手送错了
        客户 愤怒 抱怨：生日都过完了
        坐席 询问信息：订单号报一下
        客户 平静 告知：单号是一二三
     """, None, None),
    ("平静下来又接着骂，从最后一次算起", """
        客户 平静 询问：我的蛋糕呢
        坐席 告知：骑手送错了
        客户 愤怒 抱怨：生日都过完了
        坐席 致歉：非常抱歉
        客户 平静 询问：那现在怎么办
        客户 愤怒 抱怨：你们真行
        坐席 给出方案：全额退款
        客户 平静 询问：多久到账
        坐席 告知：今天
        客户 平静 接受：那可以的
     """, 7, True),
    ("客户自己缓过来，坐席没有安抚", """
        客户 平静 询问：我的蛋糕呢
        坐席 告知：骑手送错了
        客户 愤怒 抱怨：生日都过完了
        坐席 告知：单子在这
        客户 平静 询问：那退款走哪个页面
        坐席 告知：订单页
        客户 平静 告知：我看到了
     """, 4, False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("script", "turn", "by_agent"), [row[1:] for row in RECOVERIES], ids=[row[0] for row in RECOVERIES]
)
def test_whether_it_recovers(script, turn, by_agent):
    drop = detect(*play(script)).drops[0]
    assert (drop.recovered_turn, drop.recovered_by_agent) == (turn, by_agent)


def test_a_slip_that_may_well_be_anger_counts_even_alone():
    reading, prediction = sequence("平坐平坐不坐平坐平")
    near_anger = TurnPrediction({-2: 0.45, -1: 0.55, 0: 0.0, 1: 0.0}, {}, {})
    turns = (*prediction.turns[:4], near_anger, *prediction.turns[5:])
    heated = Prediction(MODEL, turns, prediction.dialogue, THRESHOLDS)
    assert detect(reading, prediction).drops == ()
    assert [drop.turn for drop in detect(reading, heated).drops] == [4]


def test_doubtful_turns_that_follow_support_a_doubtful_slip():
    reading, prediction = sequence("平坐平坐不坐平坐平坐平")
    doubtful = {-2: 0.0, -1: 0.55, 0: 0.45, 1: 0.0}
    nearly = {-2: 0.0, -1: 0.4, 0: 0.6, 1: 0.0}

    def drops(*following):
        moods = {4: doubtful} | dict(zip((6, 8, 10), following, strict=False))
        turns = tuple(
            TurnPrediction(moods[turn], {}, {}) if turn in moods else given
            for turn, given in enumerate(prediction.turns)
        )
        return [d.turn for d in detect(reading, Prediction(MODEL, turns, dialogue(), THRESHOLDS)).drops]

    assert drops() == []
    assert drops(nearly) == []
    assert drops(nearly, nearly, nearly) == [4]


def test_depth_runs_from_the_level_before_to_the_lowest_of_the_fall():
    (drop,) = detect(*sequence("平坐平坐不坐不坐不")).drops
    assert drop.from_index == pytest.approx(75)
    assert drop.to_index == pytest.approx(35 + 40 * 0.4**3)


REFUSED = [
    ("没有任何发言", "", "given", "no_turns"),
    ("没有客户发言", "坐席 问候：您好\n系统：会话结束", "given", "no_customer_turns"),
    ("角色全不认识", "未知：您好\n未知：你好", "given", "no_customer_turns"),
    ("角色未知", "客户 愤怒：太过分了\n坐席：嗯", "unknown", "no_roles"),
]


@pytest.mark.parametrize(("script", "roles", "code"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_what_cannot_be_judged_says_so(script, roles, code):
    found = DETECTOR.detect(*play(script, role_source=roles))
    assert isinstance(found, NotEvaluable)
    assert found.code == code
    assert "客户情绪" in found.reason


def test_a_model_without_emotion_rows_is_not_read_as_calm():
    reading, prediction = play("客户 愤怒：太过分了\n坐席：嗯")
    silent = tuple(TurnPrediction({}, {}, {}) for _ in prediction.turns)
    found = DETECTOR.detect(reading, Prediction(MODEL, silent, prediction.dialogue, THRESHOLDS))
    assert isinstance(found, NotEvaluable)
    assert found.code == "no_prediction"


def test_a_prediction_for_another_call_is_an_error():
    reading, _ = play("客户 平静：在吗")
    _, prediction = play("客户 平静：在吗\n坐席：在")
    with pytest.raises(ValueError, match="2 predicted turns for 1"):
        DETECTOR.detect(reading, prediction)


def test_ten_thousand_turns():
    moods = "".join(random.Random(5).choices("平不怒满坐", k=10_000))
    section = detect(*sequence(moods))
    assert len(section.curve) == sum(mood != "坐" for mood in moods)
    assert section.drops


@pytest.mark.parametrize(
    "words", ["1" * 20_000, "收" * 20_000, "。" * 20_000, "嗯。" * 10_000, "不" * 20_000]
)
def test_one_endless_turn(words):
    section = detect(*play(f"客户 平静：{words}\n坐席：{words}\n客户 愤怒：{words}\n客户 平静：{words}"))
    assert [drop.turn for drop in section.drops] == [2]


def test_every_corpus_fall_the_gold_labels_imply_is_found_near_the_labelled_place():
    found = hits = labelled = near = 0
    for record in corpus():
        drops = [drop.turn for drop in detect(*labelled_call(record)).drops]
        found += len(drops)
        labelled += len(record["drops"])
        hits += len(set(drops) & set(record["drops"]))
        near += sum(any(abs(turn - drop) <= 4 for drop in drops) for turn in record["drops"])
    assert labelled > 500
    assert 2 * hits / (found + labelled) > 0.8
    assert near / labelled > 0.85


CORPUS = Path(__file__).parent.parent / "data" / "corpus"


def corpus():
    for path in sorted(CORPUS.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def labelled_call(record):
    """A corpus record as a model sure of every label would see it."""
    speakers = {"A": Speaker.AGENT, "C": Speaker.CUSTOMER}
    turns = tuple(Turn(speakers[turn["s"]], turn["t"]) for turn in record["turns"])
    predicted = tuple(
        TurnPrediction(emotion(turn["e"]), dict.fromkeys(turn["c"], 1.0), {})
        if turn["s"] == "C"
        else TurnPrediction(
            {},
            {act: 1.0 for act in turn["a"] if act not in AGENT_FAULTS},
            {act: 1.0 for act in turn["a"] if act in AGENT_FAULTS},
        )
        for turn in record["turns"]
    )
    return read_transcript(Transcript(record["id"], turns)), Prediction(
        MODEL, predicted, dialogue(), THRESHOLDS
    )


# Laws

probabilities = st.lists(st.floats(0, 1), min_size=4, max_size=4).map(
    lambda raw: {label: value / (sum(raw) or 1) for label, value in zip(EMOTIONS, raw, strict=True)}
)
spoken = st.tuples(st.sampled_from(list(Speaker)), probabilities)
calls = st.lists(spoken, min_size=1, max_size=40)


def build(call):
    turns = tuple(Turn(speaker, "说了一句话") for speaker, _ in call)
    predicted = tuple(
        TurnPrediction(mood if speaker is Speaker.CUSTOMER else {}, {}, {}) for speaker, mood in call
    )
    return read_transcript(Transcript("t", turns)), Prediction(MODEL, predicted, dialogue(), THRESHOLDS)


@given(calls)
def test_the_curve_has_exactly_the_customer_turns_and_drops_are_negative_ones(call):
    found = DETECTOR.detect(*build(call))
    customer = [turn for turn, (speaker, _) in enumerate(call) if speaker is Speaker.CUSTOMER]
    if not customer:
        assert isinstance(found, NotEvaluable)
        return
    assert [point.turn for point in found.curve] == customer
    assert found.index is not None
    assert all(0 <= index <= 100 for index in [found.index, *(point.index for point in found.curve)])
    assert all(set(point.probabilities) == {"-2", "-1", "0", "1"} for point in found.curve)
    moods = {point.turn: point.emotion for point in found.curve}
    for drop in found.drops:
        assert moods[drop.turn] < 0
        assert drop.recovered_turn is None or (
            drop.recovered_turn > drop.turn and moods[drop.recovered_turn] >= 0
        )
        assert (drop.recovered_turn is None) == (drop.recovered_by_agent is None)
        if drop.cause is not None:
            assert drop.cause.turn <= drop.turn
            assert drop.cause.kind in AGENT_FAULTS | DROP_CAUSES
            assert call[drop.cause.turn][0].value == drop.cause.speaker


@given(calls, calls)
def test_what_follows_never_changes_the_curve_so_far(call, more):
    before, after = DETECTOR.detect(*build(call)), DETECTOR.detect(*build(call + more))
    if isinstance(before, Emotion):
        assert after.curve[: len(before.curve)] == before.curve


@given(st.text("平坐", min_size=1, max_size=40).filter(lambda moods: "平" in moods))
def test_a_calm_call_has_no_drops_and_the_calm_index(moods):
    section = detect(*sequence(moods))
    assert section.drops == ()
    assert section.index == pytest.approx(CALM)


@given(st.text("平满不怒坐", min_size=1, max_size=40))
def test_a_certain_fall_always_leads_downwards(moods):
    found = DETECTOR.detect(*sequence(moods))
    if isinstance(found, Emotion):
        assert all(drop.to_index < drop.from_index for drop in found.drops)


@given(probabilities)
def test_a_label_never_comes_from_nothing(mood):
    label = emotion_label(mood, THRESHOLDS)
    assert label == 0 or mood[label] > 0
    assert 0 <= expected_value(mood) <= 100


def test_no_threshold_makes_a_label_of_zero_probability():
    free = Prediction(MODEL, (), dialogue(), THRESHOLDS).thresholds
    zero = type(free)({}, {}, {}, 0.0, 0.0, 0.0, 0.0, 0.0)
    assert emotion_label({-2: 0.0, -1: 0.0, 0: 1.0, 1: 0.0}, zero) == 0
    assert emotion_label({-2: 0.0, -1: 0.1, 0: 0.9, 1: 0.0}, zero) == -1


def test_the_overall_index_remembers_the_worst_moment_and_the_end():
    assert overall_index([]) is None
    rescued, spoiled = [75, 30, 75, 75], [75, 75, 75, 30]
    assert overall_index(rescued) > overall_index(spoiled)
    assert overall_index(rescued) < sum(rescued) / 4


def test_the_running_index_weighs_the_present_turn_most():
    turns = [TurnPrediction(emotion(label), {}, {}) for label in (0, -2, 0)]
    assert [state.index for state in emotion_states(turns, THRESHOLDS)] == pytest.approx([75, 30, 57])
