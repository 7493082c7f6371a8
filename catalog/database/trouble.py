"""What the machine refuses while work is under way: a full disk, a read-only folder, a database that is gone.

A disk can be full at any write and a database can be gone at any statement, so these are looked up in one table where
an error ends (a run, a tick of the scheduler, a look of the watcher, a command) and not around each write.
"""

from __future__ import annotations

import errno

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from catalog.errors import DatabaseError, Label, ShihyoError, StorageError

_ROOM = Label(
    "空きを作って、もう一度実行してください。不要なものは shihyo harvest maintain --dry-run で分かります",
    "Make room and run it again; shihyo harvest maintain --dry-run shows what is not needed",
)
_RIGHTS = Label(
    "フォルダの持ち主と権限を確かめ、持ち主の利用者で実行してください。保存先は SHIHYO_HOME です",
    "Check who owns the folder and who may write it, and run it as that user; SHIHYO_HOME says where the folder is",
)
_DISK = Label("ディスクの状態を確かめてください", "Check the state of the disk")
_FULL = Label("ディスクに書き込む空きがありません", "There is no room on the disk")

#: errno -> what it means, and what to do
_MEANINGS = {
    errno.ENOSPC: (_FULL, _ROOM),
    errno.EDQUOT: (_FULL, _ROOM),
    errno.EFBIG: (Label("ファイルの大きさの上限を超えます", "A file gets larger than it may"), _ROOM),
    errno.EROFS: (Label("書き込めないディスクです", "The disk is read-only"), _RIGHTS),
    errno.EACCES: (Label("読み書きする権限がありません", "There is no permission to read or write it"), _RIGHTS),
    errno.EPERM: (Label("変更する権限がありません", "There is no permission to change it"), _RIGHTS),
    errno.EIO: (Label("ディスクを読み書きできません", "The disk cannot be read or written"), _DISK),
}


def find_trouble(error: BaseException) -> ShihyoError | None:
    """Return what an error says of the machine, or None if it is not about the machine."""
    if isinstance(error, ShihyoError):
        return error
    if isinstance(error, SQLAlchemyError):
        return _database(error)
    meaning = _MEANINGS.get(error.errno or 0) if isinstance(error, OSError) else None
    if meaning is None or not isinstance(error, OSError):
        return None
    what, step = meaning
    ja, en = (f"（{error.filename}）", f" ({error.filename})") if error.filename else ("", "")
    return StorageError(what.ja + ja, what.en + en, next_step=step, reason=error.strerror)


def _database(error: SQLAlchemyError) -> DatabaseError:
    # The statement and its parameters are nobody's business: only what the driver says.
    reason = str(error.orig) if isinstance(error, DBAPIError) else type(error).__name__
    return DatabaseError(
        f"業務データベースを使えません（{reason}）",
        f"The application database cannot be used ({reason})",
        next_step=Label(
            "空き容量と権限、ほかのプログラムが使っていないか、データベースが動いているかを確かめ、もう一度実行してください。"
            "公開済みのものは変わりません",
            "Check free space, permissions, whether another program uses it, and that the database runs; then run it "
            "again. What is published stays",
        ),
        reason=reason,
    )
