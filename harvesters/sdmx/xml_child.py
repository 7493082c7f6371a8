"""The process that parses SDMX-ML: run as a file of its own, with limits on memory and time, never imported.

The library sdmx1 keeps an object for every observation, prints what it cannot parse to the standard output, and
evaluates the text of an attribute of structure messages. So it runs here, on a file that the parent has searched for
declarations and structures before, and has no network to go to: it is given bytes. It imports nothing of the project.

stdin: one line of JSON ``{"path", "memory", "seconds"}``; stdout: ``marshal`` of ``{"datasets": [[{id: text}]]}``, one
list of observations a data set, or ``{"error": code, "detail": text}``.
"""

import io
import json
import marshal
import sys
import warnings
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any


def main() -> None:
    """Read what is wanted, parse, answer."""
    wanted = json.loads(sys.stdin.readline())
    answer: dict[str, Any]
    try:
        import sdmx
    except ImportError as error:
        answer = {"error": "missing", "detail": str(error)}
    else:
        _limit(wanted["memory"], wanted["seconds"])
        answer = _parse(sdmx, wanted["path"])
    sys.stdout.buffer.write(marshal.dumps(answer))


def _limit(memory: int, seconds: int) -> None:
    try:
        import resource
    except ImportError:  # not on Windows: there the size of the file must do
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _parse(sdmx: Any, path: str) -> dict[str, Any]:
    warnings.simplefilter("ignore")
    try:
        with Path(path).open("rb") as file, redirect_stdout(io.StringIO()):
            message = sdmx.read_sdmx(file, format="XML")
        return {"datasets": [[_row(one) for one in dataset.obs] for dataset in message.data]}
    except MemoryError:
        return {"error": "memory", "detail": ""}
    except Exception as error:  # whatever the library dislikes: the parent says it in two languages
        cause = error.__cause__ or error
        return {"error": "unreadable", "detail": f"{type(cause).__name__}: {cause}"[:300]}


def _row(observation: Any) -> dict[str, str | None]:
    row = {key: _text(one.value) for key, one in observation.key.values.items()}
    row.update({key: _text(one.value) for key, one in observation.attrib.items()})
    row["OBS_VALUE"] = _text(observation.value)
    return row


def _text(value: Any) -> str | None:
    parts = value if isinstance(value, list) else [value]
    return ", ".join(text for one in parts if one is not None and (text := str(one))) or None


if __name__ == "__main__":
    main()
