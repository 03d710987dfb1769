"""Measuring models on labelled dialogues: what is counted, how sure it is, and whether one is better."""

from __future__ import annotations

import copy
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from batch_samples import run
from test_training_gold import CALL, GROUPS

from models.choice import Choice, write_choice
from models.files import SHIPPED
from models.registry import load_model
from qa_engine.domain.prediction import (
    DialoguePrediction,
    ModelInfo,
    Prediction,
    Thresholds,
    TurnPrediction,
)
from qa_engine.wiring import forget_models
from training.answers import LABELS
from training.corpus import read_corpus
from training.evaluation import FEWEST, LOWER_IS_BETTER, Measured, Value, compare, measure_model
from training.evaluation_card import HEADS, NAMES, Measuring, to_json, to_markdown
from training.metrics import average_precision

CORPUS = Path(__file__).parent.parent / "data" / "corpus"


class Clairvoyant:
    """Says of every call what its labels say; with ``blind`` it denies whatever is asked."""

    def __init__(self, dialogues, *, blind=False):
        self._dialogues = {dialogue.id: dialogue for dialogue in dialogues}
        self._blind = blind
        self.info = ModelInfo("blind" if blind else "seer", "1", "0" * 64)

    def predict(self, readings):
        return [self._say(self._dialogues[reading.transcript.id]) for reading in readings]

    def _say(self, dialogue):
        def sure(yes):
            return 0.02 if self._blind or not yes else 0.98

        def spread(values, chosen):
            return {value: 0.97 if value == chosen else 0.01 for value in values}

        turns = []
        for turn in dialogue.turns:
            if turn.speaker == "customer":
                mood = spread(LABELS.emotion, 0 if self._blind else turn.emotion or 0)
                turns.append(
                    TurnPrediction(mood, {a: sure(a in (turn.acts or ())) for a in LABELS.customer_acts}, {})
                )
            elif turn.speaker == "agent":
                acts = {act: sure(act in (turn.acts or ())) for act in LABELS.agent_acts}
                turns.append(
                    TurnPrediction({}, acts, {f: sure(f in (turn.faults or ())) for f in LABELS.faults})
                )
            else:
                turns.append(TurnPrediction({}, {}, {}))
        level = 3 if self._blind else dialogue.attitude or 3
        happy = 3 if self._blind else dialogue.satisfaction or 3
        types = (*(dialogue.types or ()), *dialogue.types_unknown)
        whole = DialoguePrediction(
            spread(LABELS.resolution, "resolved" if self._blind else dialogue.resolution),
            tuple(0.96 if k == happy else 0.01 for k in range(1, 6)),
            tuple(0.96 if k == level else 0.01 for k in range(1, 6)),
            sure(dialogue.complaint),
            {key: sure(key in types) for key in LABELS.types},
            sure(dialogue.review),
        )
        half = Thresholds(
            dict.fromkeys((*LABELS.customer_acts, *LABELS.agent_acts), 0.5),
            dict.fromkeys(LABELS.faults, 0.5),
            dict.fromkeys(LABELS.types, 0.5), 0.5, 0.5, 0.5, 0.5, 0.5,
        )  # fmt: skip
        return Prediction(self.info, tuple(turns), whole, half)


@pytest.fixture(scope="module")
def labelled():
    return [d for name in ("ec", "d5") for d in read_corpus([CORPUS / f"{name}.jsonl"])[:15]]


def test_who_says_what_the_labels_say_has_every_figure_at_its_best(labelled):
    measured = measure_model(labelled, Clairvoyant(labelled), 50, 1)
    assert set(measured.figures) == set(NAMES)
    values = {name: value.value for name, value in measured.figures.items()}
    assert values.pop("satisfaction_mae") < 0.1
    # Drops and levels of attitude are the detectors' reading of even perfect predictions.
    assert values.pop("drop_event_f1_within_4_turns") > 0.5
    assert values.pop("attitude_weighted_kappa") > 0.6
    assert values == pytest.approx(dict.fromkeys(values, 1.0))
    assert set(measured.calibration_error) == set(HEADS)
    assert max(measured.calibration_error.values()) < 0.04
    assert measured.unjudged == 0


