"""变异测试：任何坏输入都不崩溃，坏记录旁边的好记录一条不少。

每个变异体既作为单独的文件放在好文件之间，也（压成一行后）夹在 JSONL 的好记录之间。
"""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa_engine.domain.errors import IntakeError
from qa_engine.domain.transcript import Transcript
from qa_engine.intake.read import read_document, read_inputs

SEED = 20_240_501
FIXTURES = Path(__file__).parent / "fixtures"
_SUFFIXES = {".json", ".jsonl", ".srt", ".vtt", ".txt"}
_TURNS = [
    ("agent", "您好，请问有什么可以帮您"),
    ("customer", "我的快递三天没动了"),
    ("agent", "我帮您查一下"),
]


def own_json() -> bytes:
    turns = [{"speaker": who, "text": text, "start_ms": i * 3000, "end_ms": i * 3000 + 2500}
             for i, (who, text) in enumerate(_TURNS)]  # fmt: skip
    call = {
        "id": "own",
        "channel": "voice",
        "agent": {"id": "301", "team": "一班"},
        "customer": {"tier": "金卡"},
        "attributes": {"hold_ms": 5, "标签": ["甲"]},
        "duration_ms": 9000,
        "turns": turns,
    }
    return json.dumps(call, ensure_ascii=False).encode()


def own_csv() -> bytes:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["会话ID", "角色", "内容", "开始时间(ms)", "结束时间(ms)", "工号"])
    for call in ("c1", "c2"):
        rows.writerows(
            [call, who, said, i * 3000, i * 3000 + 2500, "301"] for i, (who, said) in enumerate(_TURNS)
        )
    return text.getvalue().encode()


def own_text() -> bytes:
    first = "会话ID：t1\n[00:00:01] 客服：您好\n[00:00:03] 客户：我的快递呢\n三天了\n"
    return f"{first}=====\nA：您好\nB：在吗\n".encode()


def originals() -> list[tuple[str, bytes]]:
    files = sorted(path for path in (FIXTURES / "producers").iterdir() if path.suffix in _SUFFIXES)
    own = [("own.jsonl", own_json()), ("own.csv", own_csv()), ("own.txt", own_text())]
    return [*((path.name, path.read_bytes()) for path in files), *own]


# --- mutants: bytes ------------------------------------------------------------------------------


def _cut(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data))]


def _flip(data: bytes, dice: random.Random) -> bytes:
    mutant = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        mutant[dice.randrange(len(mutant))] = dice.randrange(256)
    return bytes(mutant)


def _drop(data: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(data))
    return data[:start] + data[start + dice.randint(1, 40) :]


def _repeat(data: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(data))
    piece = data[start : start + dice.randint(1, 60)]
    return data[:start] + piece * dice.randint(2, 5) + data[start:]


def _insert(data: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(data))
    noise = dice.choice(
        [b"\x00", b"\xff\xfe", b'"', b"}", b"[", b"\n", b"\\", b"\\ud800", "坏".encode("gbk"), b"\r"]
    )
    return data[:start] + noise + data[start:]


def _reencode(data: bytes, dice: random.Random) -> bytes:
    return data.decode("utf-8").encode(
        dice.choice(["utf-16", "gb18030", "utf-8-sig", "utf-16-le"]), "replace"
    )


BYTE_MUTATIONS = (_cut, _flip, _drop, _repeat, _insert, _reencode)

# --- mutants: JSON structure ---------------------------------------------------------------------

STRANGE: list[object] = [
    None, True, 0, -1, 1.5, 10**18, -(10**9), 1e300, "", " ", "x" * 500, "12", "1e999999", "nan", [], {},
    [[]], [None], [{}], {"": None}, "\x00", "\u202e坏", "0", [[1, 2], [3]], {"text": 1},
]  # fmt: skip


def _places(value: object) -> Iterator[tuple[dict | list, str | int]]:
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def mutate_structure(document: object, dice: random.Random) -> object:
    document = json.loads(json.dumps(document))
    for _ in range(dice.randint(1, 3)):
        places = list(_places(document))
        if not places:
            return dice.choice(STRANGE)
        container, key = dice.choice(places)
        action = dice.randrange(5)
        if action == 0:
            del container[key]
        elif action == 1 and isinstance(container, dict):
            container[f"{key}_"] = container.pop(key)
        elif action == 2:
            container[key] = [container[key]]
        elif action == 3 and isinstance(container, list):
            container.append(container[key])
        else:
            container[key] = json.loads(json.dumps(dice.choice(STRANGE)))
    return document


# --- laws ----------------------------------------------------------------------------------------


def good_line(name: str) -> str:
    turns = [{"speaker": who, "text": text} for who, text in _TURNS]
    return json.dumps({"id": name, "turns": turns}, ensure_ascii=False)


