"""The labelled transcripts follow one schema, and a record that does not says where and why."""

from __future__ import annotations

import copy
import gzip
import json
from pathlib import Path

import pytest

from training.corpus import CorpusError, read_corpus, read_file

CORPUS = Path(__file__).parent.parent / "data" / "corpus"

GOOD = {
    "id": "t-1",
    "industry": "ecommerce",
    "channel": "chat",
    "scenario": "催发货",
    "turns": [
        {"s": "C", "t": "怎么还不发货", "e": -1, "c": ["urge"]},
        {"s": "A", "t": "抱歉让您久等，今天发出", "a": ["apology", "solution"]},
    ],
    "drops": [],
    "attitude": 4,
    "resolution": "resolved",
    "satisfaction": 4,
    "complaint": True,
    "types": ["logistics.delay"],
    "review": False,
    "why": "",
}


def test_all_shipped_records_are_valid():
    dialogues = read_corpus([CORPUS])
    assert len(dialogues) == 2001
    assert len({dialogue.source for dialogue in dialogues}) == 30
    assert sum(len(dialogue.turns) for dialogue in dialogues) == 54130


def test_good_record_is_read_with_acts_and_faults_apart(tmp_path):
    record = copy.deepcopy(GOOD)
    record["turns"][1]["a"] = ["inform", "no_soothing"]
    [(line, dialogue)] = list(read_file(_write(tmp_path, record)))
    assert line == 1
    assert dialogue.turns[0].emotion == -1
    assert dialogue.turns[1].emotion is None
    assert dialogue.turns[1].acts == ("inform",)
    assert dialogue.turns[1].faults == ("no_soothing",)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda r: r.pop("id"), "id"),
        (lambda r: r.update(id=""), "id"),
        (lambda r: r.update(channel="fax"), "channel"),
        (lambda r: r.update(turns=[]), "turns"),
        (lambda r: r.update(turns="甲"), "turns"),
        (lambda r: r["turns"].append(7), "turns[2]"),
        (lambda r: r["turns"][0].update(s="X"), "turns[0].s"),
        (lambda r: r["turns"][0].update(t="  "), "turns[0].t"),
        (lambda r: r["turns"][0].pop("t"), "turns[0].t"),
        (lambda r: r["turns"][0].update(e=-3), "turns[0].e"),
        (lambda r: r["turns"][0].update(e=True), "turns[0].e"),
        (lambda r: r["turns"][0].update(c=["shout"]), "turns[0].c[0]"),
        (lambda r: r["turns"][1].update(a=["apology", "urge"]), "turns[1].a[1]"),
        (lambda r: r.update(drops=[1]), "drops[0]"),
        (lambda r: r.update(drops=[9]), "drops[0]"),
        (lambda r: r.update(attitude=6), "attitude"),
        (lambda r: r.update(resolution="solved"), "resolution"),
        (lambda r: r.update(complaint=1), "complaint"),
        (lambda r: r.update(types=[]), "types"),
        (lambda r: r.update(types=["logistics.delay", "weather"]), "types[1]"),
    ],
)
def test_broken_record_names_file_line_and_field(tmp_path, change, field):
    record = copy.deepcopy(GOOD)
    change(record)
    file = _write(tmp_path, GOOD, record)
    with pytest.raises(CorpusError) as caught:
        list(read_file(file))
    error = caught.value
    assert (error.file, error.line, error.field) == (str(file), 2, field)
    assert "怎么还不发货" not in str(error)


WHOLE = ("drops", "attitude", "resolution", "satisfaction", "complaint", "types", "review", "industry")


@pytest.mark.parametrize("name", WHOLE)
def test_label_of_a_dialogue_that_is_absent_is_not_labelled(tmp_path, name):
    record = copy.deepcopy(GOOD)
    del record[name]
    [(_, dialogue)] = list(read_file(_write(tmp_path, record)))
    assert getattr(dialogue, name) is None
    assert all(getattr(dialogue, other) is not None for other in WHOLE if other != name)


