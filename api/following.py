"""Following the catalogue: a thread of each server process that brings new releases to its node.

Order of events, every ``SHIHYO_FOLLOW_SECONDS``: the follower brings new releases into the local copy, unless another
process that shares the copy is doing so; then the copy is loaded from disk, and the node is swapped if anything
changed. The catalogue may be down: that is noted, shown by ``/status``, and what is held goes on being served.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from catalog.ckan import BrokenRelease, Follower
from catalog.ckan.follow import BrokenService
from catalog.errors import CatalogueError, Label, ShihyoError
from catalog.releases import Holdings

#: seconds that the first look waits for another process that is synchronising the same copy
_FIRST_WAIT = 10.0

_LOG = logging.getLogger("shihyo.following")


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowState:
    """What is known of the link to the catalogue."""

    #: whether it answered last time; None if it was not asked yet
    reachable: bool | None = None
    #: when it was last asked, by this process or another one that shares the copy; ISO 8601 in UTC
    checked: str | None = None
    #: when everything was last brought here with success
    followed: str | None = None
    #: what went wrong last time
    error: Label | None = None
    #: releases that the catalogue lists and that cannot be had whole
    broken: tuple[BrokenRelease, ...] = ()
    #: services whose package does not hold the record that it states
    broken_services: tuple[BrokenService, ...] = ()


class Following:
    """The loop that keeps a node up to date.

    Parameters
    ----------
    open_follower
        Opens the follower, in the thread that it then belongs to.
    swap
        Called with the holdings when they changed.
    seen
        Digest of the holdings that are served.
    seconds
        Time between looks; 0 for no loop at all.
    """

    def __init__(
        self, open_follower: Callable[[], Follower], swap: Callable[[Holdings], None], *, seen: str, seconds: float
    ) -> None:
        self._open_follower, self._swap = open_follower, swap
        self._seen, self._seconds = seen, seconds
        self._stop = threading.Event()
        self._looked = threading.Event()
        self._thread: threading.Thread | None = None
        self.state = FollowState()

    def start(self) -> None:
        """Start the thread; call it in the process that serves, not before a fork."""
        if self._seconds and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="shihyo-following", daemon=True)
            self._thread.start()

    def wait(self, seconds: float) -> None:
        """Wait until the first look is over, but no longer than this."""
        if self._thread is not None:
            self._looked.wait(seconds)

    def stop(self) -> None:
        """Stop the thread and wait for it."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def look(self, follower: Follower) -> None:
        """Look once: bring what is new, then take over what changed on disk."""
        # At first it is worth waiting for another process that brings everything; later it will be seen next time.
        self._bring(follower, wait=0 if self._looked.is_set() else _FIRST_WAIT)
        holdings = follower.copy.load()
        if holdings.digest != self._seen:
            self._swap(holdings)
            self._seen = holdings.digest
            _LOG.info("serving holdings %s", holdings.digest[:12])

    def _bring(self, follower: Follower, *, wait: float) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            follower.synchronise(wait=wait)
        except ShihyoError as error:
            reachable = not isinstance(error, CatalogueError)
            self._note(replace(self.state, reachable=reachable, checked=now, error=_message(error)))
        else:
            broken, services = follower.broken, follower.broken_services
            state = FollowState(reachable=True, checked=now, followed=now, broken=broken, broken_services=services)
            self._note(state)

    def _note(self, state: FollowState) -> None:
        """Keep the state; say it in the log when it changes, not every few seconds."""
        if state.error != self.state.error:
            _LOG.warning("%s", state.error.en if state.error else "the catalogue answers again")
        self.state = state

    def _run(self) -> None:
        follower: Follower | None = None
        while not self._stop.is_set():
            try:
                follower = follower or self._open_follower()
                self.look(follower)
            except Exception as error:  # a loop that dies would stop all updates without a word
                _LOG.exception("following failed; it is tried again")
                self.state = replace(self.state, error=Label(f"予期しない誤り: {error}", f"Unexpected error: {error}"))
            self._looked.set()
            self._stop.wait(self._seconds)


def _message(error: ShihyoError) -> Label:
    return Label(error.message("ja"), error.message("en"))
