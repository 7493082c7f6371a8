"""The readability of what a source has: judged once for each content, kept as JSON and as a page.

``<home>/reports/<source>/`` has ``index.json`` with the scores of the newest content of each object, and beside it the
full report of each as ``.json`` and ``.html``. An object that has not changed is not judged again. The oldest reports
go when there are more than :data:`MOST_KEPT`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from catalog.errors import ShihyoError
from harvesters.base import Fetched
from harvesters.readability.members import check_members, is_tabular
from harvesters.readability.page import write_page
from harvesters.readability.report import ReadabilityReport

#: reports that are kept for a source
MOST_KEPT = 500
#: bytes of a text file that are judged during a run: tens of thousands of rows
_TEXT_IN_A_RUN = 4_000_000
#: kinds whose inputs are rows of people: their reports have places and no values
PRIVATE_KINDS = frozenset({"survey"})

_INDEX = "index.json"


@dataclass(frozen=True, slots=True)
class InputScore:
    """The scores of one object."""

    #: name and content of the object
    object: str
    sha256: str
    #: scores of levels 1 to 3; None where nothing could be judged
    scores: tuple[int | None, ...]
    #: rules that cost points
    failed: tuple[str, ...]
    #: name of the page in the folder of reports; None if it was not written
    page: str | None = None
    #: what went wrong in judging it, or None; a fault of the software, which must not stop the harvest
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "object": self.object,
            "sha256": self.sha256,
            "scores": list(self.scores),
            "failed": list(self.failed),
            "page": self.page,
            "error": self.error,
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> InputScore:
        """Inverse of :meth:`to_dict`."""
        return cls(raw["object"], raw["sha256"], tuple(raw["scores"]), tuple(raw["failed"]), raw["page"], raw["error"])


class Shelf:
    """The folder of a source's reports."""

    def __init__(self, home: Path, source: str) -> None:
        self._folder = home / "reports" / source

    def known(self) -> dict[str, InputScore]:
        """Return object name -> the scores that are kept; nothing if there is no index that can be read."""
        try:
            raw = orjson.loads((self._folder / _INDEX).read_bytes())
            return {one["object"]: InputScore.from_dict(one) for one in raw}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def keep(self, report: ReadabilityReport, sha256: str) -> InputScore:
        """Write a report as JSON and as a page."""
        stem = _stem(report.name)
        self._write(f"{stem}.json", orjson.dumps(report.to_dict(), option=orjson.OPT_INDENT_2))
        self._write(f"{stem}.html", write_page(report).encode())
        return InputScore(report.name, sha256, report.scores, report.broken, f"{stem}.html")

    def save(self, scores: Sequence[InputScore]) -> None:
        """Write the index: these, and those of before that still fit; the reports of the others go."""
        judged = [one for one in scores if one.error is None]
        if not judged:
            return
        now = {one.object for one in judged}
        kept = [*judged, *(one for name, one in self.known().items() if name not in now)][:MOST_KEPT]
        self._write(_INDEX, orjson.dumps([one.to_dict() for one in kept], option=orjson.OPT_INDENT_2))
        stems = {Path(one.page).stem for one in kept if one.page} | {Path(_INDEX).stem}
        for path in self._folder.iterdir():
            if path.stem not in stems:
                path.unlink(missing_ok=True)

    def _write(self, name: str, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        target = self._folder / name
        beside = target.with_suffix(f"{target.suffix}.part")
        beside.write_bytes(content)
        beside.replace(target)


def _stem(name: str) -> str:
    """Return a file name for an object's reports that is safe on every system and its own."""
    plain = re.sub(r"[^\w.-]+", "_", PurePosixPath(name).name)[:40].strip("._")
    return f"{plain or 'file'}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def judge_inputs(fetched: Sequence[Fetched], kind: str, shelf: Shelf, *, write: bool) -> list[InputScore]:
    """Judge the tabular objects of a source.

    Parameters
    ----------
    fetched
        The objects with their bytes.
    kind
        Of the source; reports about rows of people have no values.
    shelf
        Where reports are kept; what it has of the same content is not judged again.
    write
        False for a plan: nothing is written.

    Returns
    -------
    list of InputScore
        One a tabular object that can be opened, of an archive one a table in it; what machines send each other (JSON,
        RDF, XML) is not judged, and what cannot be opened is an error of its own in the same run.
    """
    known = shelf.known()
    scores = []
    for one in fetched:
        name, sha256 = one.object.name, one.object.sha256 or ""
        before = [score for score in known.values() if score.sha256 == sha256 and _is_of(score.object, name)]
        if before:
            scores += before
            continue
        try:
            for report in _judge(one, kind):
                score = InputScore(report.name, sha256, report.scores, report.broken)
                scores.append(shelf.keep(report, sha256) if write else score)
        except ShihyoError:  # the harvester meets the same bytes, and its error names file, place and next step
            continue
        except Exception as error:  # the report is beside the point of a run, and must not end it
            scores.append(InputScore(name, "", (None, None, None), (), error=f"{type(error).__name__}: {error}"))
    if write:
        try:
            shelf.save(scores)
        except OSError as error:
            scores.append(InputScore(_INDEX, "", (None, None, None), (), error=f"{type(error).__name__}: {error}"))
    return scores


def _is_of(judged: str, name: str) -> bool:
    """Return whether what was judged is an object or a table in it."""
    return judged == name or judged.startswith(f"{name}/")


def _judge(one: Fetched, kind: str) -> Sequence[ReadabilityReport]:
    name = one.object.name
    if not is_tabular(name, one.path):
        return ()
    return check_members(one.path, name=name, values=kind not in PRIVATE_KINDS, most_text=_TEXT_IN_A_RUN).reports


def score_lines(scores: Sequence[InputScore], lang: str = "ja") -> list[str]:
    """Return one line for people about the inputs of a source; none if nothing was judged."""
    if not scores:
        return []
    failed = [f"✗ {one.object}: {one.error}" for one in scores if one.error]
    full = sum(all(point == 100 for point in one.scores) for one in scores)
    worst = min(scores, key=lambda one: sum(point or 0 for point in one.scores))
    points = " / ".join(f"L{level} {'-' if point is None else point}" for level, point in enumerate(worst.scores, 1))
    if lang == "en":
        head = f"machine readability: {full} of {len(scores)} files have 100 at each level"
        return [f"{head}; lowest {points} ({worst.object})", *failed]
    return [f"機械可読性: {len(scores)}ファイル中{full}が全レベル100点、最低は {points}（{worst.object}）", *failed]
