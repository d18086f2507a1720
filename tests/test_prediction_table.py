import numpy as np
import pytest
from fake_run import fake_predictions

from data_modules.errors import InputError
from liverlab.evaluation.prediction_table import read_predictions


@pytest.fixture
def frame():
    return fake_predictions({"classic": 0.7, "acgan": 0.75}, repeats=2)


def read(frame, tmp_path):
    frame.to_csv(tmp_path / "predictions.csv", index=False, float_format="%.6f")
    return read_predictions(tmp_path / "predictions.csv")


def test_arms_are_aligned_whatever_the_order_of_the_rows(frame, tmp_path):
    shuffled = frame.sample(frac=1, random_state=3)
    table = read(shuffled, tmp_path)
    for i, arm in enumerate(table.arms):
        mine = frame[frame["arm"] == arm].sort_values(["repeat", "fold", "lesion_id"])
        assert [table.class_names[c] for c in table.predicted[i]] == mine["predicted"].tolist()
        assert [table.class_names[c] for c in table.labels] == mine["label"].tolist()
        assert table.correct[i].sum() == (mine["label"] == mine["predicted"]).sum()
        np.testing.assert_allclose(table.probabilities[i], mine[[f"p_{c}" for c in table.class_names]])
    assert len(np.unique(table.patients)) == 30
    assert table.splits == [(r, k) for r in range(2) for k in range(3)]


def test_numeric_pseudonyms_stay_text(frame, tmp_path):
    frame["patient_id"] = frame["patient_id"].str.replace("P", "")
    assert len(np.unique(read(frame, tmp_path).patients)) == 30


def set_cell(frame, row, column, value):
    frame.loc[row, column] = value
    return frame


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="fold"), r"lacks fold; expected arm, repeat"),
        (lambda f: f.drop(columns=["p_cyst", "p_metastasis"]), "lacks probability columns"),
        (lambda f: f[:0], "holds no row"),
        (lambda f: set_cell(f, 3, "label", None), "line 5: label is empty"),
        (lambda f: set_cell(f, 3, "label", "abscess"), "names the class 'abscess', which has no column p_abscess"),
        (lambda f: set_cell(f, 3, "p_cyst", 7.0), "line 5: the probabilities must not be negative"),
        (lambda f: f[1:], "arms 'acgan' and 'classic' were not tested on the same lesions"),
        (lambda f: f.assign(fold=f["lesion_id"].str[-1].astype(int)), r"'P\d+' is tested in two folds of repeat 0"),
        (lambda f: f.assign(fold=0, repeat=0), "arm 'classic' tests lesion 'L0000' more than once in repeat 0"),
        (
            lambda f: f.assign(patient_id=f["patient_id"].where(f["repeat"] == 0, "X")),
            r"lesion 'L\d+' has two patients",
        ),
    ],
)
def test_each_contradiction_is_named(frame, tmp_path, change, message):
    with pytest.raises(InputError, match=message):
        read(change(frame), tmp_path)


def test_no_file(tmp_path):
    with pytest.raises(InputError, match=r"predictions\.csv is missing"):
        read_predictions(tmp_path / "predictions.csv")
