"""The rule language: conditions over a conversation, the same live and on a finished transcript."""

from qa_engine.rules.compile import CriterionRule, compile_rules
from qa_engine.rules.explain import ExplainNode, explain
from qa_engine.rules.facts import Facts
from qa_engine.rules.ruleset import RuleSet
from qa_engine.rules.schema import language_schema
from qa_engine.rules.session import RuleSession

__all__ = [
    "CriterionRule",
    "ExplainNode",
    "Facts",
    "RuleSession",
    "RuleSet",
    "compile_rules",
    "explain",
    "language_schema",
]
