"""The command line, as users type it."""

import errno
import shutil

import pytest

from data_modules.cohort import Cohort
from data_modules.phantom import write_phantom
from liverlab.__main__ import main
from liverlab.settings import experiment_names


@pytest.fixture(autouse=True)
def empty_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def phantom(tmp_path_factory):
    folder = tmp_path_factory.mktemp("phantom")
    write_phantom(folder, lesions=6, jobs=1)
    return folder


def said(capsys):
    return capsys.readouterr().err.strip()


@pytest.mark.parametrize("name", experiment_names())
def test_every_experiment_dry_runs_and_writes_nothing(name, capsys, tmp_path):
    assert main(["run", name, "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert f"liverlab: {name.replace('/', '-')}" in printed
    assert "not timed yet" in printed
    assert list(tmp_path.iterdir()) == []


def test_protocol_and_declared_comparisons_are_named_first(capsys):
    pairs = ["compare=[classic_aug,no_aug]", "also_compare=[[paper/acgan,classic_aug]]"]
    assert main(["run", "paper/table", "--dry-run", "profile=smoke", "protocol=honest", "repeats=1", *pairs]) == 0
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith("liverlab: paper-table, 6 arms. Profile smoke. Protocol custom: 5 folds, once. Data: ")
    assert second == "Declared: classic_aug against no_aug (the primary comparison); paper-acgan against classic_aug."


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "acgan_agu"], "No experiment named 'acgan_agu' in experiments/. Did you mean 'acgan_aug'?"),
        (["run", "no_aug", "acgan.lrr=1"], "Setting 'acgan.lrr': Key 'lrr' not in 'ACGANConfig'. Did you mean: 'lr'?"),
        (["run", "acgan_aug", "folds=[7]"], "folds=[7]: there is no fold 7; n_folds=3 gives folds 0 to 2."),
        (["report", "no_aug", "seed=3"], "No run 'no_aug-seed=3' in runs/experiments/. There are: none yet."),
        (["report", ".."], ".. holds no finished run: config.yaml is missing. `liverlab run` makes one."),
    ],
)  # fmt: skip
def test_a_users_mistake_is_one_sentence_and_exit_code_2(arguments, sentence, capsys):
    assert main(arguments) == 2
    assert said(capsys) == sentence


def broken(text, old, new):
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (None, "manifest.csv"),
        (lambda text: text.splitlines()[0] + "\n", "manifest.csv lists no lesions: one row per lesion is needed"),
        (lambda text: broken(text, "class", "klass"), "lacks the column"),
        (lambda text: broken(text, ",cyst,", ",abscess,"), "unknown class 'abscess'"),
        (lambda text: broken(text, "/SEG.dcm", "/GONE.dcm"), "row 2: the path in column mask does not exist."),
        (lambda text: text + text.splitlines()[1] + "\n", "is listed again"),
    ],
    ids=["missing", "empty", "lacks a column", "unknown class", "absent file", "duplicate lesion"],
)
def test_a_wrong_manifest_stops_a_run_before_anything_is_written(edit, sentence, phantom, capsys, tmp_path):
    manifest = tmp_path / "cohort" / "manifest.csv"
    if edit:
        shutil.copytree(phantom, manifest.parent)
        manifest.write_text(edit(manifest.read_text()))
    assert main(["run", "acgan_aug", "profile=smoke", f"data.manifest={manifest}"]) == 2
    error = said(capsys)
    assert sentence in error
    assert "\n" not in error
    assert not (tmp_path / "runs").exists()


def test_too_few_patients_for_the_folds_is_a_sentence(phantom, capsys, tmp_path):
    arguments = ["run", "no_aug", "profile=smoke", "n_folds=5", f"data.manifest={phantom / 'manifest.csv'}"]
    assert main([*arguments, "tracking=none"]) == 2
    assert "too few for 5 folds: a fold would lack the class" in said(capsys)


def test_ingest_writes_a_cohort_and_its_report(phantom, capsys, tmp_path):
    assert main(["ingest", str(phantom / "manifest.csv"), "--out", "mine"]) == 0
    assert "6 lesions kept, 0 skipped." in capsys.readouterr().out
    names = sorted(path.name for path in (tmp_path / "mine").iterdir())
    assert names == ["cohort.json", "ingest.html", "ingest.json", "patches.npy"]


def test_settings_may_stand_before_or_after_an_option(capsys):
    for arguments in (["--dry-run", "seed=3"], ["seed=3", "--dry-run"]):
        assert main(["run", "no_aug", *arguments]) == 0
        assert "  seed: 3" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["run", "no_aug", "--dry-runs"])
    assert "unrecognized arguments: --dry-runs" in capsys.readouterr().err


def test_help_shows_examples(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    assert "liverlab run acgan_aug profile=smoke" in capsys.readouterr().out


def test_a_full_disk_is_a_sentence(tmp_path, monkeypatch, capsys):
    manifest = write_phantom(tmp_path / "phantom", lesions=3, roi_only=True, jobs=1)

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Cohort, "save", full)
    assert main(["ingest", str(manifest), "--out", str(tmp_path / "mine")]) == 1
    assert capsys.readouterr().err.startswith("The disk is full. Free some space")
    assert not (tmp_path / "mine").exists()
