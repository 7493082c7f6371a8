"""What a CKAN portal has: its packages, page by page, without the drift of offsets and without believing its counts.

Order of events:

1. If the last run kept a list for the same question, only what changed since is asked for (``metadata_modified``, with
   an hour to spare for the index), and how many there are in all. If the list, brought up so, has that many, it is the
   list: an unchanged portal costs two requests.
2. Otherwise all pages are read in the order of ids. Each page begins with the last package of the page before: if it is
   another one, or the count is another, the catalogue changed underneath and the reading begins again, three times at
   most. Offsets alone would lose one package for each that is deleted meanwhile.
3. Packages that are asked for by name are shown one by one; one that is not there any more is no error of the others.

A portal that gives the same page again, ends before its count, gives more than its count, answers with a web page or
says ``success: false`` is an error, never an empty list: nothing is ever taken for deleted because a page failed.

References
----------
CKAN 2.12 API guide, ``package_search`` and ``package_show``, tried on 2026-11-22; a deleted package is 403 to anonymous
callers and 404 when it was purged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from catalog.errors import FetchError, Label, Place
from harvesters.ckan.packages import Listing, Package, is_active, read_package
from harvesters.documents import read_json, text_of, unexpected
from harvesters.fetching.credentials import Credential, origin_of
from harvesters.fetching.fetch import Fetcher

#: packages on a page; CKAN gives at most 1000
PAGE = 100
#: packages that a question may have for an answer
MOST_PACKAGES = 20_000
#: how often reading begins again when the catalogue changes underneath
MOST_ATTEMPTS = 3
#: how much later the index may know of a change
LATENESS = timedelta(hours=1)

#: statuses of ``package_show`` that mean that a package is not there for us
_NOT_THERE = frozenset({403, 404, 410})
#: statuses of ``package_search`` for a question that cannot be understood
_NOT_UNDERSTOOD = frozenset({400, 409})


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which packages are asked for: some by name, or those that a search finds."""

    #: ids or names
    names: tuple[str, ...] = ()
    #: what to search for, and a filter query in Solr's syntax
    query: str = ""
    filter: str = ""
    #: whether private packages are asked for too
    private: bool = False

    def parameters(self, **more: str) -> dict[str, str]:
        """Return the parameters of a search."""
        narrowed = {"fq": self.filter} if self.filter else {}
        private = {"include_private": "true"} if self.private else {}
        return {"q": self.query or "*:*", **narrowed, **private, **more}


class Portal:
    """A CKAN portal.

    Parameters
    ----------
    url
        Its address, or that of its API.
    fetcher
        Asks.
    credential
        The token that is sent with every call, or None.
    """

    def __init__(self, url: str, fetcher: Fetcher, credential: Credential | None = None) -> None:
        self.api = action_api(url)
        self._fetcher = fetcher
        self._credential = credential

    def address(self, action: str, parameters: Mapping[str, str]) -> str:
        """Return the URL of a call."""
        return f"{self.api}/{action}?{urlencode(parameters)}"

    def credential_for(self, url: str) -> Credential | None:
        """Return the token for a file that the portal names: for its own files alone, not for links to elsewhere."""
        return self._credential if origin_of(url) == origin_of(self.api) else None

    def call(self, action: str, parameters: Mapping[str, str]) -> Any:
        """Return the result of an action.

        Raises
        ------
        FetchError
            If there is no answer, or it says that the call failed.
        InputError
            If the answer is not one of CKAN's.
        """
        url = self.address(action, parameters)
        body, _ = self._fetcher.ask_page(url, headers={"Accept": "application/json"}, credential=self._credential)
        answer = read_json(body, url)
        if not isinstance(answer, Mapping) or "success" not in answer:
            raise unexpected(url, "", Label("CKANの応答ではありません", "It is not an answer of CKAN"), answer)
        if answer["success"] is not True or "result" not in answer:
            raise _refused(url, answer)
        return answer["result"]

    def show(self, name: str) -> Package | None:
        """Return a package by its id or name; None if it is not there, or not for us."""
        try:
            result = self.call("package_show", {"id": name})
        except FetchError as error:
            if error.context.get("status") in _NOT_THERE:
                return None
            raise
        package = read_package(result, self.address("package_show", {"id": name}))
        if name not in {package.id, package.name}:
            what = Label(f"「{name}」を求めたのに別のデータセットが返されました", f"It is not the dataset {name!r}")
            raise unexpected(self.api, "package_show", what, package.name)
        return package if is_active(result) else None

    def search(self, question: Question, **more: str) -> tuple[int, list[Package]]:
        """Return how many packages there are, and those of one page."""
        parameters = question.parameters(**more)
        url = self.address("package_search", parameters)
        try:
            result = self.call("package_search", parameters)
        except FetchError as error:
            if error.context.get("status") in _NOT_UNDERSTOOD:
                raise _not_understood(url, question, error) from error
            raise
        count = result.get("count") if isinstance(result, Mapping) else None
        if isinstance(count, bool) or not isinstance(count, int) or not isinstance(result.get("results"), list):
            what = Label("count と results のない検索結果です", "It is no search result: count or results is missing")
            raise unexpected(url, "result", what)
        return count, [read_package(one, url) for one in result["results"]]


