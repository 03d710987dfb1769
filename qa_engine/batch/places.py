"""Where results may be written: told before anything is scored, and never over a file of somebody else's."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import orjson

from qa_engine.batch.errors import ForeignFile, OutputFolderMissing, OutputIsFolder, OutputNotWritable

# Every page of ours carries this line near its top.
PAGE_MARK = '<meta name="generator" content="qa-engine">'
_HEAD = 4096
_FAILURE_KEYS = {"code", "why", "remedy", "file", "line", "record", "field", "transcript_id"}


def check_place(path: Path, option: str) -> None:
    """Make sure that a file can be written at ``path``, which ``option`` of the command line named.

    Raises:
        OutputIsFolder, OutputFolderMissing, OutputNotWritable: it cannot.
    """
    if path.is_dir():
        raise OutputIsFolder(path, option)
    if not path.parent.is_dir():
        raise OutputFolderMissing(path.parent, option)
    if path.exists() and not path.is_file():
        return  # a device or a pipe
    _check_writable(path.parent, option)


def check_folder(path: Path, option: str) -> None:
    """Make sure that a folder is, or can be made, at ``path``.

    Raises:
        OutputNotWritable: a file stands there or in the way, or nothing may be written.
    """
    standing = path
    while not standing.exists() and standing != standing.parent:
        standing = standing.parent
    _check_writable(standing, option)


def _check_writable(folder: Path, option: str) -> None:
    try:
        # Asking for permissions is not enough: file systems may be read-only or full.
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0")
    except OSError as error:
        raise OutputNotWritable(folder, option) from error


def check_not_foreign(path: Path, option: str, is_ours: Callable[[bytes], bool]) -> None:
    """Make sure that what stands at ``path`` is empty or ours; ``is_ours`` judges its first bytes.

    Raises:
        ForeignFile: somebody else wrote it.
    """
    if not path.is_file():
        return
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head and not is_ours(head):
        raise ForeignFile(path, option)


def check_site(folder: Path, option: str) -> None:
    """Make sure that no page of somebody else's would be overwritten in ``folder``.

    Raises:
        ForeignFile: one would be.
    """
    for page in (folder / "index.html", *(folder / "calls").glob("*.html")):
        check_not_foreign(page, option, is_page)


def is_page(head: bytes) -> bool:
    """Tell whether these are the first bytes of a page of ours."""
    return PAGE_MARK.encode() in head


def is_error_list(head: bytes) -> bool:
    """Tell whether these are the first bytes of an error list of ours."""
    fields = _first_object(head)
    # A path may be so long that the first line goes on behind the head.
    return set(fields) == _FAILURE_KEYS if fields else head.startswith(b'{"code":"') and b"\n" not in head


def is_report_list(head: bytes) -> bool:
    """Tell whether these are the first bytes of JSON lines of reports."""
    return head.startswith(b'{"schema":"inspection-report/1"')


def _first_object(head: bytes) -> dict[str, object]:
    try:
        value = orjson.loads(head.split(b"\n", 1)[0])
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}
