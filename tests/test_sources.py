from dataclasses import replace

import numpy as np
import pytest
from dicom_examples import row, write_manifest, write_patient
from phantom_examples import tiny_scans

from data_modules.cohort import Cohort
from data_modules.errors import InputError
from data_modules.phantom import phantom_writer
from data_modules.phantom.phantom_writer import patients_kept
from liverlab import sources
from liverlab.settings import load_experiment
from liverlab.sources import cohort_stage
from liverlab.stages import complete


@pytest.fixture
def manifest(tmp_path):
    write_patient(tmp_path)
    rows = [row("one"), row("two", **{"class": "metastasis"}), row("three")]
    return write_manifest(tmp_path / "manifest.csv", rows)


def stage(path, tmp_path, classes="[cyst,metastasis]"):
    settings = ["profile=smoke", f"data.manifest={path}", f"data.classes={classes}", f"runs_dir={tmp_path / 'runs'}"]
    return cohort_stage(load_experiment("no_aug", settings))


def test_an_experiment_on_refused_cases_stops_and_says_how_to_go_on(manifest, tmp_path):
    with pytest.raises(
        InputError, match=r"^1 of the manifest's lesions were refused\. The first: E-SEG-04 row 4 "
    ) as error:
        complete(stage(manifest, tmp_path), tmp_path / "runs")
    assert "`liverlab ingest MANIFEST --out data/mine`" in str(error.value)
    assert "take their rows out of the manifest" in str(error.value)
    assert not list((tmp_path / "runs").glob("cohort/manifest-*"))


def test_a_folder_stands_for_its_manifest(manifest, tmp_path):
    manifest.write_text("".join(manifest.read_text().splitlines(keepends=True)[:3]))
    assert stage(tmp_path, tmp_path).key == stage(manifest, tmp_path).key
    folder = complete(stage(tmp_path, tmp_path), tmp_path / "runs")
    assert len(Cohort.load(folder)) == 2
    assert (folder / "ingest.html").is_file()


def test_one_image_under_two_patients_is_no_cohort(tiny_cohort, tmp_path):
    patches = tiny_cohort.patches.copy()
    patches[9] = patches[0]
    replace(tiny_cohort, patches=patches).save(tmp_path / "mine")
    with pytest.raises(InputError, match="same pixels are in lesion L00 of patient P00 and lesion L09 of patient P04"):
        complete(stage(tmp_path / "mine", tmp_path, "[hemangioma,cyst,metastasis]"), tmp_path / "runs")


def test_an_ingested_cohort_is_taken_in_the_order_of_the_settings(tiny_cohort, tmp_path):
    tiny_cohort.save(tmp_path / "mine")
    taken = stage(tmp_path / "mine", tmp_path, "[hemangioma,cyst,metastasis]")
    cohort = Cohort.load(complete(taken, tmp_path / "runs"))
    assert cohort.class_names == ("hemangioma", "cyst", "metastasis")
    assert cohort.lesions == tiny_cohort.lesions
    np.testing.assert_array_equal(cohort.patches, tiny_cohort.patches)
    with pytest.raises(InputError, match=r"Add data\.classes=\[cyst,metastasis,hemangioma\]\."):
        stage(tmp_path / "mine", tmp_path, "[a,b]")


def test_another_cohort_is_another_stage(tiny_cohort, tmp_path):
    tiny_cohort.save(tmp_path / "mine")
    first = stage(tmp_path / "mine", tmp_path, "[cyst,metastasis,hemangioma]").key
    Cohort(tiny_cohort.class_names, tiny_cohort.lesions, tiny_cohort.patches + 1).save(tmp_path / "mine")
    assert stage(tmp_path / "mine", tmp_path, "[cyst,metastasis,hemangioma]").key != first


@pytest.fixture
def phantom(monkeypatch):
    """The phantom's stage, with tiny scans."""
    monkeypatch.setattr(phantom_writer, "make_scans", tiny_scans)
    return cohort_stage(load_experiment("no_aug", ["profile=smoke", "data.phantom_lesions=9"])).needs[0]


def contents(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def killed_after(patients, phantom, runs, monkeypatch):
    def report(folder, done, total):
        if done == patients:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sources, "write_progress", report)
        with pytest.raises(KeyboardInterrupt):
            complete(phantom, runs)
    return phantom.working_folder(runs)


def test_a_phantom_goes_on_from_the_patients_that_a_killed_run_left(phantom, tmp_path, monkeypatch):
    part = killed_after(4, phantom, tmp_path / "killed", monkeypatch)
    assert patients_kept(part) == 4
    (part / "patients" / ".P0005.part").mkdir()  # as a killed worker leaves it
    kept = {path.name: path.stat().st_mtime_ns for path in (part / "patients").iterdir() if path.name[0] == "P"}
    finished, whole = complete(phantom, tmp_path / "killed"), complete(phantom, tmp_path / "whole")
    assert {name: (finished / "patients" / name).stat().st_mtime_ns for name in kept} == kept
    assert contents(finished) == contents(whole)
    assert (finished / "manifest.csv").read_bytes() == (whole / "manifest.csv").read_bytes()


def test_a_phantom_that_was_finished_but_not_yet_renamed_is_taken(phantom, tmp_path):
    whole = complete(phantom, tmp_path)
    (whole / "stage.json").unlink()
    before = contents(whole)
    whole.rename(phantom.working_folder(tmp_path))
    assert contents(complete(phantom, tmp_path)) == before | {"stage.json"}
