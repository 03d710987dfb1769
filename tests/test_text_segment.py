"""Words, clauses and word lists."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_engine.domain.errors import ConfigError
from qa_engine.text import lexicon
from qa_engine.text.lexicon import read_word_list, word_list, word_list_names
from qa_engine.text.segment import clauses, segment

CLAUSES = [
    ("您好,请讲。谢谢!", ["您好", "请讲", "谢谢"]),
    ("一共138.50元,1,380也行", ["一共138.50元", "1,380也行"]),
    ("好的... 嗯", ["好的", "嗯"]),
    ("发到a.b@example.com;谢谢", ["发到a.b@example.com", "谢谢"]),
    ("第一行\n第二行", ["第一行", "第二行"]),
    ("时间:三点", ["时间:三点"]),
    ("没标点 只有空格", ["没标点 只有空格"]),
    (" ,。 ", []),
    ("", []),
]


@pytest.mark.parametrize(("text", "expected"), CLAUSES)
def test_clauses(text, expected):
    assert [text[start:end] for start, end in clauses(text)] == expected


@given(st.text("好的,。!?;. \n1a中", max_size=40))
def test_clauses_are_ordered_trimmed_and_lose_only_marks_and_space(text):
    spans = clauses(text)
    at = 0
    outside = ""
    for start, end in spans:
        assert at <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        outside += text[at:start]
        at = end
    outside += text[at:]
    assert set(outside) <= set(",。!?;. \n")


@given(st.text(max_size=40))
def test_tokens_tile_the_text(text):
    tokens = segment(text)
    assert "".join(token.text for token in tokens) == text
    at = 0
    for token in tokens:
        assert token.start == at
        assert text[token.start : token.end] == token.text
        at = token.end


@pytest.mark.parametrize("word", word_list("domain").words)
def test_domain_words_stay_whole(word):
    assert [token.text for token in segment(word)] == [word]


@pytest.mark.parametrize(
    ("sentence", "word"),
    [
        ("我要申请价保还有运费险", "价保"),
        ("我要申请价保还有运费险", "运费险"),
        ("可以仅退款吗", "仅退款"),
        ("我想携转到别家", "携转"),
        ("需要二次实名认证", "二次实名"),
        ("号码被单向停机了", "单向停机"),
        ("会不会上征信啊", "上征信"),
        ("用云闪付付的", "云闪付"),
        ("白条能不能分期", "白条"),
        ("快递单号发我", "快递单号"),
    ],
)
def test_domain_words_in_sentences(sentence, word):
    assert word in [token.text for token in segment(sentence)]


def test_segmenting_is_silent_and_leaves_jieba_and_the_disk_alone(tmp_path):
    code = (
        "from qa_engine.text.segment import segment\n"
        "segment('我要申请价保')\n"
        "import jieba, os, tempfile\n"
        "assert not jieba.dt.initialized\n"
        "assert os.listdir(tempfile.gettempdir()) == []\n"
    )
    env = {"TMPDIR": str(tmp_path), "PATH": "", "PYTHONPATH": ":".join(path for path in sys.path if path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


LISTS = {
    "apology": "对不起",
    "courtesy": "您好",
    "domain": "价保",
    "fillers": "那个",
    "insults": "骗子",
    "rude_agent": "听不懂人话",
    "soothing": "您别着急",
    "surnames": "欧阳",
    "threats": "12315",
    "urging": "等多久",
}


def test_shipped_lists():
    assert set(word_list_names()) == set(LISTS)
    for name, word in LISTS.items():
        assert word in word_list(name).words
        assert word in word_list(name).categories
    assert len(word_list("domain").words) >= 300
    assert len(word_list("surnames").words) >= 400


def test_threats_know_where_the_customer_turns_to():
    threats = word_list("threats")
    assert {"工信部", "12315"} <= set(threats.in_category("regulator"))
    assert "律师函" in threats.in_category("court")
    assert "黑猫" in threats.in_category("media")
    assert "退网" in threats.in_category("leave")


@pytest.mark.parametrize("name", word_list_names())
def test_lists_hold_no_word_twice(name):
    path = Path(lexicon.__file__).with_name("lexicon") / f"{name}.txt"
    entries = [line.split("#")[0].split("\t")[0].strip() for line in path.read_text("utf-8").splitlines()]
    written = [entry for entry in entries if entry]
    assert sorted(written) == sorted(set(written))


def test_reading_a_customers_own_list(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("# 注释\n甲词\t一类\n\n乙词 # 尾注\n甲词\n", encoding="utf-8")
    words = read_word_list(path)
    assert words.words == ("甲词", "乙词")
    assert dict(words.categories) == {"甲词": "一类"}


@pytest.mark.parametrize(
    ("content", "line"),
    [("甲\n" + "长" * 31, 2), ("甲\n\n" + "长" * 31 + "\t类", 3), (b"\xff\xfe\x00", None)],
)
def test_a_bad_list_says_where(tmp_path, content, line):
    path = tmp_path / "bad.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError) as caught:
        read_word_list(path)
    assert caught.value.line == line


def test_a_missing_list_is_a_config_error(tmp_path):
    with pytest.raises(ConfigError, match="无法读取"):
        read_word_list(tmp_path / "none.txt")


def test_an_unknown_list_is_named_with_the_known_ones():
    with pytest.raises(ConfigError, match="threats"):
        word_list("no_such_list")