def test_who_says_nothing_is_measured_so(labelled):
    measured = measure_model(labelled, Clairvoyant(labelled, blind=True), 50, 1)
    for name in ("emotion_negative_turn_f1", "complaint_f1", "agent_fault_turn_f1", "review_f1"):
        assert measured.figures[name].value == 0.0
    assert measured.calibration_error["complaint"] > 0.1


def test_only_what_is_labelled_is_measured(labelled, tmp_path):
    record = copy.deepcopy(CALL)
    for name in ("satisfaction", "review", "drops"):
        del record["gold"][name]
    (tmp_path / "one.jsonl").write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
    mine = read_corpus([tmp_path / "one.jsonl"])
    measured = measure_model(mine, Clairvoyant(mine), 50, 1)
    assert set(NAMES) - set(measured.figures) == {
        "satisfaction_mae", "review_f1", "review_average_precision", "drop_event_f1_within_4_turns",
        "customer_acts_micro_f1", "agent_acts_micro_f1",
    }  # fmt: skip
    assert {"review", "customer_acts", "agent_acts"} == set(HEADS) - set(measured.calibration_error)
    mixed = [*labelled, *mine]
    counts = measure_model(mixed, Clairvoyant(mixed), 50, 1).figures
    assert (counts["review_f1"].dialogues, counts["complaint_f1"].dialogues) == (30, 31)


def test_coarser_types_are_compared_in_the_words_of_the_file(tmp_path):
    record = copy.deepcopy(CALL)
    record["type_groups"], record["gold"]["types"] = GROUPS, ["物流", "质量"]
    (tmp_path / "one.jsonl").write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
    mine = read_corpus([tmp_path / "one.jsonl"])
    said = measure_model(mine, Clairvoyant(mine), 50, 1).figures["types_micro_f1"]
    assert said.value == 1.0, "delay and status are both 物流: one hit, not two"


def test_drop_counts_when_it_is_near():
    from training.evaluation import _event_f1, _near

    assert _near([5, 20], [8, 30]) == (2, 1, 2, 1)
    assert _event_f1(np.array([_near([5, 20], [8, 30])], dtype=float)) == pytest.approx(0.5)
    assert _event_f1(np.array([_near([5], []), _near([], [3])], dtype=float)) == 0.0


def test_average_precision():
    assert average_precision(np.array([True, False, True]), np.array([0.9, 0.8, 0.7])) == pytest.approx(5 / 6)
    assert average_precision(np.array([False]), np.array([0.9])) == 0.0


@pytest.mark.parametrize("name", ["complaint_f1", "satisfaction_mae"])
@pytest.mark.parametrize(("gain", "verdict"), [(0.2, "better"), (-0.2, "worse"), (0.0, "chance")])
def test_verdict_of_a_comparison_follows_the_paired_interval(name, gain, verdict):
    noise = np.random.default_rng(1).normal(0, 0.3, 500)
    sign = -1 if name in LOWER_IS_BETTER else 1

    def measured(shift, jitter):
        draws = 0.5 + noise + sign * shift + jitter
        value = Value(0.5 + sign * shift, 0, 1, FEWEST)
        return Measured("m", "1", "0", {name: value}, {name: draws}, {}, {}, 0)

    jitter = np.random.default_rng(2).normal(0, 0.02, 500)
    found = compare(measured(0.0, 0 * jitter), measured(gain, jitter))[name]
    assert found.verdict == verdict
    assert found.value == pytest.approx(sign * gain)


