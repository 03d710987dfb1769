"""Which model speaks, and what a report says when the one asked for cannot."""

import sys

import pytest

from qa_engine.domain.transcript import Speaker, Transcript, Turn
from qa_engine.wiring import build_inspector, load_model

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
    load_model.cache_clear()
    yield
    load_model.cache_clear()


def test_the_default_is_the_baseline():
    report = build_inspector("general_service").inspect(CALL)
    assert report.engine.model is not None
    assert report.engine.model.startswith("baseline-")
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
    assert "qa-engine[neural]" in told.reason
