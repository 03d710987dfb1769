"""qa-engine models: list, verify, promote, roll back."""

from __future__ import annotations

import shutil

import pytest
from batch_samples import card_file, dialogue_file, reports_in, run

from models.choice import FILE
from models.files import SHIPPED
from models.registry import DEFAULT, NAMES
from qa_engine.wiring import forget_models


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A users' folder with one good model (a copy of the shipped baseline) and one broken."""
    forget_models()
    home = tmp_path / "models"
    for name in ("good", "broken"):
        shutil.copytree(SHIPPED / "baseline", home / name)
    (home / "broken" / "labels.json").write_text("{}\n", encoding="utf-8")
    monkeypatch.setenv("QA_ENGINE_MODELS", str(home))
    yield home
    forget_models()


def told(*words):
    done = run(*words)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_list_shows_every_model_its_state_and_what_auto_takes(home):
    code, text, _ = told("models", "list")
    assert code == 0
    lines = {line.split()[0 if "✓" not in line else 1]: line for line in text.splitlines()[1:5]}
    assert set(lines) == {*NAMES, "good", "broken"}
    assert [name for name, line in lines.items() if "✓" in line] == [DEFAULT]
    assert "不完整" in lines["broken"]
    assert "自己的" in lines["good"]
    assert "labels.json" in text
    assert str(home / "good") in text


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("what", "code"), [("good", 0), ("baseline", 0), ("neural", 0), ("broken", 1), (None, 1)]
)
def test_verify_tells_and_fails_when_a_file_is_not_what_the_card_promises(what, code):
    words = ("models", "verify") if what is None else ("models", "verify", what)
    done = told(*words)
    assert done[0] == code
    assert ("不完整" in done[1]) == (code == 1)


def test_use_promotes_and_default_goes_back(home):
    assert told("models", "use", "good")[0] == 0
    assert (home / FILE).is_file()
    line = next(line for line in told("models", "list")[1].splitlines() if "✓" in line)
    assert "good" in line
    assert told("models", "use", "--default")[0] == 0
    assert not (home / FILE).exists()
    line = next(line for line in told("models", "list")[1].splitlines() if "✓" in line)
    assert DEFAULT in line.split()[1]


@pytest.mark.usefixtures("home")
def test_a_folder_anywhere_can_be_promoted(tmp_path):
    shutil.copytree(SHIPPED / "baseline", tmp_path / "far away")
    assert told("models", "use", str(tmp_path / "far away"))[0] == 0
    text = told("models", "list")[1]
    assert any("✓" in line and "选用的" in line for line in text.splitlines())


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["broken"], "labels.json"),
        (["nobody"], "没有名为 nobody 的模型"),
        ([], "请写一个模型，或只写 --default"),
        (["good", "--default"], "请写一个模型，或只写 --default"),
    ],
)
def test_use_refuses_what_cannot_serve_and_keeps_the_choice(home, words, why):
    told("models", "use", "good")
    before = (home / FILE).read_bytes()
    code, _, error = told("models", "use", *words)
    assert code == 2
    assert why in error
    assert (home / FILE).read_bytes() == before


@pytest.mark.parametrize("graph", [b"no graph", b""])
def test_a_model_with_broken_graphs_is_not_promoted(home, graph):
    import hashlib
    import json

    pytest.importorskip("onnxruntime", reason="没有安装 onnxruntime，神经模型不可用")
    shutil.copytree(SHIPPED / "neural", home / "graphless")
    (home / "graphless" / "dialogue.onnx").write_bytes(graph)
    card = json.loads((home / "graphless" / "card.json").read_text(encoding="utf-8"))
    card["files"]["dialogue.onnx"] = hashlib.sha256(graph).hexdigest()
    (home / "graphless" / "card.json").write_text(json.dumps(card), encoding="utf-8")
    assert told("models", "verify", "graphless")[0] == 0, "its files are what its card promises"
    code, _, error = told("models", "use", "graphless")
    assert code == 2
    assert "打不开" in error


def test_score_takes_a_model_by_name_and_by_folder(home, tmp_path):
    card_file(tmp_path)
    dialogue_file(tmp_path / "in.jsonl", 2)
    asked = (("good", "baseline"), (str(home / "good"), "baseline"), ("auto", DEFAULT))
    for number, (model, kind) in enumerate(asked):
        out = tmp_path / f"r{number}.jsonl"
        done = run("score", tmp_path / "in.jsonl", "-s", tmp_path / "card.yaml", "-o", out, "--model", model)
        assert done.returncode == 0, done.stderr.decode()
        assert reports_in(out)[0]["engine"]["model"].startswith(f"{kind}-")
    done = run("score", tmp_path / "in.jsonl", "-s", tmp_path / "card.yaml", "-o", "-", "--model", "absent")
    assert done.returncode == 2
    assert "“absent”不在可选值" in done.stderr.decode()


def test_list_says_how_to_ask_for_a_model_whose_name_means_another(home):
    shutil.copytree(SHIPPED / "baseline", home / "baseline")
    _, text, _ = told("models", "list")
    (line,) = [line for line in text.splitlines() if line.startswith(f"baseline：{home}")]
    assert "--model 后面写这个文件夹" in line
    assert text.count("--model 后面写这个文件夹") == 1


def test_list_names_the_kind_of_a_broken_model_whose_card_is_sound(home):
    line = next(line for line in told("models", "list")[1].splitlines() if line.split()[:1] == ["broken"])
    assert line.split()[1] == "baseline"
    (home / "broken" / "card.json").write_text("{}", encoding="utf-8")
    line = next(line for line in told("models", "list")[1].splitlines() if line.split()[:1] == ["broken"])
    assert line.split()[1] == "—"