def check(items: list[Transcript | IntakeError]) -> list[str]:
    """每一项都是会话或错误；会话可用，错误是完整的句子。"""
    ids = []
    for item in items:
        if isinstance(item, IntakeError):
            assert item.code
            assert item.why
            assert item.remedy
            assert str(item).endswith("。")
            continue
        assert isinstance(item, Transcript)
        assert item.id.strip()
        assert any(turn.text.strip() for turn in item.turns)
        for turn in item.turns:
            turn.text.encode("utf-8")
            assert turn.start_ms is None or (isinstance(turn.start_ms, int) and turn.start_ms >= 0)
            assert turn.end_ms is None or (isinstance(turn.end_ms, int) and turn.end_ms >= 0)
        for flag in item.flags:
            assert all(0 <= turn < len(item.turns) for turn in flag.turns)
        ids.append(item.id)
    assert len(ids) == len(set(ids))
    return ids


ORIGINALS = originals()
DOCUMENTS = [
    (name, document)
    for name, data in ORIGINALS
    if name.endswith((".json", ".jsonl"))
    for document in ([json.loads(data)] if name.endswith(".json") else map(json.loads, data.splitlines()[:2]))
]


@pytest.mark.parametrize(("name", "data"), ORIGINALS, ids=[name for name, _ in ORIGINALS])
def test_the_original_is_read_without_error(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data)
    items = list(read_inputs([str(path)]))
    assert check(items)
    assert [str(item) for item in items if isinstance(item, IntakeError)] == []


@pytest.mark.parametrize(("name", "data"), ORIGINALS, ids=[name for name, _ in ORIGINALS])
def test_a_mutant_file_beside_good_files(tmp_path, name, data):
    """42 个字节变异体，各在两个好文件之间，且各自恰好由会话或错误交代。"""
    expected: set[str] = set()
    mutants: dict[str, bytes] = {}
    for number in range(42):
        dice = random.Random(f"{SEED}/{name}/{number}")
        mutants[f"{number:03}m_{name}"] = BYTE_MUTATIONS[number % len(BYTE_MUTATIONS)](data, dice)
        (tmp_path / f"{number:03}z.jsonl").write_text(good_line(f"good-{number}"), encoding="utf-8")
        expected.add(f"good-{number}")
    for file_name, mutant in mutants.items():
        (tmp_path / file_name).write_bytes(mutant)
    items = list(read_inputs([str(tmp_path)]))
    assert expected <= set(check(items))
    told = {item.file if isinstance(item, IntakeError) else item.origin.file for item in items}
    assert told >= {str(tmp_path / file_name) for file_name in mutants}


@pytest.mark.parametrize(
    ("name", "document"), DOCUMENTS, ids=[f"{i}-{d[0]}" for i, d in enumerate(DOCUMENTS)]
)
def test_a_mutant_line_between_good_lines(tmp_path, name, document):
    """40 个结构变异体与 20 个字节变异体，一行一个，好记录相间。"""
    lines: list[bytes] = []
    flat = json.dumps(document, ensure_ascii=False).encode()
    for number in range(60):
        dice = random.Random(f"{SEED}/{name}/line/{number}")
        if number < 40:
            mutant = json.dumps(mutate_structure(document, dice), ensure_ascii=False).encode("utf-8")
        else:
            mutant = BYTE_MUTATIONS[number % 5](flat, dice)
        lines += [mutant.replace(b"\n", b" "), good_line(f"good-{number}").encode()]
    path = tmp_path / "mixed.jsonl"
    path.write_bytes(b"\n".join([good_line("first").encode(), *lines]))
    items = list(read_inputs([str(path)]))
    assert {"first", *(f"good-{number}" for number in range(60))} <= set(check(items))
    told = {item.line if isinstance(item, IntakeError) else item.origin.line for item in items}
    mutant_lines = {2 + 2 * i for i in range(60) if lines[2 * i].strip()}
    assert mutant_lines <= told


@pytest.mark.parametrize(
    ("name", "document"), DOCUMENTS, ids=[f"{i}-{d[0]}" for i, d in enumerate(DOCUMENTS)]
)
def test_a_mutant_element_between_good_elements(tmp_path, name, document):
    """结构变异体作为数组的一项：JSON 本身完好，好的各项一条不少。"""
    elements: list[object] = []
    for number in range(20):
        mutant = mutate_structure(document, random.Random(f"{SEED}/{name}/array/{number}"))
        elements += [json.loads(good_line(f"good-{number}")), mutant]
    path = tmp_path / "array.json"
    path.write_text(json.dumps(elements, ensure_ascii=False, indent=1), encoding="utf-8")
    ids = set(check(list(read_inputs([str(path)]))))
    assert ids >= {f"good-{number}" for number in range(20)}


@pytest.mark.parametrize(
    ("name", "document"), DOCUMENTS, ids=[f"{i}-{d[0]}" for i, d in enumerate(DOCUMENTS)]
)
def test_a_mutant_request_body(name, document):
    for number in range(20):
        mutant = mutate_structure(document, random.Random(f"{SEED}/{name}/body/{number}"))
        items = list(read_document(mutant))
        check(items)
        assert items
