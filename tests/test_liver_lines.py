import numpy as np
import pytest

from data_modules.phantom_check.liver_lines import liver_lines
from data_modules.phantom_check.measure import LOWEST_HU, LiverMeasures
from data_modules.phantom_check.nps import FREQUENCIES_PER_MM


def patient(noise=12.0, f50=0.29, fat=-100.0, liver=100.0, right=50.0):
    """A patient whose liver has 100 voxels each of -20 and 220 HU, and ramp noise that peaks at .30 / sqrt 2."""
    histogram = np.zeros(4096, np.int64)
    histogram[[-20 - LOWEST_HU, 220 - LOWEST_HU]] = 100
    power = noise**2 * FREQUENCIES_PER_MM * np.exp(-((FREQUENCIES_PER_MM / 0.30) ** 2)) + 7
    return LiverMeasures(noise, 12.0, power, f50, liver, fat, histogram, right)


def test_good_patients_pass():
    lines = liver_lines({f"P{i}": patient(noise=11.5 + 0.1 * i) for i in range(9)})
    assert [line.ok for line in lines] == [True] * 8
    assert float(lines[1].measured.removesuffix(" /mm")) == pytest.approx(0.30 / np.sqrt(2), abs=0.003)
    assert lines[5].measured == "100.0 HU"
    assert "SD 120.0 HU" in lines[5].note
    assert lines[6].measured == "-20 HU"
    assert "percentile 220 HU" in lines[6].note


@pytest.mark.parametrize(
    ("number", "bad"),
    [
        (0, {"noise": 12.7}),
        (2, {"f50": 0.33}),
        (3, {"fat": -109.0}),
        (4, {"liver": 55.0}),
        (7, {"right": -3.0}),
    ],
)
def test_one_bad_value_fails_its_line_alone(number, bad):
    lines = liver_lines({"P1": patient(**bad)})
    assert [i for i, line in enumerate(lines) if line.ok is False] == [number]


def test_worst_patient_is_named():
    lines = liver_lines({"P1": patient(), "P2": patient(noise=12.9), "P3": patient(noise=12.2)})
    assert lines[0].measured == "median +1.7 %, worst +7.5 %"
    assert "P2" in lines[0].note


def test_slabs_are_not_measured():
    lines = liver_lines({})
    assert len(lines) == 8
    assert {(line.ok, line.note) for line in lines} == {(None, "not measured: lesion slabs only")}


def test_what_could_not_be_measured_does_not_fail():
    lines = liver_lines({"P1": patient(noise=np.nan, f50=np.nan)})
    assert [line.ok for line in lines[:3]] == [None] * 3
