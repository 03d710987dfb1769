"""Users' own labels: the engine's transcript JSON with a gold object. Sparse on turns, anything may lack."""

from __future__ import annotations

import copy
import json

import pytest

from qa_engine.domain.taxonomy import COMPLAINT_TYPES
from training.answers import LABELS, outcome_answers, topic_answers, turn_answers
from training.corpus import CorpusError, read_file

CALL = {
    "id": "甲-1",
    "channel": "chat",
    "turns": [
        {"speaker": "system", "text": "会话已接入"},
        {"speaker": "customer", "text": "洗衣机又漏水了，第三次了"},
        {"speaker": "agent", "text": "您可以先看下说明书"},
        {"speaker": "customer", "text": "我要投诉"},
        {"speaker": "agent", "text": "抱歉，马上给您安排上门"},
        {"speaker": "customer", "text": "行"},
    ],
    "gold": {
        "emotions": {"1": -1, "3": -2},
        "drops": [3],
        "attitude": 2,
        "faults": [{"turn": 2, "kind": "cold"}, {"turn": 2, "kind": "no_soothing"}],
        "resolution": "partial",
        "complaint": True,
        "types": ["product.quality"],
        "review": True,
        "satisfaction": 2,
    },
}


def read(tmp_path, record):
    file = tmp_path / "mine.jsonl"
    file.write_text(json.dumps(record, ensure_ascii=False) + "\n", encoding="utf-8")
    [(_, dialogue)] = list(read_file(file))
    return dialogue


def test_turns_without_an_entry_are_neutral_and_faultless(tmp_path):
    dialogue = read(tmp_path, CALL)
    assert [turn.speaker for turn in dialogue.turns] == [turn["speaker"] for turn in CALL["turns"]]
    assert [turn.emotion for turn in dialogue.turns] == [None, -1, None, -2, None, 0]
    assert [dialogue.turns[i].faults for i in (2, 4)] == [("cold", "no_soothing"), ()]
    assert all(turn.acts is None for turn in dialogue.turns)
    assert dialogue.drops == (3,)
    assert dialogue.types == ("product.quality",)


def without(name):
    record = copy.deepcopy(CALL)
    del record["gold"][name]
    return record


def known(dialogue):
    """Which of the things a model must say are labelled."""
    turns, whole = turn_answers([dialogue]), outcome_answers([dialogue])
    return {
        "emotions": bool(turns["customer"].known[:, 0].all()),
        "customer acts": bool(turns["customer"].known[:, 3:].any()),
        "agent acts": bool(turns["agent"].known[:, 0].any()),
        "faults": bool(turns["agent"].known[:, -1].all()),
        "types": bool(topic_answers([dialogue]).known.all()),
        "resolution": bool(whole.known[0, 0]),
        "attitude": bool(whole.known[0, 3]),
        "satisfaction": bool(whole.known[0, 7]),
        "complaint": bool(whole.known[0, -2]),
        "review": bool(whole.known[0, -1]),
    }


def test_acts_are_never_labelled_in_this_shape(tmp_path):
    assert {name for name, told in known(read(tmp_path, CALL)).items() if not told} == {
        "customer acts", "agent acts",
    }  # fmt: skip


@pytest.mark.parametrize(
    "name", ["emotions", "faults", "types", "resolution", "attitude", "satisfaction", "complaint", "review"]
)
def test_what_is_absent_is_unknown_and_not_no(tmp_path, name):
    told = known(read(tmp_path, without(name)))
    assert {key for key, value in told.items() if not value} == {name, "customer acts", "agent acts"}


GROUPS = {
    "logistics.delay": "物流", "logistics.status": "物流", "product.quality": "质量", "money.refund": "退款",
}  # fmt: skip


