"""Occlusion on the dialogue model: one run for all hidings, and the turns it names matter."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from grounds import GRIEVANCE, check_laws, log_odds, may_be_named, without_words
from neural_samples import needs_training

from models.base import Conversation
from models.neural.artifact import DIALOGUE, read_neural
from models.neural.explain import FAR, FAULT_COPIES, MOST_HIDDEN, Occlusion, _apart, wide_outcomes
from models.neural.predictor import DEFAULT_FOLDER, NeuralPredictor
from models.neural.runtime import Graph

pytest.importorskip("onnxruntime", reason="没有安装 onnxruntime，神经模型不可用")

LONG = Conversation(["customer", "agent"] * 150, ["怎么还没到，骗人", "亲，请耐心等待"] * 150, "chat")
ODD = Conversation(["system", "customer", "agent", "agent"], ["已接入", " ", "[图片]", "在的"], "chat")
NOBODY = Conversation(["system"], ["已接入"])
CALLS = [GRIEVANCE, ODD, NOBODY, LONG]


@pytest.fixture(scope="module")
def artifact():
    return read_neural(DEFAULT_FOLDER)


@pytest.fixture(scope="module")
def model(artifact):
    return NeuralPredictor(artifact)


def test_law_grounds_are_there(model):
    for conversation, output in zip(CALLS, model.predict(CALLS), strict=True):
        check_laws(model, conversation, output)


def test_grounds_do_not_depend_on_the_company(model):
    together = model.predict(CALLS)
    for conversation, output in zip(CALLS[:2], together, strict=False):
        (alone,) = model.predict([conversation])
        for name in ("complaint", "review"):
            mine, other = getattr(alone.grounds, name), getattr(output.grounds, name)
            assert [ground.turn for ground in mine] == [ground.turn for ground in other]
            assert np.allclose([g.weight for g in mine], [g.weight for g in other], atol=1e-3)
        assert alone.resolution_turns == output.resolution_turns


def test_explaining_changes_no_verdict(model):
    for explained, plain in zip(model.predict(CALLS), model.predict_unexplained(CALLS), strict=True):
        assert (explained.complaint, explained.review) == (plain.complaint, plain.review)
        assert np.array_equal(explained.faults, plain.faults)
        assert not plain.grounds.complaint


def test_the_only_grievance_is_what_a_complaint_rests_on(model):
    said, calm = model.predict([GRIEVANCE, without_words(GRIEVANCE, 3)])
    assert said.complaint >= model.thresholds["complaint"]
    assert log_odds(said.complaint) > log_odds(calm.complaint)
    assert said.grounds.complaint[0].turn == 3
    assert said.grounds.complaint[0].weight > 0.5


def test_the_strongest_turn_of_all_is_found_among_the_candidates(artifact, model):
    thorough = NeuralPredictor(artifact, thorough=True)
    (quick,), (full,) = model.predict([GRIEVANCE]), thorough.predict([GRIEVANCE])
    assert quick.grounds.complaint[0].turn == full.grounds.complaint[0].turn
    assert quick.resolution_turns[0] == full.resolution_turns[0]


def test_what_the_baseline_says_of_the_whole_is_what_the_model_reads(artifact, model):
    for one, conversation in zip(artifact.baseline.read(CALLS), CALLS, strict=True):
        (signals,) = model._signals.read([conversation], [one.output])
        told = wide_outcomes(one.outcomes[None], model._explainer._occlusion._at)[0]
        assert np.allclose(told, signals.wide_outcomes, atol=1e-3)


def test_a_long_call_is_explained_by_a_bounded_number_of_hidings(artifact):
    hidden = []

    class Counting(Occlusion):
        def run(self, signals, vectors, without, groups):
            hidden.append(len(groups))
            return super().run(signals, vectors, without, groups)

    model = NeuralPredictor(artifact)
    model._explainer._occlusion = Counting(model._dialogue, artifact.baseline, model._signals)
    (said,) = model.predict([LONG])
    assert any(said.grounds.faults.values()), "in so long a call no single turn carries a whole verdict"
    assert 0 < hidden[0] <= MOST_HIDDEN + FAULT_COPIES


def test_turns_that_share_a_copy_are_far_apart_and_never_of_the_same_fault():
    near, far = FAR - 1, 3 * FAR
    assert _apart([0, near], []) == [[0], [near]]
    assert _apart([0, far], []) == [[0, far]]
    assert _apart([0, far, 2 * far], [[0, far], [2 * far]]) == [[0, 2 * far], [far]]
    assert len(_apart(range(3 * FAULT_COPIES), [range(3 * FAULT_COPIES)])) == FAULT_COPIES


def random_panel(folder: Path, signals: int, width: int = 384) -> bytes:
    """A graph with random weights, exported as a trained one is; ``width`` of an utterance vector."""
    import torch

    from models.heads import heads_of
    from training.dataset import LABELS
    from training.neural.export import export_panel
    from training.neural.network import DialogueModel, Panel, Shape
    from training.neural.samples import INPUTS, Sample

    torch.manual_seed(1)
    heads = heads_of(LABELS)
    turn_heads = len(heads.customer) + len(heads.agent)
    shape = Shape(
        width,
        signals,
        len(heads.customer),
        len(heads.agent),
        len(heads.topics),
        len(heads.outcomes),
        8,
        4,
        0.1,
        0.1,
    )
    members = [DialogueModel(shape) for _ in range(2)]
    for member in members:
        member.standardise(torch.randn(20, width) + 3)
    sizes = (turn_heads, len(heads.topics), len(heads.outcomes))
    panel = Panel(members, [[torch.ones(n), torch.ones(n) * 0.5, torch.zeros(n)] for n in sizes])
    example = {
        "vectors": np.zeros((3, width), np.float32),
        "signals": np.zeros((3, signals), np.float32),
        "roles": np.array([0, 1, 0]),
        "wide_turns": np.zeros((3, turn_heads), np.float32),
        "wide_topics": np.zeros(sizes[1], np.float32),
        "wide_outcomes": np.zeros(sizes[2], np.float32),
    }
    assert set(example) == set(INPUTS)
    rest = {name: np.zeros(1, np.float32) for name in Sample.__dataclass_fields__ if name not in example}
    export_panel(panel, Sample(**example, **rest), folder)
    return (folder / DIALOGUE).read_bytes()


def fixed(content: bytes) -> bytes:
    """The same graph as it was exported before: for one conversation at a time, without the note."""
    import onnx

    graph = onnx.load_from_string(content)
    for value in (*graph.graph.input, *graph.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 1
    del graph.metadata_props[:]
    return graph.SerializeToString()


@needs_training
def test_a_batch_says_what_single_runs_say(tmp_path, model):
    width = model._signals.width
    graph = Graph(random_panel(tmp_path, width), 1)
    assert graph.batched
    rng = np.random.default_rng(5)
    inputs = {
        "vectors": rng.normal(3, 1, (5, 12, 384)).astype(np.float32),
        "signals": rng.normal(size=(5, 12, width)).astype(np.float32),
        "roles": rng.integers(0, 2, (5, 12)),
        "wide_turns": rng.normal(size=(5, 12, 37)).astype(np.float32),
        "wide_topics": rng.normal(size=(5, 30)).astype(np.float32),
        "wide_outcomes": rng.normal(size=(5, 13)).astype(np.float32),
    }
    together = graph(inputs)
    for row in range(5):
        alone = graph({name: values[row : row + 1] for name, values in inputs.items()})
        for one, many in zip(alone, together, strict=True):
            assert np.allclose(one[0], many[row], atol=1e-4)
    assert graph.numbers("centre").shape == (384,)
    assert abs(graph.numbers("centre").mean() - 3) < 0.1


def fitting_panel(folder: Path, artifact) -> bytes:
    """A random panel for the inputs of the shipped model."""
    model = NeuralPredictor(artifact)
    return random_panel(folder, model._signals.width, model._encoder.vectors(["您好"]).shape[1])


@needs_training
def test_an_older_graph_explains_one_by_one(tmp_path, artifact):
    content = fitting_panel(tmp_path, artifact)
    old, new = (NeuralPredictor(replace(artifact, dialogue=graph)) for graph in (fixed(content), content))
    assert (old._dialogue.batched, new._dialogue.batched) == (False, True)
    assert old._dialogue.numbers("centre") is None
    # The note apart, both must say the same.
    old._explainer._occlusion._centre = new._dialogue.numbers("centre")
    for mine, other in zip(old.predict(CALLS), new.predict(CALLS), strict=True):
        for status, found in mine.grounds.resolution.items():
            assert [g.turn for g in found] == [g.turn for g in other.grounds.resolution[status]]
            assert np.allclose(
                [g.weight for g in found], [g.weight for g in other.grounds.resolution[status]], atol=1e-3
            )


@needs_training
def test_an_older_graph_without_the_note_still_names_turns(tmp_path, artifact):
    content = fitting_panel(tmp_path, artifact)
    (said,) = NeuralPredictor(replace(artifact, dialogue=fixed(content))).predict([GRIEVANCE])
    named = [ground.turn for found in said.grounds.resolution.values() for ground in found]
    assert named
    assert all(may_be_named(GRIEVANCE, turn) for turn in named)
