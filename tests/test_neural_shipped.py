"""The neural model as shipped: it loads without torch, knows itself, and reads plain cases as people do."""

from __future__ import annotations

import subprocess
import sys

import pytest

from models.base import Conversation
from models.errors import ModelError
from models.neural import load_neural
from models.neural.predictor import DEFAULT_FOLDER

pytest.importorskip("onnxruntime", reason="没有安装 onnxruntime，神经模型不可用")


@pytest.fixture(scope="module")
def model():
    return load_neural()


def test_size_stays_within_the_promise():
    assert sum(file.stat().st_size for file in DEFAULT_FOLDER.rglob("*") if file.is_file()) <= 30_000_000


def test_serving_imports_neither_torch_nor_transformers():
    code = "import sys; from models.neural import load_neural; load_neural(); print(sorted({'torch', 'transformers', 'sklearn'} & set(sys.modules)))"  # noqa: E501
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_folder_without_a_model_is_told_in_chinese(tmp_path):
    with pytest.raises(ModelError, match="不存在"):
        load_neural(tmp_path)


@pytest.mark.parametrize(
    ("dialogue", "turn", "negative"),
    [
        (["您好，请问有什么可以帮您", "我想查一下快递到哪了"], 1, False),
        (["您好，请问有什么可以帮您", "等了半个月了还没到，你们到底管不管！"], 1, True),
        (["稍等，给您查询", "好的，麻烦了"], 1, False),
        (["这个我们处理不了", "什么垃圾服务，我要投诉你们"], 1, True),
        (["已经帮您申请退款了", "太好了，谢谢你啊"], 1, False),
    ],
)
def test_plain_cases(model, dialogue, turn, negative):
    said = model.predict([Conversation(["agent", "customer"], dialogue, "chat")])[0]
    angry, upset, *_ = said.emotion[turn]
    assert (angry + upset >= model.thresholds["emotion_negative"]) == negative