@pytest.mark.parametrize(
    ("types", "yes", "unknown"),
    [
        (["质量"], {"product.quality"}, set()),
        (["物流"], set(), {"logistics.delay", "logistics.status"}),
        (["物流", "退款"], {"money.refund"}, {"logistics.delay", "logistics.status"}),
        (["other"], {"other"}, set()),
        ([], set(), set()),
    ],
)
def test_coarser_types_leave_open_which_of_several_it_was(tmp_path, types, yes, unknown):
    record = copy.deepcopy(CALL)
    record["gold"]["types"] = types
    dialogue = read(tmp_path, {**record, "type_groups": GROUPS})
    answers = topic_answers([dialogue])
    assert {key for key, value in zip(LABELS.types, answers.values[0], strict=True) if value} == yes
    assert {key for key, told in zip(LABELS.types, answers.known[0], strict=True) if not told} == unknown


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda r: r.update(turns="无"), "turns"),
        (lambda r: r.update(turns=[{"speaker": "system", "text": "会话已接入"}]), "turns"),
        (lambda r: r["turns"][1].update(speaker="客户"), "turns[1].speaker"),
        (lambda r: r["turns"][1].pop("text"), "turns[1].text"),
        (lambda r: r.update(channel="fax"), "channel"),
        (lambda r: r.update(gold=[]), "gold"),
        (lambda r: r["gold"].update(emotions={"2": -1}), "gold.emotions.2"),
        (lambda r: r["gold"].update(emotions={"9": -1}), "gold.emotions.9"),
        (lambda r: r["gold"].update(emotions={"洗衣机又漏水了": -1}), "gold.emotions"),
        (lambda r: r["gold"].update(emotions={"9" * 5000: -1}), "gold.emotions"),
        (lambda r: r["gold"].update(complain=True), "gold.complain"),
        (lambda r: r["gold"].update(emotion={}), "gold.emotion"),
        (lambda r: r.update(gold={}), ""),
        (lambda r: r.pop("gold"), "gold"),
        (lambda r: r["gold"].update(emotions={"1": -3}), "gold.emotions.1"),
        (lambda r: r["gold"].update(emotions=[]), "gold.emotions"),
        (lambda r: r["gold"].update(faults=[{"turn": 1, "kind": "cold"}]), "gold.faults[0].turn"),
        (lambda r: r["gold"].update(faults=[{"turn": True, "kind": "cold"}]), "gold.faults[0].turn"),
        (lambda r: r["gold"].update(faults=[{"turn": 2, "kind": "坏"}]), "gold.faults[0].kind"),
        (lambda r: r["gold"].update(faults=["cold"]), "gold.faults[0]"),
        (lambda r: r["gold"].update(drops=[2]), "gold.drops[0]"),
        (lambda r: r["gold"].update(attitude=0), "gold.attitude"),
        (lambda r: r["gold"].update(types=["天气"]), "gold.types[0]"),
        (lambda r: r["gold"].update(complaint=None), "gold.complaint"),
        (lambda r: r.update(type_groups={"天气": "天"}), "type_groups.天气"),
        (lambda r: r.update(type_groups={"other": 1}), "type_groups.other"),
    ],
)
def test_wrong_value_names_file_line_and_field(tmp_path, change, field):
    record = copy.deepcopy(CALL)
    change(record)
    with pytest.raises(CorpusError) as caught:
        read(tmp_path, record)
    assert (caught.value.line, caught.value.field) == (1, field)
    assert "漏水" not in str(caught.value)


def test_fields_of_others_are_left_alone(tmp_path):
    record = copy.deepcopy(CALL)
    record["gold"].update(reviewer="甲", note="看过", greeting=True)
    assert read(tmp_path, record) == read(tmp_path, CALL)


def test_customers_alone_without_an_emotion_are_not_labelled_by_an_empty_list_of_faults(tmp_path):
    record = copy.deepcopy(CALL)
    record["turns"] = [turn for turn in record["turns"] if turn["speaker"] != "agent"]
    record["gold"] = {"faults": []}
    with pytest.raises(CorpusError, match="没有任何标注"):
        read(tmp_path, record)


def test_every_known_type_is_its_own_group_unless_told():
    assert set(GROUPS) <= set(COMPLAINT_TYPES)
