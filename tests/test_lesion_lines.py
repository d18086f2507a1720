import numpy as np
import pytest

from data_modules.cohort import PATCH_SIZE, Lesion
from data_modules.phantom_check.lesion_lines import difficulty_lines, lesion_lines
from data_modules.phantom_check.measure import LesionMeasures

LEVEL_HU = {"cyst": 10.0, "metastasis": 58.0, "hemangioma": 150.0}


def lesion(i, name, subtype="simple", contrast=-92.0, interior=9.0, dark=-50.0, bright=40.0):
    row = Lesion(f"L{i}", f"P{i}", name, 20.0 + i % 7, 0.8, 5.0, "phantom")
    patch = np.random.default_rng(i).normal(100, 10, (PATCH_SIZE, PATCH_SIZE)).astype(np.int16)
    return LesionMeasures(row, subtype, patch, LEVEL_HU[name] + i % 5, contrast, interior, dark, bright)


def test_medians_and_ranges():
    lesions = [lesion(i, "cyst", contrast=c) for i, c in enumerate((-80.0, -85.0, -140.0) * 7)]
    lesions += [lesion(i, "metastasis", "solid", contrast=-60.0) for i in range(21, 41)]
    lesions += [lesion(i, "hemangioma", "typical") for i in range(41, 60)]
    lesions += [lesion(60, "hemangioma", "atypical", dark=-200.0)]
    lines = lesion_lines(lesions)
    assert [line.measured for line in lines] == ["21 of 21", "-85.0 HU", "-60.0 HU", "-50.0 HU", "40.0 HU"]
    assert [line.ok for line in lines] == [True, True, False, None, None]  # of 19 lesions no median is judged
    assert lines[3].note == "19 lesions, too few"


@pytest.mark.parametrize(("bad", "ok"), [(1, True), (2, False)])
def test_one_cyst_in_twenty_may_lie_outside(bad, ok):
    cysts = [lesion(i, "cyst", interior=25.0 if i < bad else 7.0) for i in range(20)]
    others = [lesion(20, "cyst", "dense_septated", interior=30.0)]
    line = lesion_lines(cysts + others)[0]
    assert (line.measured, line.ok) == (f"{20 - bad} of 20", ok)


def test_without_lesions_of_a_kind_nothing_is_measured():
    assert [line.ok for line in lesion_lines([])] == [None] * 5


def test_accuracies_need_sixty_lesions():
    names = list(LEVEL_HU)
    few = difficulty_lines([lesion(i, names[i % 3]) for i in range(59)])
    assert [line.ok for line in few] == [None] * 4
    assert few[0].note == "needs 60 lesions"
    many = difficulty_lines([lesion(i, names[i % 3]) for i in range(60)])
    assert many[0].measured == "100.0 %"  # levels far apart: too easy
    assert many[0].ok is False
    assert "largest class 33.3 %" in many[2].note
    assert "make experiment EXP=classic_aug" in many[3].note
