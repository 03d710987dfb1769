"""qa-engine rules …"""

from __future__ import annotations

from qa_engine.cli.lazy import Lazy, lazy_group
from qa_engine.cli.words import new_group

_CLI = "qa_engine.cli."
COMMANDS = {
    "test": Lazy(_CLI + "rules_test_command:test", "运行评分表自带的用例；有不符的退出码为 1。"),
    "lint": Lazy(_CLI + "rules_lint_command:check", "检查评分表：写错了报错（退出码 2），可疑的地方提醒。"),
    "schema": Lazy(_CLI + "rules_schema_command:schema", "输出评分表文件的 JSON Schema，供编辑器校验。"),
    "explain": Lazy(
        _CLI + "explain_command:explain_rules", "解释评分表：逐个质检项列出条件、范围和命中情况。"
    ),
}
rules = new_group("检查、测试、解释评分表里的规则。", lazy_group(**COMMANDS))


@rules.callback()
def group() -> None:
    """Make this a group; its commands are loaded when they run."""
