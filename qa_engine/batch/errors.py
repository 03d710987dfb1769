"""What stops a whole batch (a single bad record never does)."""

from __future__ import annotations

from pathlib import Path

from qa_engine.domain.errors import QAEngineError


class BatchError(QAEngineError):
    """Base of everything that stops a batch; the message says what to do next."""


class UnknownOutputFormat(BatchError):
    """The ending of the output file names no format that can be written."""

    def __init__(self, path: Path, endings: tuple[str, ...]) -> None:
        known = "、".join(endings)
        super().__init__(f"不认识的结果格式：{path.name}。处理办法：把 --out 的扩展名改为 {known} 之一。")


class OutputExists(BatchError):
    """The output file is already there, and not known to be the result of this run."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"文件已存在：{path}，没有它由本次任务写成的记录，因此没有动它。"
            "处理办法：换一个文件名，或加 --overwrite 覆盖。"
        )


class OutputOfAnotherRun(BatchError):
    """The output file is the finished result of a run with another scorecard, inputs or options."""

    def __init__(self, path: Path, differing: tuple[str, ...]) -> None:
        super().__init__(
            f"{path} 是另一次评分的完整结果，与本次不同：{'、'.join(differing)}。"
            "处理办法：换一个文件名，或加 --overwrite 重新评分。"
        )


class PagesMissing(BatchError):
    """The run is finished, but it made no pages, and now they are asked for."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} 早已评完，但当时没有生成网页。处理办法：加 --overwrite 连同网页重新生成。")


class ForeignFile(BatchError):
    """A file that this software did not write stands where something is to be written."""

    def __init__(self, path: Path, option: str) -> None:
        super().__init__(
            f"{option} 要写的 {path} 已存在，而且不是本软件写的，因此没有动它。"
            "处理办法：换一个位置，或加 --overwrite 覆盖。"
        )


class OutputIsFolder(BatchError):
    """A folder stands where a file is to be written."""

    def __init__(self, path: Path, option: str) -> None:
        super().__init__(f"{option} 要的是文件，{path} 是文件夹。处理办法：在后面加上文件名。")


class OutputNotWritable(BatchError):
    """Nothing can be written in a folder."""

    def __init__(self, folder: Path, option: str) -> None:
        super().__init__(
            f"{option}：{folder} 里写不了文件。处理办法：检查它是不是文件夹、有没有写权限、磁盘是否已满。"
        )


class LedgerNotWritten(BatchError):
    """The run ledger cannot be written any further (disk full, for one)."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"评分进度写不进 {path}，多半是磁盘已满。已评的结果没有丢失。"
            "处理办法：腾出空间后用同样的命令再运行一次，就会接着评。"
        )


class OutputAmongInputs(BatchError):
    """The output (or what is written beside it) would be read as an input."""

    def __init__(self, path: Path, option: str) -> None:
        super().__init__(
            f"{option} 要写的 {path} 在输入范围之内，会被当成会话读入。"
            f"处理办法：把 {option} 放到输入文件夹和通配符之外。"
        )


class OutputFolderMissing(BatchError):
    """The folder of the output file does not exist."""

    def __init__(self, path: Path, option: str) -> None:
        super().__init__(f"{option} 所在的文件夹不存在：{path}。处理办法：先建好文件夹，或改正 {option}。")


class LedgerMismatch(BatchError):
    """A run ledger from a different run lies beside the output file."""

    def __init__(self, path: Path, differing: tuple[str, ...]) -> None:
        what = "、".join(differing)
        super().__init__(
            f"{path} 里有一次未完成的评分，但与本次不同：{what}。"
            "处理办法：用当时的参数继续，或加 --overwrite 放弃旧进度从头评分。"
        )


class LedgerDamaged(BatchError):
    """The run ledger cannot be read."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"评分进度文件已损坏，无法继续：{path}。"
            "处理办法：加 --overwrite 放弃旧进度从头评分（输入文件不受影响）。"
        )


class LedgerBusy(BatchError):
    """Another run is writing to the same ledger."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"另一个评分任务正在写 {path}。处理办法：等它结束，或把 --out 换成别的文件。")


class InputsChanged(BatchError):
    """The inputs no longer yield the records that the ledger has already scored."""

    def __init__(self, path: Path, position: int) -> None:
        super().__init__(
            f"输入内容与 {path} 中的进度对不上（从第 {position + 1} 条记录起）。"
            "处理办法：恢复原来的输入，或加 --overwrite 从头评分。"
        )


class WorkersUnavailable(BatchError):
    """Worker processes die before they can score anything."""

    def __init__(self) -> None:
        super().__init__(
            "评分子进程一启动就退出，多半是内存不足。已评的结果没有丢失。"
            "处理办法：减小 --workers（例如 --workers 1）后用同样的命令继续。"
        )
