import json
import shutil

import pytest
from finished_runs import SETTINGS

from data_modules.errors import InputError
from liverlab.finished_stage import find_stage
from liverlab.pipeline import plan_arm
from liverlab.settings import load_experiment
from liverlab.stages import complete, in_order

BOTH = ["classifier", "generator"]


@pytest.fixture
def runs(finished, tmp_path):
    """A copy of the finished stages, to be changed."""
    return shutil.copytree(finished / "runs", tmp_path / "runs")


def only(runs, pattern):
    (folder,) = runs.glob(pattern)
    return folder


def test_a_stage_is_found_by_its_folder_its_name_a_beginning_and_a_link(runs, tmp_path):
    folder = only(runs, "generator/acgan-*")
    (tmp_path / "link").symlink_to(folder)
    for text in (folder, folder.name, "acgan-", "acgan-r0-f0", tmp_path / "link", f"{folder}/"):
        assert find_stage(str(text), BOTH, runs).folder == folder
    assert find_stage("dcgan-r0-f0-cyst", BOTH, runs).known_classes == ("cyst",)
    assert find_stage("acgan", ["generator"], runs).known_classes == ("cyst", "metastasis", "hemangioma")


def test_what_it_saw_is_the_training_side(runs):
    cohort = json.loads((only(runs, "cohort/manifest-*") / "cohort.json").read_text())
    for pattern, of_each in (("acgan-*", 3), ("dcgan-*-cyst-*", 1)):
        folder = only(runs, f"generator/{pattern}")
        seen = find_stage(str(folder), BOTH).trained_on
        patients = json.loads((folder / "patients.json").read_text())
        assert seen.patients == len(patients)
        # one lesion per patient, in 2 of 4 patients of each class
        assert seen.lesions == dict.fromkeys(("cyst", "metastasis", "hemangioma")[:of_each], 2)
        assert seen.cohort == cohort["fingerprint"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "none",
            "No finished classifier or generator 'none' in {}/classifier/ or {}/generator/. There are: classic-",
        ),
        ("acgan-r0-f0-{key}x", "Did you mean 'acgan-r0-f0-{key}'?"),
        ("classic-32", "'classic-32' may be any of classic-32-acgan-3-r0-f0-"),
        ("dcgan-r0", "'dcgan-r0' may be any of dcgan-r0-f0-cyst-"),
        ("{}", "{} holds no finished stage: stage.json is missing. Name a folder of {}/classifier/ or "),
        ("x" * 300, "No finished classifier or generator 'xxx"),
    ],
)
def test_another_name_is_a_sentence(text, sentence, runs):
    key = only(runs, "generator/acgan-*").name[-10:]
    with pytest.raises(InputError) as error:
        find_stage(text.replace("{}", str(runs)).replace("{key}", key), BOTH, runs)
    assert sentence.replace("{}", str(runs)).replace("{key}", key) in str(error.value)


def test_a_stage_of_another_kind_is_refused(runs):
    with pytest.raises(InputError, match=r"^acgan-.* is a pool\. Name a generator\.$"):
        find_stage(str(only(runs, "pool/acgan-*")), ["generator"])


def test_an_unfinished_stage_is_refused_by_name_and_by_folder(runs):
    folder = only(runs, "generator/acgan-*")
    part = folder.with_name(f".{folder.name}.part")
    folder.rename(part)
    for text in ("acgan", str(part)):
        with pytest.raises(
            InputError, match=r"acgan-r0-f0-\w+.part is not finished\. The `liverlab run` that began it"
        ):
            find_stage(text, ["generator"], runs)


def test_visual_words_are_refused_as_what_they_are(finished, runs):
    place = [f"data.manifest={finished / 'manifest.csv'}", f"runs_dir={runs}"]
    small = ["bovw.words=4", "bovw.components=2", "bovw.learning_patches=100"]
    for stage in in_order(plan_arm(load_experiment("paper/bovw", [*SETTINGS, *place, *small]), experiment="bovw")):
        complete(stage, runs)
    for kinds in (["classifier"], BOTH):  # as predict and export ask
        with pytest.raises(InputError, match=r"^bovw-.* is a bag of visual words, .* neither exported nor asked\."):
            find_stage("bovw", kinds, runs)


@pytest.mark.parametrize(("change", "of"), [("0.0.9", "0.0.9"), (None, "an earlier state")])
def test_a_stage_of_another_version_is_refused(change, of, runs):
    folder = only(runs, "generator/acgan-*")
    if change:
        record = json.loads((folder / "stage.json").read_text())
        (folder / "stage.json").write_text(json.dumps(record | {"version": change}))
    else:
        (folder / "trained_on.json").unlink()
    with pytest.raises(InputError, match=rf"was made by liverlab {of}, this is "):
        find_stage("acgan", ["generator"], runs)