@pytest.mark.parametrize(("count", "verdict"), [(FEWEST - 1, "chance"), (FEWEST, "better")])
def test_a_handful_of_dialogues_never_proves_anything(labelled, count, verdict):
    calls = [replace(dialogue, complaint=i % 2 == 0) for i, dialogue in enumerate(labelled[:count])]
    models = [measure_model(calls, Clairvoyant(calls, blind=blind), 50, 3) for blind in (True, False)]
    found = compare(*models)["complaint_f1"]
    assert (found.value, found.verdict) == (1.0, verdict)


def test_equal_draws_make_a_model_no_better_than_itself(labelled):
    model = Clairvoyant(labelled, blind=True)
    found = compare(measure_model(labelled, model, 50, 3), measure_model(labelled, model, 50, 3))
    assert found
    assert all((d.value, d.low, d.high, d.verdict) == (0, 0, 0, "chance") for d in found.values())


def test_card_and_json_tell_everything(labelled):
    models = [measure_model(labelled, Clairvoyant(labelled, blind=blind), 50, 1) for blind in (True, False)]
    difference = compare(*models)
    where = Measuring(("留出",), len(labelled), "ab" * 32, 50)
    training = {
        "data": {
            "dialogues": 1210, "sha256": "cd" * 32,
            "own": {"dialogues": 250, "sha256": "ef" * 32, "calibrated_on_own": True},
        },
        "encoder": {"base": "某编码器", "licence": "MIT"},
        "limits": ["trained on invented transcripts; figures on real traffic are lower"],
    }  # fmt: skip
    text = to_markdown(where, models, difference, training, "卡.svg")
    for word in (
        "# 模型卡：seer 1", "ab" * 32, "cd" * 32, "ef" * 32, "250 通（标得够多的内容只用它们校准）",
        "某编码器，许可 MIT",
        "Apache-2.0", "](卡.svg)", "真实会话上的指标会更低", "更好", *NAMES.values(),
    ):  # fmt: skip
        assert word in text
    content = json.loads(json.dumps(to_json(where, models, difference)))
    assert content["schema"] == "evaluation/1"
    assert content["difference"]["complaint_f1"]["verdict"] == "better"
    assert content["models"][1]["figures"]["complaint_f1"]["value"] == 1.0
    assert content["models"][1]["reliability"]["review"][0]["cases"] > 0


# The command


