"""qa-engine train: own labels by the command line, and what it says when something is missing."""

from __future__ import annotations

import json
import sys

import pytest
from batch_samples import run
from neural_samples import needs_training, write_small_setting
from test_training_own import own_file

from models.baseline import load_baseline


def told(*words):
    done = run(*words)
    return done.returncode, done.stderr.decode()


def test_baseline_with_own_labels_goes_to_the_users_models_and_never_over_the_shipped_one(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("QA_ENGINE_MODELS", str(tmp_path / "models"))
    config, data = write_small_setting(tmp_path)
    own = own_file(tmp_path / "own", 6, acts=False)
    code, error = told(
        "train", "baseline", "--config", config.parent / "baseline.toml", "--data", data, "--own", own.parent
    )
    assert code == 0, error
    assert "自己的会话只有 6 通，不够单独校准" in error
    place = tmp_path / "models" / "own-baseline"
    assert load_baseline(place).digest[:12] in error
    assert json.loads((place / "card.json").read_text(encoding="utf-8"))["data"]["own"]["dialogues"] == 6
    assert "own-baseline" in run("models", "list").stdout.decode()


@pytest.mark.parametrize(
    ("kind", "module", "extra"),
    [("baseline", "threadpoolctl", "qa-engine[train]"), ("neural", "torch", "qa-engine[neural-train]")],
)
def test_missing_extra_is_named_with_the_remedy(monkeypatch, kind, module, extra):
    monkeypatch.setitem(sys.modules, module, None)
    code, error = told("train", kind)
    assert code == 2
    assert f"pip install '{extra}'" in error
    assert module in error


@needs_training
def test_base_that_cannot_be_had_is_told_before_anything_slow(tmp_path):
    (tmp_path / "empty").mkdir()
    _, data = write_small_setting(tmp_path)
    code, error = told("train", "neural", "--data", data, "--base", tmp_path / "empty", "-o", tmp_path / "m")
    assert code == 2
    assert "无法取得基础编码器" in error
    assert not (tmp_path / "m").exists()


@needs_training
def test_gpu_that_is_not_there_is_told_before_anything_slow(tmp_path):
    import torch

    if torch.cuda.is_available():
        pytest.skip("这台机器有 GPU")
    config, data = write_small_setting(tmp_path)
    config.write_text(config.read_text("utf-8").replace('device = "cpu"', 'device = "cuda"'), "utf-8")
    code, error = told("train", "neural", "--config", config, "--data", data, "-o", tmp_path / "m")
    assert code == 2
    assert "没有可用的 GPU" in error
    assert not list(tmp_path.glob(".m*")), "nothing was begun"


@pytest.mark.parametrize(
    ("line", "field"), [('{"id": "x"}', "turns"), ('{"id": "x", "turns": [], "gold": {}}', "turns")]
)
def test_bad_own_labels_name_file_line_and_field(tmp_path, line, field):
    _, data = write_small_setting(tmp_path)
    (tmp_path / "own.jsonl").write_text("\n" + line + "\n", encoding="utf-8")
    code, error = told(
        "train", "baseline", "--data", data, "--own", tmp_path / "own.jsonl", "-o", tmp_path / "m"
    )
    assert code == 2
    assert f"own.jsonl 第 2 行 字段 {field}" in error


def test_own_call_that_is_also_in_the_corpus_is_refused(tmp_path):
    _, data = write_small_setting(tmp_path)
    code, error = told("train", "baseline", "--data", data, "--own", data / "ec.jsonl", "-o", tmp_path / "m")
    assert code == 2
    assert "编号与前面的记录重复" in error
