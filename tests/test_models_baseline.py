"""The shipped baseline: what it promises about probabilities, order, company and its files."""

from __future__ import annotations

import hashlib
import json
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.artifact import CARD, read_artifact
from models.base import Conversation
from models.baseline import DEFAULT_FOLDER, load_baseline
from models.errors import ArtifactCorrupt, ArtifactMissing, ModelError
from models.registry import load_model

TURNS = ("emotion", "customer_acts", "agent_acts", "faults")
WHOLE = ("resolution", "satisfaction", "attitude", "types")

CALM = Conversation(
    ["agent", "customer", "agent", "customer", "agent"],
    ["您好,请问有什么可以帮您", "查一下快递到哪了", "已经到本地了,今天送", "好的谢谢", "不客气,祝您生活愉快"],
    "chat",
)
ANGRY = Conversation(
    ["customer", "agent", "customer", "customer", "agent", "customer"],
    ["怎么还没发货", "请您耐心等待", "我都等了十天了", "人呢??", "没有办法哦", "骗子,我要去12315投诉你们"],
    "chat",
)
ODD = Conversation(
    ["system", "customer", "unknown", "agent", "customer"], ["已接入", "", "喂", "[图片]", "?"], "voice"
)
NOBODY = Conversation([], [])
ALL = [CALM, ANGRY, ODD, NOBODY]


@pytest.fixture(scope="module")
def baseline():
    return load_baseline()


def test_card_describes_the_files_beside_it(baseline):
    artifact = read_artifact(DEFAULT_FOLDER)
    assert artifact.digest == baseline.digest
    assert artifact.card["version"] == baseline.version
    assert set(artifact.card["held_back_by"]) == {"source", "dialogue"}
    size = sum(file.stat().st_size for file in DEFAULT_FOLDER.iterdir())
    assert size <= 8 * 2**20


def test_thresholds_cover_every_label(baseline):
    names = {"emotion_negative", "emotion_angry", "emotion_positive", "complaint", "review"}
    names |= {f"act:{act}" for act in baseline.labels.customer_acts + baseline.labels.agent_acts}
    names |= {f"fault:{kind}" for kind in baseline.labels.faults}
    names |= {f"type:{key}" for key in baseline.labels.types}
    assert set(baseline.thresholds) == names
    assert all(0.0 < value < 1.0 for value in baseline.thresholds.values())


def test_probabilities_are_probabilities(baseline):
    for conversation, output in zip(ALL, baseline.predict(ALL), strict=True):
        for name in TURNS:
            values = getattr(output, name)
            assert len(values) == len(conversation.texts)
            assert values.dtype == np.float32
            assert ((values >= 0) & (values <= 1)).all()
        customer = np.array([role == "customer" for role in conversation.roles], dtype=bool)
        agent = np.array([role == "agent" for role in conversation.roles], dtype=bool)
        assert output.emotion[customer].sum(axis=1) == pytest.approx(np.ones(customer.sum()), abs=1e-5)
        assert not output.emotion[~customer].any()
        assert not output.customer_acts[~customer].any()
        assert not output.agent_acts[~agent].any()
        assert not output.faults[~agent].any()
        for name in ("resolution", "satisfaction", "attitude"):
            assert getattr(output, name).sum() == pytest.approx(1.0, abs=1e-5)
        assert ((output.types >= 0) & (output.types <= 1)).all()
        assert 0.0 <= output.complaint <= 1.0
        assert 0.0 <= output.review <= 1.0
        assert all(0 <= turn < len(conversation.texts) for turn in output.resolution_turns)


def test_anger_and_calm_are_told_apart(baseline):
    calm, angry = baseline.predict([CALM, ANGRY])
    at = baseline.labels.emotion.index(-2), baseline.labels.emotion.index(-1)
    negative = angry.emotion[:, at[0]] + angry.emotion[:, at[1]]
    assert negative[5] >= baseline.thresholds["emotion_negative"] > calm.emotion[1, list(at)].sum()
    assert angry.complaint > calm.complaint
    assert angry.review > calm.review
    assert angry.attitude @ np.arange(1, 6) < calm.attitude @ np.arange(1, 6)
    late = "logistics.delay"
    assert angry.types[baseline.labels.types.index(late)] >= baseline.thresholds[f"type:{late}"]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(company=st.lists(st.sampled_from(ALL), max_size=6))
