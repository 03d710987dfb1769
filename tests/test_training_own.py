"""Training with the user's own labels: what they weigh, how they are folded, who calibrates."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import threadpoolctl
from neural_samples import ROOT, needs_training, write_small_setting

from models.baseline import load_baseline
from training.answers import LabelsMissing
from training.baseline import train_baseline
from training.corpus import read_corpus
from training.dataset import build_dataset
from training.folds import assign_folds
from training.settings import read_settings
from training.thresholds import best_threshold

CORPUS = ROOT / "data" / "corpus"
ACTS = len(json.loads((ROOT / "models/artifacts/baseline/labels.json").read_text())["agent_acts"])


def own_file(folder: Path, count: int, *, acts: bool = True) -> Path:
    """The first ``count`` dialogues of a file of the corpus, as somebody else's transcripts with labels."""
    lines = (CORPUS / "d9.jsonl").read_text(encoding="utf-8").splitlines()[:count]
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "mine.jsonl"
    file.write_text("\n".join(line if acts else sparse(json.loads(line)) for line in lines) + "\n", "utf-8")
    return file


def sparse(record):
    """A record of the corpus in the engine's own shape: no acts, and no satisfaction."""
    faults = [
        {"turn": i, "kind": kind}
        for i, turn in enumerate(record["turns"])
        for kind in turn.get("a", ())
        if kind in ("cold", "ignored", "no_soothing", "shirk")
    ]
    gold = {
        name: record[name] for name in ("drops", "attitude", "resolution", "complaint", "types", "review")
    }
    gold["emotions"] = {str(i): t["e"] for i, t in enumerate(record["turns"]) if t.get("e")}
    turns = [{"speaker": {"A": "agent", "C": "customer"}[t["s"]], "text": t["t"]} for t in record["turns"]]
    whole = {
        "id": record["id"],
        "channel": record["channel"],
        "turns": turns,
        "gold": {**gold, "faults": faults},
    }
    return json.dumps(whole, ensure_ascii=False)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    config, data = write_small_setting(folder)
    return replace(read_settings(config.parent / "baseline.toml"), own_least=10), read_corpus([data])


def dataset(corpus, tmp_path, count, *, acts=True):
    settings, dialogues = corpus
    return build_dataset(dialogues, settings, read_corpus([own_file(tmp_path, count, acts=acts)], dialogues))


def test_enough_own_dialogues_calibrate_alone(corpus, tmp_path):
    data = dataset(corpus, tmp_path, 10)
    assert data.own.sum() == 10
    assert (data.calibrates == data.own).all()
    assert (data.outcome_judged == data.own[:, None]).all()


def test_few_own_dialogues_calibrate_with_the_ordinary_days_of_the_corpus(corpus, tmp_path):
    data = dataset(corpus, tmp_path, 9)
    everyday = np.array([source.startswith(("d", "e1")) for source in data.sources])
    assert (data.calibrates == (data.own | everyday)).all()
    assert not data.calibrates[np.array(data.sources) == "ec"].any()


def test_what_own_dialogues_do_not_label_is_calibrated_on_the_corpus(corpus, tmp_path):
    data = dataset(corpus, tmp_path, 10, acts=False)
    conversation = data.frame.agent.conversation
    acts, faults = data.turn_judged["agent"][:, 0], data.turn_judged["agent"][:, ACTS]
    assert not data.own[conversation[acts]].any()
    assert acts.any()
    assert data.own[conversation[faults]].all()
    satisfaction = data.outcome_judged[:, 7]
    assert satisfaction.any()
    assert not (satisfaction & data.own).any()
    assert not data.outcome_weight[data.own, 7].any(), "what is not labelled is not learnt"


def test_own_dialogues_weigh_what_the_configuration_says(corpus, tmp_path):
    data = dataset(corpus, tmp_path, 3)
    weights = {s: set(data.outcome_weight[np.array(data.sources) == s, 0]) for s in ("mine", "d5", "ec")}
    assert weights == {"mine": {2.0}, "d5": {1.0}, "ec": {0.6}}


def test_own_dialogues_are_dealt_out_singly_and_disturb_nobody():
    sources = ["a"] * 10 + ["b"] * 10 + ["mine"] * 12
    own = np.array([source == "mine" for source in sources])
    folds = assign_folds(sources, 2, "source", 7, own)
    assert (folds[~own] == assign_folds(sources[:20], 2, "source", 7)).all()
    assert np.bincount(folds[own]).tolist() == [6, 6]


def test_data_that_never_labels_something_is_refused(corpus, tmp_path):
    settings, _ = corpus
    with pytest.raises(LabelsMissing, match="客户行为"):
        build_dataset(read_corpus([own_file(tmp_path, 5, acts=False)]), settings)


