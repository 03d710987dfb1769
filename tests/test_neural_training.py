"""Training the neural model: reproducible, resumable, and sealed so that damage shows."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from neural_samples import ROOT, needs_training, write_small_setting

from models.base import Conversation
from models.errors import ArtifactCorrupt, ArtifactMissing, ModelError
from models.neural import load_neural
from qa_engine.domain.errors import ConfigError

pytestmark = needs_training


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """(folder of the artifact, its card, work folder) of one tiny run."""
    import torch

    from training.neural.train import train_neural

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("neural")
    config, data = write_small_setting(folder)
    card = train_neural(config, [data], folder / "model", work_dir=folder / "work")
    return folder, card


def conversations():
    from training.corpus import read_corpus
    from training.dataset import conversation_of

    return [
        conversation_of(dialogue) for dialogue in read_corpus([ROOT / "data" / "corpus" / "mx.jsonl"])[:6]
    ]


def same(one, other):
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("emotion", "agent_acts", "faults", "resolution", "types", "complaint", "review")
    )


def close(one, other):
    names = ("emotion", "customer_acts", "agent_acts", "faults", "resolution", "satisfaction", "attitude")
    names += ("types", "complaint", "review")
    return all(np.allclose(getattr(one, n), getattr(other, n), atol=1e-4) for n in names)


def test_what_was_trained_can_be_loaded_and_says_who_it_is(trained):
    folder, card = trained
    model = load_neural(folder / "model")
    assert (model.name, model.causal, model.digest) == ("neural", False, card.digest)
    assert set(model.thresholds) >= {"emotion_negative", "complaint", "review", "fault:cold", "act:ask"}
    assert card.content["data"]["dialogues"] == 24
    assert card.content["encoder"]["licence"] == "MIT"
    figures = card.content["held_back_by"]["source"]["figures"]["review_f1"]
    assert 0 <= figures["low"] <= figures["high"] <= 1


def test_the_card_is_also_a_page_with_every_figure_and_the_plot(trained):
    folder, card = trained
    page = (folder / "model" / "card.md").read_text(encoding="utf-8")
    for told in card.content["held_back_by"]["source"]["figures"].values():
        assert f"{told['value']:.3f} | {told['low']:.3f}–{told['high']:.3f}" in page
    assert card.content["data"]["sha256"] in page
    assert "训练语料是编写的会话" in page
    assert "](reliability.svg)" in page
    plot = (folder / "model" / "reliability.svg").read_text(encoding="utf-8")
    assert plot.count("<polyline") == len(card.content["reliability"]) == 3


def test_outputs_are_probabilities_in_the_promised_shape(trained):
    folder, _ = trained
    chosen = conversations()
    for conversation, said in zip(chosen, load_neural(folder / "model").predict(chosen), strict=True):
        customer = np.array([role == "customer" for role in conversation.roles])
        assert said.emotion.shape == (len(conversation.texts), 4)
        assert np.allclose(said.emotion.sum(axis=1), customer, atol=1e-4)
        assert not said.faults[customer].any()
        assert not said.customer_acts[~customer].any()
        for whole in (said.resolution, said.satisfaction, said.attitude):
            assert whole.sum() == pytest.approx(1, abs=1e-4)
        assert 0 < said.complaint < 1


def test_a_conversation_gets_the_same_alone_and_in_company(trained):
    folder, _ = trained
    chosen = conversations()
    together = load_neural(folder / "model").predict(chosen)
    alone = [load_neural(folder / "model").predict([one])[0] for one in chosen[:2]]
    assert all(close(a, b) for a, b in zip(alone, together[:2], strict=True))


def test_remembered_utterances_change_nothing(trained):
    folder, _ = trained
    model, chosen = load_neural(folder / "model"), conversations()
    assert all(same(a, b) for a, b in zip(model.predict(chosen), model.predict(chosen), strict=True))


def test_strange_conversations_are_read(trained):
    folder, _ = trained
    long = Conversation(["customer", "agent"] * 300, ["还没到吗", "正在查"] * 300, "chat")
    wordy = Conversation(["customer"], ["我上个月买的空调一直没人来装" * 120], "voice")
    system = Conversation(["system", "customer", "system"], ["转接中", "人呢", "已结束"])
    nobody = Conversation(["system"], ["转接中"])
    empty = Conversation([], [])
    said = load_neural(folder / "model").predict([long, wordy, system, nobody, empty])
    assert [one.emotion.shape for one in said] == [(600, 4), (1, 4), (3, 4), (1, 4), (0, 4)]
    assert [bool(row.any()) for row in said[2].emotion] == [False, True, False]
    assert all(np.isfinite(one.types).all() for one in said)


def test_a_killed_run_continues_and_ends_the_same(trained, tmp_path, monkeypatch):
    from training.neural import crossed
    from training.neural.loop import fit as whole_fit
    from training.neural.train import train_neural

    folder, card = trained
    config, data = write_small_setting(tmp_path)
    (tmp_path / "work").mkdir()
    shutil.copytree(folder / "work" / "baseline", tmp_path / "work" / "baseline")
    told = []

    class Killed(Exception):
        pass

    def interrupted(*arguments):
        for epoch in whole_fit(*arguments):
            told.append(epoch.number)
            if len(told) == 2:
                raise Killed
            yield epoch

    monkeypatch.setattr(crossed, "fit", interrupted)
    with pytest.raises(Killed):
        train_neural(config, [data], tmp_path / "model", work_dir=tmp_path / "work")
    again = train_neural(config, [data], tmp_path / "model", work_dir=tmp_path / "work")
    assert told == [0, 1, 2, 0, 1, 2], "the epochs before the kill are not repeated"
    assert again.digest == card.digest


def test_baseline_half_written_by_a_killed_run_is_made_anew(trained, tmp_path):
    from training.corpus import read_corpus
    from training.dataset import build_dataset
    from training.neural.wide import HELD_BACK, train_wide
    from training.settings import read_settings

    folder, _ = trained
    settings = read_settings(folder / "baseline.toml")
    data = build_dataset(read_corpus([folder / "data"]), settings)
    told = []
    work = tmp_path / "baseline"
    shutil.copytree(folder / "work" / "baseline", work)
    whole = train_wide(data, settings, work, "source", told.append)
    assert not told, "a finished one is taken as it is"
    packed = (work / HELD_BACK).read_bytes()
    (work / HELD_BACK).write_bytes(packed[: len(packed) // 2])
    again = train_wide(data, settings, work, "source", told.append)
    assert told
    assert again.digest == whole.digest
    for one, other in zip(whole.outputs, again.outputs, strict=True):
        assert same(one, other)


def test_held_back_figures_of_other_labels_are_never_taken_for_these(trained, tmp_path, monkeypatch):
    from dataclasses import replace

    from training.corpus import read_corpus
    from training.dataset import build_dataset
    from training.neural import wide
    from training.settings import read_settings

    folder, _ = trained
    settings = read_settings(folder / "baseline.toml")
    dialogues = [replace(d, review=not d.review) for d in read_corpus([folder / "data"])]
    data = build_dataset(dialogues, settings)
    work = tmp_path / "baseline"
    shutil.copytree(folder / "work" / "baseline", work)

    class Killed(Exception):
        pass

    def killed(*_):
        raise Killed

    for name in ("write_artifact", "_write_held_back"):
        with monkeypatch.context() as patch:
            patch.setattr(wide, name, killed)
            with pytest.raises(Killed):
                wide.train_wide(data, settings, work, "source", lambda _: None)
    told = []
    fresh = wide.train_wide(data, settings, tmp_path / "fresh", "source", lambda _: None)
    resumed = wide.train_wide(data, settings, work, "source", told.append)
    assert told
    assert all(same(a, b) for a, b in zip(resumed.outputs, fresh.outputs, strict=True))


def test_base_with_fewer_layers_than_are_pooled_is_told(trained, tmp_path):
    from training.corpus import read_corpus
    from training.dataset import build_dataset
    from training.neural.base_encoder import cut, load_base
    from training.neural.e5_file import BaseUnavailable
    from training.neural.settings import read_neural_settings
    from training.neural.train import _prepare_encoder
    from training.settings import read_settings

    folder, _ = trained
    data = build_dataset(read_corpus([folder / "data"]), read_settings(folder / "baseline.toml"))
    settings = read_neural_settings(ROOT / "training" / "neural.toml")
    with pytest.raises(BaseUnavailable, match="只有 1 层"):
        _prepare_encoder(cut(load_base(), 1), data, settings, tmp_path)


def test_missing_labels_are_not_learnt():
    import torch

    from training.neural.loop import loss_of
    from training.neural.samples import Batch

    class Stub(torch.nn.Module):
        def forward(self, **_):
            return turns, torch.zeros(1, 1), torch.zeros(1, 1)

    from training.neural.settings import read_neural_settings

    settings = read_neural_settings(ROOT / "training" / "neural.toml")
    weight = torch.tensor([[[1.0, 0.0], [1.0, 0.0]]])
    rest = (torch.zeros(1, 1), torch.zeros(1, 1), torch.ones(1, 1), torch.ones(1, 1))
    losses = []
    for unknown in (0.0, 50.0):
        turns = torch.tensor([[[0.3, unknown], [-0.2, -unknown]]])
        batch = Batch({}, torch.tensor([2]), torch.zeros(1, 2, 2), weight, *rest)
        losses.append(float(loss_of(Stub(), batch, settings)))
    assert losses[0] == losses[1] > 0


@pytest.mark.parametrize(
    "name",
    [
        "encoder.onnx",
        "dialogue.onnx",
        "tokenizer.json",
        "thresholds.json",
        "card.json",
        "baseline/weights.npz",
    ],
)
def test_damage_is_noticed(trained, tmp_path, name):
    folder, _ = trained
    broken = tmp_path / "model"
    shutil.copytree(folder / "model", broken)
    content = bytearray((broken / name).read_bytes())
    content[len(content) // 2] ^= 0xFF
    (broken / name).write_bytes(bytes(content))
    if name != "card.json":
        with pytest.raises(ArtifactCorrupt):
            load_neural(broken)
    (broken / name).unlink()
    with pytest.raises(ArtifactMissing):
        load_neural(broken)


def test_a_graph_that_cannot_run_is_a_model_error(trained, tmp_path):
    import hashlib

    folder, _ = trained
    broken = tmp_path / "model"
    shutil.copytree(folder / "model", broken)
    (broken / "dialogue.onnx").write_bytes(b"no graph")
    card = json.loads((broken / "card.json").read_text(encoding="utf-8"))
    card["files"]["dialogue.onnx"] = hashlib.sha256(b"no graph").hexdigest()
    (broken / "card.json").write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(ModelError, match="ONNX"):
        load_neural(broken)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("folds = 4", "folds = 1", "folds"),
        ('fold_by = "source"', 'fold_by = "industry"', "fold_by"),
        ("dropout = 0.3\nvector", "dropout = 1.5\nvector", "dropout"),
        ("patience = 12", "patiences = 12", "patience"),
        ("patience = 12", "patience = 0", "patience"),
        ("bootstrap_rounds = 200", "bootstrap_rounds = 0", "bootstrap_rounds"),
        ("epochs = 12", 'epochs = "many"', "epochs"),
    ],
)
def test_bad_configuration_names_the_key(tmp_path, old, new, key):
    from training.neural.settings import read_neural_settings

    text = (ROOT / "training" / "neural.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "neural.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_neural_settings(path)
    assert caught.value.key == key
