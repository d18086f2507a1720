import os

import pytest

from data_modules import case_pool
from data_modules.case_pool import over_cores
from data_modules.errors import InputError


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(case_pool, "POOL_PAYS_SECONDS", 0.0)


def test_little_work_stays_in_this_process():
    assert set(over_cores(own_id, range(5), jobs=8)) == {os.getpid()}


def test_much_work_is_shared_and_keeps_its_order(at_once):
    assert list(over_cores(negative, range(7), jobs=2)) == [0, -1, -2, -3, -4, -5, -6]
    assert os.getpid() not in set(over_cores(own_id, range(3), jobs=2))
    assert set(over_cores(own_id, range(3), jobs=1)) == {os.getpid()}


def test_a_process_that_dies_is_a_sentence(at_once):
    with pytest.raises(InputError, match=r"as when memory runs out\. Fewer need less: --jobs 1\."):
        list(over_cores(die, range(3), jobs=2))


def test_an_error_of_ours_is_not_hidden(at_once):
    with pytest.raises(ZeroDivisionError):
        list(over_cores(reciprocal, range(3), jobs=2))


def own_id(_):
    return os.getpid()


def negative(x):
    return -x


def reciprocal(x):
    return 1 / x


def die(_):
    os._exit(1)