def action_api(url: str) -> str:
    """Return the address of the action API for that of a portal, of its API, or of an action."""
    parts = urlsplit(url)
    path = re.sub(r"/+(?:api(?:/[0-9])?(?:/action.*)?)?/*$", "", parts.path)
    return urlunsplit((parts.scheme, parts.netloc, f"{path}/api/3/action", "", ""))


def list_packages(portal: Portal, question: Question, before: Listing | None) -> Listing:
    """Return the packages that are asked for.

    Parameters
    ----------
    portal, question
        Where and what to ask.
    before
        The answer to the same question in the last run, or None.

    Raises
    ------
    FetchError
        If they cannot be listed whole, because the portal does not answer, lies, or changes faster than it is read.
    """
    if question.names:
        shown = {name: portal.show(name) for name in question.names}
        found = {one.id: one for one in shown.values() if one is not None}
        return Listing(packages=tuple(found.values()), absent=tuple(name for name, one in shown.items() if one is None))
    return (_brought_up(portal, question, before) if before else None) or _all(portal, question)


def _brought_up(portal: Portal, question: Question, before: Listing) -> Listing | None:
    """Return the list of the last run with what changed since; None if something went that it still has."""
    since = _since(before.packages)
    if since is None:
        return None
    changed = _pages(portal, _changed_since(question, since))
    count, _ = portal.search(question, rows="0")
    merged = {one.id: one for one in (*before.packages, *changed)}
    return Listing(packages=tuple(merged.values())) if len(merged) == count else None


def _since(packages: Sequence[Package]) -> datetime | None:
    """Return an hour before the newest change; None if one of the times cannot be read."""
    try:
        times = [datetime.fromisoformat(one.metadata_modified) for one in packages]
    except ValueError:
        return None
    aware = [one if one.tzinfo else one.replace(tzinfo=UTC) for one in times]
    return max(aware) - LATENESS if aware else None


def _changed_since(question: Question, since: datetime) -> Question:
    window = f"+metadata_modified:[{since.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ} TO *]"
    both = f"{window} +({question.filter})" if question.filter else window
    return replace(question, filter=both)


def _all(portal: Portal, question: Question) -> Listing:
    return Listing(packages=tuple(_pages(portal, question)))


def _pages(portal: Portal, question: Question) -> list[Package]:
    for _ in range(MOST_ATTEMPTS):
        found = _read_pages(portal, question)
        if found is not None:
            return found
    raise FetchError(
        f"読んでいる間に目録が変わり続け、{MOST_ATTEMPTS}回やり直しても最後まで読めません",
        f"The catalogue keeps changing while it is read; {MOST_ATTEMPTS} attempts did not reach its end",
        next_step=Label("時間を置いて再実行するか、options の query や filter で絞ってください", _NARROW_EN),
        place=Place(file=portal.api),
    )


