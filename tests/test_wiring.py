"""Which model speaks, and what a report says when the one asked for cannot."""

import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest

from models.base import Ground, Grounds
from models.baseline import load_baseline
from models.choice import FILE, Choice, read_choice, write_choice
from models.files import SHIPPED
from models.registry import DEFAULT
from qa_engine.domain.resolution import resolution_label
from qa_engine.domain.transcript import Speaker, Transcript, Turn
from qa_engine.text.reading import read_transcript
from qa_engine.wiring import PredictorAdapter, build_inspector, forget_models, load_model

CALL = Transcript(
    "t",
    (
        Turn(Speaker.AGENT, "您好，请问有什么可以帮您？"),
        Turn(Speaker.CUSTOMER, "快递三天没动了，你们到底管不管！"),
        Turn(Speaker.AGENT, "非常抱歉给您添麻烦了，我马上帮您催。"),
        Turn(Speaker.CUSTOMER, "好的谢谢"),
    ),
)


@pytest.fixture(autouse=True)
def _fresh():
    forget_models()
    yield
    forget_models()


def test_the_default_is_the_neural_model():
    report = build_inspector("general_service").inspect(CALL)
    assert report.engine.model is not None
    assert report.engine.model.startswith("neural-")
    assert not [n for n in report.not_evaluated if n.what == "model"]


def test_without_a_model_the_report_says_so():
    report = build_inspector("general_service", model="none").inspect(CALL)
    assert report.engine.model is None
    assert {n.code for n in report.not_evaluated if n.what == "emotion"} == {"no_model"}


def test_the_neural_model_is_named():
    pytest.importorskip("onnxruntime", reason="没有安装 onnxruntime，神经模型不可用")
    report = build_inspector("general_service", model="neural").inspect(CALL)
    assert report.engine.model is not None
    assert report.engine.model.startswith("neural-")
    assert report.emotion.curve[0].emotion < 0


