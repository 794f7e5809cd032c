from __future__ import annotations

import pickle
import threading

import pytest

from renderlock.engines.hosted.lanes import Lane, Lanes


class GivenUp(Exception):
    """What a waiting call raises to give up."""


def give_up() -> None:
    raise GivenUp


def test_a_lane_has_as_many_places_as_the_provider_allows() -> None:
    lane = Lane("provider", 2)
    with lane.place(give_up), lane.place(give_up), pytest.raises(GivenUp), lane.place(give_up):
        pass
    with lane.place(give_up):
        assert lane.width == 2


def test_a_refusal_halves_the_lane_and_it_grows_back_one_place_a_lane_full_of_pictures() -> None:
    lane = Lane("provider", 8)
    lane.refused(None)
    lane.refused(None)
    assert lane.width == 2
    widths = []
    for _ in range(5):
        lane.served()
        widths.append(lane.width)
    assert widths == [2, 3, 3, 3, 4]


def test_a_lane_never_closes_and_never_grows_beyond_the_provider() -> None:
    lane = Lane("provider", 2)
    for _ in range(5):
        lane.refused(None)
    assert lane.width == 1
    for _ in range(50):
        lane.served()
    assert lane.width == 2


def test_the_wait_a_provider_asks_for_pauses_the_whole_lane() -> None:
    lane = Lane("provider", 4)
    lane.refused(30.0)
    lane.refused(5.0)
    assert 25 < lane.pause_s <= 30
    with pytest.raises(GivenUp), lane.place(give_up):
        pass


def test_a_place_that_gets_free_goes_to_who_waits() -> None:
    lane = Lane("provider", 1)
    got, entered = threading.Event(), threading.Event()

    def wait_for_it() -> None:
        with lane.place(entered.set):
            got.set()

    with lane.place(give_up):
        waiting = threading.Thread(target=wait_for_it)
        waiting.start()
        assert entered.wait(5)
        assert not got.is_set()
    assert got.wait(5)
    waiting.join()


def test_one_provider_has_one_lane_and_a_worker_process_its_own() -> None:
    lanes = Lanes()
    assert lanes.lane("a", 3) is lanes.lane("a", 9)
    assert lanes.lane("a", 3) is not lanes.lane("b", 3)
    assert isinstance(pickle.loads(pickle.dumps(lanes)), Lanes)