@pytest.fixture
def data(tmp_path):
    lines = (CORPUS / "e1.jsonl").read_text(encoding="utf-8").splitlines()[:8]
    (tmp_path / "aside").mkdir()
    (tmp_path / "aside" / "e1.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path / "aside"


def test_evaluate_compares_and_writes_card_picture_and_json(data, tmp_path):
    pytest.importorskip("onnxruntime", reason="没有安装 onnxruntime，神经模型不可用")
    card, out = tmp_path / "卡.md", tmp_path / "结果.json"
    words = (
        "evaluate", "--data", data, "--model", "baseline", "--model", "neural", "--rounds", "50",
        "--card", card, "--json", out,
    )  # fmt: skip
    for _ in range(2):  # what we wrote may be written again
        done = run(*words)
        assert done.returncode == 0, done.stderr.decode()
    text = done.stdout.decode()
    for word in ("投诉 F1", "校准误差", "baseline", "neural", "可能只是偶然", "情绪突变"):
        assert word in text
    assert card.read_text(encoding="utf-8").startswith("# 模型卡：neural")
    assert "卡.svg" in card.read_text(encoding="utf-8")
    assert (tmp_path / "卡.svg").read_text(encoding="utf-8").count("<circle") > 3
    told = json.loads(out.read_text(encoding="utf-8"))
    assert [one["name"] for one in told["models"]] == ["baseline", "neural"]
    assert told["data"]["dialogues"] == 8


def test_evaluate_never_overwrites_what_is_not_its_own(data, tmp_path):
    (tmp_path / "日记.md").write_text("# 我的日记\n", encoding="utf-8")
    done = run("evaluate", "--data", data, "--model", "baseline", "--card", tmp_path / "日记.md")
    assert done.returncode == 2
    assert (tmp_path / "日记.md").read_text(encoding="utf-8") == "# 我的日记\n"


@pytest.mark.parametrize(("card", "out"), [("图.svg", None), ("卡.json", "卡.json")])
def test_evaluate_writes_nothing_over_its_own_card(data, tmp_path, card, out):
    words = () if out is None else ("--json", tmp_path / out)
    done = run("evaluate", "--data", data, "--model", "baseline", "--card", tmp_path / card, *words)
    assert done.returncode == 2
    assert "应以 .md 结尾" in done.stderr.decode()
    assert not (tmp_path / card).exists()


def test_evaluate_measures_exactly_the_model_asked_for(data, tmp_path, monkeypatch):
    forget_models()
    home = tmp_path / "home"
    monkeypatch.setenv("QA_ENGINE_MODELS", str(home))
    write_choice(home, Choice(home / "gone", "0" * 64))
    done = run("evaluate", "--data", data)
    assert done.returncode == 2, "no other model is measured in its place"
    assert "gone" in done.stderr.decode()
    assert run("evaluate", "--data", data, "--model", "nobody").returncode == 2
    shutil.copytree(SHIPPED / "baseline", home / "mine")
    write_choice(home, Choice(home / "mine", "what it was before"))
    assert "有变动" in run("evaluate", "--data", data).stderr.decode()
    write_choice(home, Choice(SHIPPED / "baseline", load_model("baseline").digest))
    done = run("evaluate", "--data", data, "--rounds", "50")
    assert done.returncode == 0, done.stderr.decode()


def test_evaluate_warns_when_a_model_was_trained_on_the_data(data, tmp_path):
    from models.artifact import read_artifact, write_artifact
    from training.overlap import fingerprint

    forget_models()
    shipped = read_artifact(SHIPPED / "baseline")
    seen = [fingerprint(dialogue) for dialogue in read_corpus([data])[:3]]
    said = {}
    for name, told in (("knows", {"own": {"each": seen}}), ("fresh", {"sha256": "0" * 64})):
        card = {"version": "1", "data": told}
        write_artifact(tmp_path / name, shipped.labels, shipped.thresholds, shipped.weights, card)
        words = ("evaluate", "--data", data, "--rounds", "50", "--model", tmp_path / name)
        said[name] = run(*words).stderr.decode()
    assert "训练时见过其中 3 通" in said["knows"]
    assert "训练时见过" not in said["fresh"]


def test_overlap_is_told_by_what_was_said(data, tmp_path):
    from training.labelled import corpus_digest
    from training.overlap import seen_in_training

    corpus = read_corpus([data])
    card = {"data": {"sha256": corpus_digest(corpus)}}
    assert seen_in_training(corpus[:5], card, data) == 5
    assert seen_in_training(corpus, card, tmp_path / "no corpus here") == 8
    assert seen_in_training(corpus[:5], card, tmp_path / "no corpus here") == 0
    assert seen_in_training(corpus[:5], {"data": {"sha256": "0" * 64}}, data) == 0
    renamed = [replace(dialogue, id="新编号", complaint=None) for dialogue in corpus[:2]]
    assert seen_in_training(renamed, card, data) == 2


def test_bad_labels_stop_the_command_and_name_the_place(tmp_path):
    (tmp_path / "bad.jsonl").write_text('{"id": "x"}\n', encoding="utf-8")
    done = run("evaluate", "--data", tmp_path)
    assert done.returncode == 2
    assert "第 1 行" in done.stderr.decode()


def test_a_call_the_engine_does_not_judge_is_told(labelled):
    lonely = copy.deepcopy(CALL)
    lonely["turns"] = [turn for turn in lonely["turns"] if turn["speaker"] != "agent"]
    lonely["gold"] = {"complaint": True}
    from training.fields import Fields
    from training.gold import dialogue_with_gold

    dialogues = [*labelled, dialogue_with_gold(Fields("f", 1, lonely), "f")]
    assert measure_model(dialogues, Clairvoyant(dialogues), 50, 1).unjudged > 0