def test_label_of_a_turn_that_is_absent_is_not_labelled(tmp_path):
    record = copy.deepcopy(GOOD)
    del record["turns"][0]["e"], record["turns"][0]["c"], record["turns"][1]["a"]
    [(_, dialogue)] = list(read_file(_write(tmp_path, record)))
    customer, agent = dialogue.turns
    assert (customer.emotion, customer.acts) == (None, None)
    assert (agent.acts, agent.faults) == (None, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("attitude", None),
        ("complaint", None),
        ("complaint", "是"),
        ("types", "物流"),
        ("review", 0),
        ("satisfaction", 2.5),
    ],
)
def test_label_that_is_there_must_be_right(tmp_path, name, value):
    with pytest.raises(CorpusError) as caught:
        list(read_file(_write(tmp_path, {**GOOD, name: value})))
    assert caught.value.field == name


def test_packed_and_plain_files_of_a_folder_are_read_alike(tmp_path):
    plain = _write(tmp_path, GOOD)
    (tmp_path / "more.jsonl.gz").write_bytes(gzip.compress(plain.read_bytes().replace(b"t-1", b"t-2")))
    dialogues = read_corpus([tmp_path])
    assert [(d.id, d.source) for d in dialogues] == [("t-1", "labels"), ("t-2", "more")]
    assert dialogues[0].turns == dialogues[1].turns


def test_packed_file_that_is_cut_off_is_refused(tmp_path):
    file = tmp_path / "cut.jsonl.gz"
    file.write_bytes(gzip.compress(b"{}" * 500)[:-9])
    with pytest.raises(CorpusError, match="压缩内容不完整") as caught:
        read_corpus([file])
    assert "第 0 行" not in str(caught.value)


@pytest.mark.parametrize("text", ["{", "[1]", '"行"'])
def test_line_that_is_no_object(tmp_path, text):
    file = tmp_path / "x.jsonl"
    file.write_text("\n" + text + "\n", encoding="utf-8")
    with pytest.raises(CorpusError) as caught:
        list(read_file(file))
    assert caught.value.line == 2


def test_same_id_twice_is_refused(tmp_path):
    _write(tmp_path, GOOD, GOOD)
    with pytest.raises(CorpusError) as caught:
        read_corpus([tmp_path])
    assert (caught.value.line, caught.value.field) == (2, "id")


def test_every_place_named_must_hold_something(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "empty").mkdir()
    _write(tmp_path / "full", GOOD)
    for name, why in (("empty", "没有 .jsonl"), ("misspelt", "没有这个文件")):
        with pytest.raises(CorpusError, match=why) as caught:
            read_corpus([tmp_path / "full", tmp_path / name])
        assert caught.value.file == str(tmp_path / name)


def test_byte_order_mark_of_a_windows_editor_is_no_fault(tmp_path):
    file = _write(tmp_path, GOOD)
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert [dialogue.id for dialogue in read_corpus([file])] == ["t-1"]


def test_misspelt_label_is_refused_rather_than_taken_for_missing(tmp_path):
    record = {**GOOD, "complain": GOOD["complaint"]}
    del record["complaint"]
    with pytest.raises(CorpusError, match="是不是 complaint") as caught:
        list(read_file(_write(tmp_path, record)))
    assert caught.value.field == "complain"


def test_call_without_any_label_is_refused(tmp_path):
    turns = [{"s": turn["s"], "t": turn["t"]} for turn in GOOD["turns"]]
    bare = {"id": "t-1", "channel": GOOD["channel"], "turns": turns}
    with pytest.raises(CorpusError, match="没有任何标注"):
        list(read_file(_write(tmp_path, bare)))
    labelled = {**bare, "turns": [{**turns[0], "e": 0}, *turns[1:]]}
    assert len(list(read_file(_write(tmp_path, labelled)))) == 1


def _write(folder: Path, *records: dict) -> Path:
    file = folder / "labels.jsonl"
    file.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")
    return file