def test_threshold_of_a_label_nobody_gave_is_cautious():
    assert best_threshold(np.zeros(0), np.zeros(0, dtype=np.float32)) == 0.5


@pytest.mark.parametrize(("key", "value"), [("own_weight", "0"), ("own_weight", '"重"'), ("own_least", "-1")])
def test_bad_settings_for_own_data_name_the_key(tmp_path, key, value):
    import re

    from qa_engine.domain.errors import ConfigError

    text = (ROOT / "training" / "baseline.toml").read_text(encoding="utf-8")
    (tmp_path / "bad.toml").write_text(
        re.sub(rf"^{key} = \S+", f"{key} = {value}", text, flags=re.M), "utf-8"
    )
    with pytest.raises(ConfigError) as caught:
        read_settings(tmp_path / "bad.toml")
    assert caught.value.key == key


def test_baseline_trains_with_own_dialogues_and_its_card_says_so(tmp_path):
    config, data = write_small_setting(tmp_path)
    settings = config.parent / "baseline.toml"
    settings.write_text(settings.read_text("utf-8").replace("own_least = 60", "own_least = 12"), "utf-8")
    mine = own_file(tmp_path / "own", 12, acts=False)
    with threadpoolctl.threadpool_limits(1):
        card = train_baseline(settings, [data], tmp_path / "model", own=[mine])
    told = card.content["data"]
    assert (told["dialogues"], told["own"]["dialogues"], told["own"]["calibrated_on_own"]) == (24, 12, True)
    measured = card.content["held_back_by"]["source"]
    assert measured["dialogues"] == 12
    assert "review_f1" in measured["figures"]
    assert not {"agent_acts_micro_f1", "satisfaction_mae"} & set(measured["figures"])
    assert card.content["settings"]["own_weight"] == 2.0
    assert load_baseline(tmp_path / "model").digest == card.digest


@needs_training
def test_neural_model_trains_with_own_dialogues_of_both_shapes_and_system_turns(tmp_path):
    import torch

    from models.neural import load_neural
    from training.neural.train import train_neural

    torch.set_num_threads(1)
    config, data = write_small_setting(tmp_path)
    mine = own_file(tmp_path / "own", 12, acts=False)
    records = [json.loads(line) for line in mine.read_text("utf-8").splitlines()]
    for record in records[::2]:
        record["turns"].append({"speaker": "system", "text": "会话已结束"})
    mine.write_text("\n".join(json.dumps(record, ensure_ascii=False) for record in records) + "\n", "utf-8")
    card = train_neural(config, [data], tmp_path / "model", own=[tmp_path / "own"])
    told = card.content["data"]["own"]
    assert (told["dialogues"], told["calibrated_on_own"]) == (12, False)
    assert card.content["held_back_by"]["source"]["dialogues"] == 12 + 16
    assert load_neural(tmp_path / "model").digest == card.digest


@needs_training
def test_answers_of_a_sample_stand_beside_their_turns_even_after_system_turns(corpus, tmp_path):
    from training.neural.samples import build_samples, read_signals
    from training.neural.wide import outputs_of
    from training.stages import Logits

    settings, dialogues = corpus
    record = json.loads(sparse(json.loads((CORPUS / "d9.jsonl").read_text("utf-8").splitlines()[0])))
    record["turns"].insert(0, {"speaker": "system", "text": "会话已接入"})
    record["gold"].update(emotions={}, faults=[], drops=[])
    spoken = [i for i, turn in enumerate(record["turns"]) if turn["speaker"] == "customer"]
    record["gold"]["emotions"] = {str(spoken[-1]): -2}
    (tmp_path / "one.jsonl").write_text(json.dumps(record, ensure_ascii=False), "utf-8")
    data = build_dataset(dialogues, settings, read_corpus([tmp_path / "one.jsonl"]))
    turns = {role: np.zeros(a.shape, dtype=np.float32) for role, a in data.turn_answers.items()}
    nothing = Logits(turns, np.zeros(data.topics.shape, "f4"), np.zeros(data.outcomes.shape, "f4"))
    signals = read_signals(data, outputs_of(data, nothing))
    vectors = [np.arange(size, dtype=np.float32)[:, None] for size in data.frame.sizes]
    sample = build_samples(data, signals, vectors)[-1]
    assert sample.vectors[:, 0].tolist() == list(range(1, len(record["turns"])))
    assert np.flatnonzero(sample.answers[:, 0]).tolist() == [spoken[-1] - 1]
    assert not sample.weight[:, 3].any(), "acts are not labelled in this shape"
    assert sample.weight[sample.roles == 0, 0].all()
