from dataclasses import replace

import pytest
from test_lesion_data import classic_data, gan_data, lesion_data, pool_of

from data_modules.errors import InputError
from data_modules.folds import Split, make_splits
from data_modules.lineage import SOURCES, patients_of

EVERYBODY = tuple(f"P{i:02d}" for i in range(12))


@pytest.fixture
def split(tiny_cohort):
    return make_splits(tiny_cohort, folds=3)[0]


def torn(split):
    """A patient's lesions on both sides, as no split of `folds.py` has them."""
    return Split(0, 0, (*split.train, split.test[0]), split.test[1:])


def test_every_image_has_a_row(tiny_cohort, split):
    data = classic_data(tiny_cohort, split)  # five images of each of 16 lesions
    data.add_training_data(pool_of(tiny_cohort, split))
    control = pool_of(tiny_cohort, split, per_class=2)
    data.add_training_data(replace(control, provenance=replace(control.provenance, source="control")))
    lineage = data.lineage
    assert [SOURCES[k] for k in lineage.sources] == ["real"] * 16 + ["classic"] * 64 + ["synthetic"] * 12 + [
        "control"
    ] * 6
    assert lineage.lesions.tolist() == [*split.train] * 5 + [-1] * 18
    of_lesions = lineage.lesions >= 0
    assert data.train_labels[:80].tolist() == tiny_cohort.labels[lineage.lesions[of_lesions]].tolist()
    summary = lineage.summary()
    assert summary["images"] == {"real": 16, "classic": 64, "synthetic": 12, "control": 6}
    assert summary["patients"] == sorted(patients_of(tiny_cohort, split.train))
    assert [pool["fold"] for pool in summary["pools"]] == [0, 0]


def test_the_mean_is_of_training_patients_and_no_pool(tiny_cohort, split):
    data = lesion_data(tiny_cohort, split)
    data.add_training_data(pool_of(tiny_cohort, split))
    assert data.mean_of == patients_of(tiny_cohort, split.train)
    assert not data.mean_of & patients_of(tiny_cohort, split.test)


@pytest.mark.parametrize("make", [lesion_data, classic_data, gan_data])
def test_batches_with_a_patient_of_both_sides_are_refused(tiny_cohort, split, make):
    make(tiny_cohort, split).train_dataloader()
    with pytest.raises(AssertionError, match="test patient"):
        make(tiny_cohort, torn(split)).train_dataloader()


def test_batches_with_images_of_unknown_origin_are_refused(tiny_cohort, split):
    data = lesion_data(tiny_cohort, split)
    data.train_labels = data.train_labels.repeat(2)
    with pytest.raises(AssertionError, match="without lineage"):
        data.train_dataloader()


def test_a_pool_that_passed_the_door_by_a_false_name_is_refused_at_the_batches(tiny_cohort, split):
    data = lesion_data(tiny_cohort, split)
    data.lineage = data.lineage.with_pool(
        pool_of(tiny_cohort, split, patients=EVERYBODY).provenance, 0, leak_on_purpose=False
    )
    with pytest.raises(AssertionError, match="4 test patients are among the training images of repeat 0, fold 0"):
        data.train_dataloader()


def test_a_leak_passes_where_it_is_declared_and_nowhere_else(tiny_cohort, split):
    data, leak = lesion_data(tiny_cohort, split), pool_of(tiny_cohort, split, patients=EVERYBODY)
    with pytest.raises(InputError, match="saw 12 patients, 4 of whom are not"):
        data.add_training_data(leak)
    data.add_training_data(leak, leak_on_purpose=True)
    data.train_dataloader()
    unknown = pool_of(tiny_cohort, split, patients=("P-other-salt",))
    with pytest.raises(InputError, match="1 of whom are not"):
        data.add_training_data(unknown, leak_on_purpose=True)


def test_a_leak_of_lesions_does_not_hide_behind_a_declared_one(tiny_cohort, split):
    data = lesion_data(tiny_cohort, torn(split))
    data.add_training_data(pool_of(tiny_cohort, split), leak_on_purpose=True)
    with pytest.raises(AssertionError, match="1 test patients"):
        data.train_dataloader()
