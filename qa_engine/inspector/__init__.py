"""The whole engine on one page: a transcript in, an evidenced inspection report out."""

from qa_engine.inspector.inspector import Inspector

__all__ = ["Inspector"]