_NARROW_EN = "Run again later, or narrow it down with query and filter in the options"


def _read_pages(portal: Portal, question: Question) -> list[Package] | None:
    """Return all packages, or None if the catalogue changed while it was read."""
    found: dict[str, Package] = {}
    before: list[str] = []
    count: int | None = None
    for start in _starts(found):
        told, page = portal.search(question, sort="id asc", rows=str(PAGE), start=str(start))
        ids = [one.id for one in page]
        if count is None:
            count = told
            _check_count(portal, count)
        elif told != count or ids[:1] != before[-1:]:
            _check_not_again(portal, ids, before)
            return None
        fresh = [one for one in page if one.id not in found]
        if len(set(ids)) != len(ids) or len(fresh) != len(page) - bool(before):
            raise _lie(portal, Label("同じデータセットが2度返されました", "A dataset was given twice"))
        found.update((one.id, one) for one in fresh)
        if len(found) >= count:
            break
        if not fresh:
            said = Label(f"{count}件と言って{len(found)}件しか返しません", f"It says {count} and gives {len(found)}")
            raise _lie(portal, said)
        before = ids
    if count is None or len(found) > count:
        raise _lie(portal, Label(f"{count}件と言って{len(found)}件返しました", f"It says {count}, gives {len(found)}"))
    return list(found.values())


def _starts(found: Mapping[str, Package]) -> Iterator[int]:
    """Yield where each page starts: at the last package that is known."""
    while True:
        yield max(0, len(found) - 1)


def _check_count(portal: Portal, count: int) -> None:
    if count < 0 or count > MOST_PACKAGES:
        raise FetchError(
            f"{count}件のデータセットが当てはまります（上限{MOST_PACKAGES}件）",
            f"{count} datasets fit, more than {MOST_PACKAGES}",
            next_step=Label(
                "options の pick、query、filter で絞ってください", "Narrow it down with pick, query or filter"
            ),
            place=Place(file=portal.api),
            value=count,
        )


def _check_not_again(portal: Portal, ids: Sequence[str], before: Sequence[str]) -> None:
    if ids and list(ids) == list(before):
        what = Label(
            "次のページを求めても同じページが返されます（start が無視されています）",
            "The same page comes again whatever page is asked for (start is ignored)",
        )
        raise _lie(portal, what)


def _lie(portal: Portal, what: Label) -> FetchError:
    return FetchError(
        f"目録の応答がつじつまに合いません: {what.ja}",
        f"The answers of the catalogue contradict each other: {what.en}",
        next_step=Label(
            "提供元に知らせてください。options の pick で名前を指定すると読めることがあります",
            "Tell the owner of the source; naming datasets with pick in the options may work",
        ),
        place=Place(file=portal.api),
    )


def _refused(url: str, answer: Mapping[str, Any]) -> FetchError:
    problem = answer.get("error")
    said = text_of(problem.get("message")) if isinstance(problem, Mapping) else text_of(problem)
    return FetchError(
        "CKANが失敗（success: false）を返しました",
        "CKAN says that the call failed (success: false)",
        next_step=Label("URLと options の query、filter を確かめてください", "Check the URL, and query and filter"),
        place=Place(file=url),
        reason=said[:200],
    )


def _not_understood(url: str, question: Question, error: FetchError) -> FetchError:
    return FetchError(
        "検索の条件をCKANが理解できません",
        "CKAN does not understand the search",
        next_step=Label(
            "options の query と filter を直してください（filter はSolrの書式。例: organization:chiba-city）",
            "Correct query and filter in the options; filter is in Solr's syntax, such as organization:chiba-city",
        ),
        place=Place(file=url),
        value=question.filter or question.query,
        status=error.context.get("status"),
    )
