import gc

import pytest

from harvesters.mapping.memory import garbage_search_paused


def test_the_search_for_garbage_is_paused_inside_and_goes_on_afterwards() -> None:
    with garbage_search_paused():
        assert not gc.isenabled()
        with garbage_search_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_an_error_inside_lets_the_search_go_on() -> None:
    with pytest.raises(ValueError), garbage_search_paused():
        raise ValueError
    assert gc.isenabled()


def test_a_search_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with garbage_search_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
