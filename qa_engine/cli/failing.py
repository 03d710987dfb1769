"""What the operating system refuses, said in Chinese with a remedy."""

from __future__ import annotations

import errno
import os
import sys

_REASONS = {
    errno.ENOSPC: ("磁盘已满", "腾出空间"),
    errno.EDQUOT: ("磁盘配额已用完", "腾出空间或申请配额"),
    errno.EFBIG: ("文件超过系统允许的大小", "放宽限制，或写到别处"),
    errno.EACCES: ("没有权限", "检查权限，或写到别处"),
    errno.EPERM: ("系统不允许", "检查权限，或写到别处"),
    errno.EROFS: ("所在的磁盘是只读的", "写到别处"),
    errno.ENOENT: ("文件或文件夹不存在", "检查路径"),
    errno.EISDIR: ("这是文件夹，不是文件", "检查路径"),
    errno.ENOTDIR: ("路径中间有一段不是文件夹", "检查路径"),
    errno.EEXIST: ("已有同名的文件", "检查路径"),
    errno.ENAMETOOLONG: ("文件名太长", "改短文件名"),
    errno.EMFILE: ("打开的文件太多", "放宽系统限制"),
}


def told_os_error(error: OSError) -> str:
    """Say why the system refused; a run with a ledger goes on from there."""
    reason, remedy = _REASONS.get(error.errno or 0, (f"系统错误 {error.errno}", "检查磁盘和路径"))
    where = f"：{error.filename}" if error.filename else ""
    return (
        f"读写文件失败，{reason}{where}。处理办法：{remedy}，再用同样的命令运行一次；"
        "用 --out 文件评分时，已评的结果没有丢失。"
    )


def close_quietly() -> None:
    """Keep Python from writing what is left of standard output, and failing once more, at its end."""
    try:
        number = sys.stdout.fileno()
    except (OSError, ValueError):
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, number)
    os.close(nothing)
