"""Every error of the product, one root, stable codes.

::

    ShihyoError
      SettingError           a SHIHYO_* environment variable has a value that cannot be used
      ReferenceDataError     a file of the reference data breaks its schema
      UnknownCode            a code is not in the list it is looked up in
      InvalidPeriod          a text is not a period of the grammar
      InvalidAreaCode        a text is not a local-government code
      InputError             bytes that were handed in cannot be read as what they should be
      CheckFailed            a table breaks the observation schema or a rule of its dataset
      VersionError           a version cannot be parsed, or is lower than the diff demands
      QueryError             a query parameter is unknown or has a value that is not allowed
        NoSuchVersion        no release of the dataset answers to this version or date
        WithdrawnVersion     the release was withdrawn
      NoSuchDataset          no dataset of this name
      ConfigurationError     harvest.yml has a key or a value that cannot be used
      ScheduleError          a sentence does not say when a source is due
      FetchError             a source could not be fetched
        SourceUnavailable    it did not answer, or with an error that may go away
        TooLarge             it is larger than the declared limit
        ForbiddenAddress     it points to a private address or a scheme that is not allowed
      CatalogueError         the catalogue answered with an error or not at all
        CatalogueUnavailable it did not answer, or with a 5xx
        NotAuthorized        the token may not do this
        PublishConflict      someone else published in between, or is publishing right now
        EditedByHand         what is published is not what the last publication left
      IntegrityError         bytes do not have the digest that their manifest states
      Cancelled              the job was stopped by a person
        TimedOut             it took longer than its source allows
        LeaseLost            another process took the source over, because this one gave no sign of life
      SourceBusy             another run of the same harvest source is under way
      NothingHeld            nothing waits for a decision, or not exactly what is asked for
      ApprovalRefused        who decides, or how, is not allowed
      DeliveryError          a digest could not be sent
      QueueError             the queue of jobs cannot be used
      DatabaseError          the application database cannot be used
      StorageError           a disk or folder of this machine cannot be written

An error says *what* is wrong, *which value*, *where* and *what to do next*, each in Japanese and in English.
Errors of libraries are translated where the library is called, with ``raise ... from``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

#: characters of a text from outside that errors and findings repeat: a list of a hundred headings fits
LONGEST = 2_000


def clip(text: str, most: int = LONGEST) -> str:
    """Return a text as messages repeat it: what is longer than ``most`` characters ends in … and its length."""
    return text if len(text) <= most else f"{text[:most]}…（{len(text):,}文字 / characters）"


@dataclass(frozen=True, slots=True)
class Label:
    """The same text in Japanese and in English.

    It stands here, below the model, because errors are bilingual too; the model exports it.
    """

    #: Japanese text, never empty
    ja: str
    #: English text, never empty
    en: str

    def in_language(self, lang: str) -> str:
        """Return the text in ``lang``: English for ``en``, Japanese otherwise."""
        return self.en if lang == "en" else self.ja

    def to_dict(self) -> dict[str, str]:
        """Return ``{"ja": ..., "en": ...}``."""
        return {"ja": self.ja, "en": self.en}

    def clipped(self, most: int = LONGEST) -> Label:
        """Return the label with both texts cut to ``most`` characters (:func:`clip`)."""
        return Label(clip(self.ja, most), clip(self.en, most))

    @classmethod
    def from_dict(cls, raw: dict[str, str]) -> Label:
        """Inverse of :meth:`to_dict`."""
        return cls(raw["ja"], raw["en"])


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the input something was found. Unknown parts are None."""

    #: file name as people know it, without the machine's folders
    file: str | None = None
    #: sheet name of a workbook
    sheet: str | None = None
    #: cell such as ``C12``, or ``row 12, column 団体コード`` for text files
    cell: str | None = None

    def __str__(self) -> str:
        return " / ".join(part for part in (self.file, self.sheet, self.cell) if part)

    def clipped(self, most: int) -> Place:
        """Return the place with no part longer than ``most`` characters (:func:`clip`)."""
        parts = (self.file, self.sheet, self.cell)
        return Place(*(part if part is None else clip(part, most) for part in parts))


class ShihyoError(Exception):
    """Root of all errors; never raised itself.

    Parameters
    ----------
    ja, en
        What is wrong, one sentence each, naming the value.
    next_step
        What the reader can do about it.
    place
        Where in the input it was found.
    context
        Machine-readable facts for the report or the problem document (``value``, ``allowed``, ``nearest``,
        ``parameter``...), JSON-serialisable.
    """

    #: stable, documented in docs/errors.md, part of the problem type's URL
    code: ClassVar[str] = "error"

    def __init__(
        self,
        ja: str,
        en: str,
        *,
        next_step: Label | None = None,
        place: Place | None = None,
        **context: Any,
    ) -> None:
        super().__init__(clip(en))
        self.what = Label(ja, en).clipped()
        self.next_step = next_step.clipped() if next_step else None
        self.place = place.clipped(LONGEST) if place else None
        self.context: dict[str, Any] = {key: clip(one) if isinstance(one, str) else one for key, one in context.items()}

    def message(self, lang: str = "ja") -> str:
        """Return place, what and next step in one language, on one line."""
        parts = [str(self.place)] if self.place else []
        parts.append(self.what.in_language(lang))
        head = ": ".join(parts)
        return f"{head} → {self.next_step.in_language(lang)}" if self.next_step else head

    def __str__(self) -> str:
        return f"{self.message('ja')} / {self.message('en')}"

    def to_dict(self) -> dict[str, Any]:
        """Return the error as reports and ``--json`` output show it."""
        place = self.place
        return {
            "code": self.code,
            "what": self.what.to_dict(),
            "next_step": self.next_step.to_dict() if self.next_step else None,
            "place": {"file": place.file, "sheet": place.sheet, "cell": place.cell} if place else None,
            **self.context,
        }