def test_a_neural_model_that_cannot_load_is_replaced_and_told(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("models.neural")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    report = build_inspector("general_service", model="neural").inspect(CALL)
    assert report.engine.model is not None
    assert report.engine.model.startswith("baseline-")
    (told,) = [n for n in report.not_evaluated if n.what == "model"]
    assert told.code == "model_fallback"
    assert "pip install onnxruntime" in told.reason


@pytest.fixture
def promoted(tmp_path, monkeypatch):
    """(home, folder) of a promoted copy of the baseline that differs from it by its version."""
    from models.artifact import read_artifact, write_artifact

    home = tmp_path / "home"
    monkeypatch.setenv("QA_ENGINE_MODELS", str(home))
    shipped = read_artifact(SHIPPED / "baseline")
    card = {"name": "baseline", "version": "我的-1"}
    digest = write_artifact(home / "mine", shipped.labels, shipped.thresholds, shipped.weights, card)
    write_choice(home, Choice(home / "mine", digest))
    return home, home / "mine", digest


def test_a_promoted_model_is_what_auto_takes_and_reports_name_it(promoted):
    _, _, digest = promoted
    report = build_inspector("general_service").inspect(CALL)
    assert report.engine.model == f"baseline-我的-1@{digest[:12]}"
    assert not [n for n in report.not_evaluated if n.what == "model"]
    assert load_model("baseline").info.version != "我的-1", "the shipped one can still be asked for"


def test_home_and_its_models_can_move_together(promoted, tmp_path, monkeypatch):
    home, _, digest = promoted
    shutil.move(home, tmp_path / "elsewhere")
    monkeypatch.setenv("QA_ENGINE_MODELS", str(tmp_path / "elsewhere"))
    assert load_model("auto").info.digest == digest


@pytest.mark.parametrize("how", ["文件被改", "文件丢失", "整个文件夹丢失", "换成了别的模型", "选用记录损坏"])
def test_a_promoted_model_that_cannot_be_used_is_replaced_and_told(promoted, how):
    home, folder, _ = promoted
    if how == "文件被改":
        (folder / "thresholds.json").write_text("{}", encoding="utf-8")
    elif how == "文件丢失":
        (folder / "weights.npz").unlink()
    elif how == "整个文件夹丢失":
        shutil.rmtree(folder)
    elif how == "换成了别的模型":
        shutil.rmtree(folder)
        shutil.copytree(SHIPPED / "baseline", folder)
    else:
        (home / FILE).write_text("{", encoding="utf-8")
    report = build_inspector("general_service").inspect(CALL)
    shipped = build_inspector("general_service", model=DEFAULT).inspect(CALL)
    assert report.engine.model == shipped.engine.model
    (told,) = [n for n in report.not_evaluated if n.what == "model"]
    assert told.code == "model_fallback"
    assert told.reason.startswith("选用的模型无法加载，改用神经模型：")


def test_a_folder_can_be_named_and_a_broken_one_is_told(promoted):
    _, folder, digest = promoted
    assert load_model(str(folder)).info.digest == digest
    assert load_model("mine").info.digest == digest
    (folder / "labels.json").unlink()
    forget_models()
    told = load_model("mine").info.fallback_reason
    assert told is not None
    assert "labels.json" in told


def test_choice_is_kept_relative_to_its_home(promoted):
    home, folder, _ = promoted
    assert str(home) not in (home / FILE).read_text(encoding="utf-8")
    found = read_choice(home)
    assert found is not None
    assert found.folder == folder


def test_a_promoted_shipped_model_outlives_an_update(tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime", reason="没有安装 onnxruntime，神经模型不可用")
    monkeypatch.setenv("QA_ENGINE_MODELS", str(tmp_path))
    write_choice(tmp_path, Choice(SHIPPED / "neural", "of an older one"))
    assert str(SHIPPED) not in (tmp_path / FILE).read_text(encoding="utf-8")
    info = load_model("auto").info
    assert (info.name, info.fallback_reason) == ("neural", None)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("[]", "应为 JSON 对象"),
        ('{"format": "model-choice/9", "folder": "mine", "digest": "0"}', "不是 model-choice/1 格式"),
        ('{"format": "model-choice/1", "folder": "mine"}', "没有写明模型的文件夹或摘要"),
    ],
)
def test_a_choice_that_cannot_be_read_tells_why_and_what_to_do(promoted, written, why):
    home, _, _ = promoted
    (home / FILE).write_text(written, encoding="utf-8")
    told = load_model("auto").info.fallback_reason
    assert told is not None
    assert why in told
    assert "qa-engine models use" in told


class Opinionated:
    """A predictor that finds "resolved" likeliest, where the report settles on the graver "partial"."""

    def __init__(self, grounds, turns):
        self._inner = load_baseline()
        self.name, self.version, self.digest = "opinionated", "1", "0" * 64
        self.labels, self.thresholds = self._inner.labels, self._inner.thresholds
        self.causal, self._grounds, self._turns = True, grounds, turns

    def predict(self, conversations):
        shares = {"resolved": 0.5, "partial": 0.45, "unresolved": 0.05}
        resolution = np.array([shares[status] for status in self.labels.resolution], dtype=np.float32)
        return [
            replace(output, resolution=resolution, grounds=self._grounds, resolution_turns=self._turns)
            for output in self._inner.predict(conversations)
        ]


@pytest.mark.parametrize(
    ("grounds", "named"),
    [
        (Grounds({"resolved": (Ground(3, 2.0),), "partial": (Ground(2, 1.0),)}), (2,)),
        (Grounds({"resolved": (Ground(3, 2.0),), "partial": ()}), ()),
        (Grounds(), (3,)),
    ],
    ids=["所判结论的依据", "所判结论没有依据，不借用别的结论的", "模型只给出一组句子"],
)
def test_turns_named_are_those_of_the_status_shown(grounds, named):
    adapter = PredictorAdapter(Opinionated(grounds, (3,)))
    (prediction,) = adapter.predict([read_transcript(CALL)])
    assert resolution_label(prediction.dialogue.resolution) == "partial"
    assert prediction.dialogue.resolution_turns == named