def test_company_changes_nothing(baseline, company):
    alone = load_like(baseline, ANGRY)
    together = baseline.predict([*company, ANGRY, *company])[len(company)]
    for name in TURNS + WHOLE:
        assert np.array_equal(getattr(alone, name), getattr(together, name))
    assert (alone.complaint, alone.review) == (together.complaint, together.review)


def load_like(baseline, conversation):
    return baseline.predict([conversation])[0]


@pytest.mark.parametrize("conversation", [CALM, ANGRY, ODD])
def test_later_turns_never_change_earlier_ones(baseline, conversation):
    whole = baseline.predict([conversation])[0]
    for length in range(1, len(conversation.texts)):
        begun = Conversation(conversation.roles[:length], conversation.texts[:length], conversation.channel)
        output = baseline.predict([begun])[0]
        for name in TURNS:
            assert np.array_equal(getattr(output, name), getattr(whole, name)[:length])


def test_memory_of_utterances_is_bounded(baseline):
    projector = baseline.turn_judge.projectors["customer"]
    many = [Conversation(["customer"] * 500, [f"第{i}件{k}" for k in range(500)]) for i in range(60)]
    baseline.predict(many)
    assert len(projector._slots) <= projector._capacity


def test_one_very_long_conversation(baseline):
    long = Conversation(["customer", "agent"] * 3000, [f"甲{i}乙{i}" for i in range(6000)])
    assert len(baseline.predict([long])[0].emotion) == 6000


@pytest.mark.parametrize("name", ["card.json", "labels.json", "thresholds.json", "weights.npz"])
def test_missing_file_is_named(tmp_path, name):
    shutil.copytree(DEFAULT_FOLDER, tmp_path / "b")
    (tmp_path / "b" / name).unlink()
    with pytest.raises(ArtifactMissing, match=name):
        load_baseline(tmp_path / "b")


@pytest.mark.parametrize("name", ["card.json", "labels.json", "thresholds.json", "weights.npz"])
def test_damaged_file_is_named(tmp_path, name):
    shutil.copytree(DEFAULT_FOLDER, tmp_path / "b")
    path = tmp_path / "b" / name
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ArtifactCorrupt, match=name):
        load_baseline(tmp_path / "b")


def test_card_of_another_format_is_refused(tmp_path):
    shutil.copytree(DEFAULT_FOLDER, tmp_path / "b")
    card = json.loads((tmp_path / "b" / CARD).read_bytes())
    (tmp_path / "b" / CARD).write_text(json.dumps({**card, "format": "baseline-artifact/0"}))
    with pytest.raises(ArtifactCorrupt):
        load_baseline(tmp_path / "b")


SEALED_ANEW = [
    ("thresholds.json", b"{}", "缺少阈值"),
    ("thresholds.json", {"complaint": "0.5"}, "complaint 不是数字"),
    ("thresholds.json", {"fault:rude": True}, "fault:rude 不是数字"),
    ("labels.json", {"faults": ["rude"]}, "权重与标签对不上"),
    ("labels.json", {"resolution": ["resolved"]}, "权重与标签对不上"),
    ("weights.npz", b"", "缺少"),
    ("weights.npz", b"no archive", "缺少"),
]


@pytest.mark.parametrize(("name", "written", "why"), SEALED_ANEW)
def test_files_that_do_not_fit_are_refused_though_the_card_vouches_for_them(tmp_path, name, written, why):
    folder = tmp_path / "b"
    shutil.copytree(DEFAULT_FOLDER, folder)
    if isinstance(written, dict):
        written = json.dumps({**json.loads((folder / name).read_bytes()), **written}).encode()
    (folder / name).write_bytes(written)
    card = json.loads((folder / CARD).read_bytes())
    card["files"][name] = hashlib.sha256(written).hexdigest()
    (folder / CARD).write_text(json.dumps(card))
    with pytest.raises(ArtifactCorrupt, match=why):
        load_baseline(folder)


def test_unknown_model_name_is_refused():
    with pytest.raises(ModelError, match="baseline"):
        load_model("oracle")