class SettingError(ShihyoError):
    """A SHIHYO_* environment variable has a value that cannot be used."""

    code = "setting-invalid"


class ReferenceDataError(ShihyoError):
    """A file of the reference data breaks its schema."""

    code = "reference-data-invalid"


class UnknownCode(ShihyoError):
    """A code is not in the list it is looked up in; ``context`` has ``allowed`` and ``nearest``."""

    code = "code-unknown"


class InvalidPeriod(ShihyoError):
    """A text is not a period of the grammar in :mod:`catalog.model.period`."""

    code = "period-invalid"


class InvalidAreaCode(ShihyoError):
    """A text is not a local-government code (length, digits or check digit)."""

    code = "area-code-invalid"


class InputError(ShihyoError):
    """Bytes that were handed in cannot be read as what they should be."""

    code = "input-unreadable"


class CheckFailed(ShihyoError):
    """A table breaks the observation schema or a rule of its dataset."""

    code = "check-failed"


class VersionError(ShihyoError):
    """A version cannot be parsed, or is lower than the diff demands."""

    code = "version-invalid"


class QueryError(ShihyoError):
    """A query parameter is unknown or has a value that is not allowed."""

    code = "query-invalid"


class NoSuchVersion(QueryError):
    """No release of the dataset answers to this version or date."""

    code = "version-unknown"


class WithdrawnVersion(QueryError):
    """The release was withdrawn."""

    code = "version-withdrawn"


class NoSuchDataset(ShihyoError):
    """No dataset of this name."""

    code = "dataset-unknown"


class ConfigurationError(ShihyoError):
    """harvest.yml has a key or a value that cannot be used."""

    code = "configuration-invalid"


class ScheduleError(ShihyoError):
    """A sentence does not say when a source is due; ``context`` has the part that was not understood."""

    code = "schedule-invalid"


class FetchError(ShihyoError):
    """A source could not be fetched."""

    code = "fetch-failed"


class SourceUnavailable(FetchError):
    """It did not answer, stopped in the middle, or answered with an error that may go away (429, 5xx)."""

    code = "source-unavailable"


class TooLarge(FetchError):
    """It is larger than the declared limit."""

    code = "too-large"


class ForbiddenAddress(FetchError):
    """It points to a private address, outside the allowed folder, or has a scheme that is not allowed."""

    code = "address-forbidden"


class CatalogueError(ShihyoError):
    """The catalogue answered with an error or not at all."""

    code = "catalogue-error"


class CatalogueUnavailable(CatalogueError):
    """The catalogue did not answer, or with a 5xx."""

    code = "catalogue-unavailable"


class NotAuthorized(CatalogueError):
    """The token may not do this."""

    code = "not-authorized"


class PublishConflict(CatalogueError):
    """Someone else published in between, or is publishing right now."""

    code = "publish-conflict"


class EditedByHand(CatalogueError):
    """What is published is not what the last publication left."""

    code = "edited-by-hand"


class IntegrityError(ShihyoError):
    """Bytes do not have the digest that their manifest states."""

    code = "integrity"


class Cancelled(ShihyoError):
    """The job was stopped by a person."""

    code = "cancelled"


class TimedOut(Cancelled):
    """The job took longer than its source allows."""

    code = "timed-out"


class LeaseLost(Cancelled):
    """Another process took the source over, because this one gave no sign of life."""

    code = "lease-lost"


class SourceBusy(ShihyoError):
    """Another run of the same harvest source is under way."""

    code = "source-busy"


class NothingHeld(ShihyoError):
    """Nothing waits for a decision, or not exactly what is asked for."""

    code = "nothing-held"


class ApprovalRefused(ShihyoError):
    """Who decides, or how, is not allowed: no reason, or the same person who ran it."""

    code = "approval-refused"


class DeliveryError(ShihyoError):
    """A digest could not be sent."""

    code = "delivery-failed"


class QueueError(ShihyoError):
    """The queue of jobs cannot be reached, or its libraries are not installed."""

    code = "queue-unusable"


class DatabaseError(ShihyoError):
    """The application database cannot be reached, migrated or written."""

    code = "database-unusable"


class StorageError(ShihyoError):
    """A disk is full, or a folder may not be read or written."""

    code = "storage-unusable"
