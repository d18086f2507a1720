"""`liverlab power` as users type it."""

import json
import re

import pytest

from liverlab.__main__ import main


def power(capsys, *arguments):
    assert main(["power", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def test_the_sentence_the_table_and_what_is_assumed(capsys):
    lines = power(capsys, "--lesions", 182, "--patients", 182).splitlines()
    # Connor's formula at 182 independent lesions: 9.2 and 11.3 points; 1,742 and 2,614 lesions for 3
    assert lines[0] == (
        "With your 182 lesions of 182 patients a difference of 9 to 11 points is found in four of five cases "
        "(discordance .2 to .3); for 3 points you would need about 1,700 to 2,600 lesions."
    )
    assert re.split("  +", lines[4]) == ["0.20", "9.2 points", "3,900 lesions", "1,700 lesions", "630 lesions"]
    assert "correlation 0.1 (assumed" in "\n".join(lines)


def test_a_correlation_of_ones_own_and_json(capsys):
    found = json.loads(power(capsys, "--lesions", 200, "--patients", 100, "--correlation", 0.4, "--json"))
    assert found["design_effect"] == pytest.approx(1 + 0.4 * 1.5)  # 2 + 1/2 lesions as a lesion sees it
    assert [row["discordance"] for row in found["rows"]] == [0.1, 0.2, 0.3]


def test_the_phantom_has_its_own_patients_and_the_papers_classes(capsys):
    found = json.loads(power(capsys, "--lesions", 182, "--json"))
    assert (found["patients"], found["per_class"]) == (94, {"cyst": 53, "metastasis": 64, "hemangioma": 65})


def test_a_cohort_and_a_manifest(capsys, tmp_path, tiny_cohort):
    tiny_cohort.save(tmp_path)
    found = json.loads(power(capsys, "--cohort", tmp_path, "--json"))
    assert (found["lesions"], found["patients"], found["cluster"]) == (24, 12, 2)
    rows = ["patient_id,lesion_id,class,image,mask"]
    for k in range(6):
        (tmp_path / f"{k}.nii").touch()
        rows += [f"P{k},{i},{'ab'[k % 2]},{k}.nii,{k}.nii" for i in range(1 + k // 3)]
    (tmp_path / "mine.csv").write_text("\n".join(rows))
    found = json.loads(power(capsys, "--manifest", tmp_path / "mine.csv", "--json"))
    assert (found["lesions"], found["patients"], found["per_class"]) == (9, 6, {"a": 4, "b": 5})


def test_too_small_for_any_difference(capsys):
    text = power(capsys, "--lesions", 20, "--patients", 20)
    assert "no difference is found in four of five cases: for 3 points you would need about 1,700 to" in text


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--cohort", "."], "No cohort in .: cohort.json is missing. `liverlab ingest` writes one."),
        (["--manifest", "mine.csv"], "No manifest mine.csv: there is no such file."),
        (["--lesions", "2"], "A phantom cohort of 2 lesions is too small"),
        (["--lesions", "5"], "too few for 3 folds"),
        (["--lesions", "5", "--patients", "6"], "--lesions 5 --patients 6: two or more patients are needed"),
        (["--cohort", ".", "--patients", "6"], "--patients goes with --lesions"),
        (["--lesions", "90", "--correlation", "nan"], "--correlation nan: a correlation within patients is 0 to 1."),
    ],
)
def test_a_users_mistake_is_one_sentence(arguments, sentence, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(["power", *arguments]) == 2
    error = capsys.readouterr().err.strip()
    assert sentence in error
    assert "\n" not in error
