import json
from dataclasses import replace

import pytest

from data_modules.background_probe import Giveaway
from data_modules.cohort import Lesion
from data_modules.ingest_report import Case, IngestReport, Skipped, design_warnings, side_note, size_table


def lesions(*rows):
    return [Lesion(f"L-{k}", f"P-{k}", name, size, 0.7, 2.5, source) for k, (name, source, size) in enumerate(rows)]


def test_class_by_source_by_size():
    found = size_table(lesions(("cyst", "a", 9.9), ("cyst", "a", 10.0), ("cyst", "b", 12.0), ("cyst", "a", 102.0)))
    assert found == {
        ("cyst", "a", "under 10 mm"): 1,
        ("cyst", "a", "10 to 20 mm"): 1,
        ("cyst", "a", "50 mm or more"): 1,
        ("cyst", "b", "10 to 20 mm"): 1,
    }


@pytest.mark.parametrize(
    ("sources", "warned"),
    [
        ({"cyst": "a", "met": "a"}, []),
        ({"cyst": "ab", "met": "ab"}, []),
        (
            {"cyst": "a", "met": "b"},
            ["'cyst' comes from source a and no other", "'met' comes from source b and no other"],
        ),
        ({"cyst": "a", "met": "ab"}, ["'cyst' comes from source a and other classes also come from elsewhere"]),
        ({"cyst": "a", "met": ""}, ["no lesion of class 'met'"]),
    ],
)
def test_a_class_of_one_source_is_warned_of(sources, warned):
    cohort = lesions(*((name, source, 20.0) for name, own in sources.items() for source in own))
    found = design_warnings(list(sources), cohort)
    assert len(found) == len(warned)
    assert all(sentence in text for sentence, text in zip(warned, found, strict=True))


def test_what_predicts_the_class_without_the_lesion_is_warned_of():
    told = Giveaway("the diameter", 60, 40, 0.8, (0.65, 0.9), "cyst", 0.4)
    cohort = lesions(("cyst", "a", 20.0), ("met", "a", 20.0))
    (warning,) = design_warnings(["cyst", "met"], cohort, [told, replace(told, interval=(0.39, 0.9))])
    assert warning.startswith("W-DES-03 the class is predicted by the diameter alone: accuracy 80% (95 % interval 65%")


@pytest.mark.parametrize(
    ("left_mm", "start"),
    [
        ([-30, -50, -80, -60, 20], "4 of 5 lesions lie on the patient's right"),
        ([30, 50, 80, 60, -20, None], "W-GEO-14 1 of 5 lesions lie"),
        ([30, 50, 80, 60, None], None),
    ],
)
def test_on_which_side_the_lesions_lie(left_mm, start):
    found = side_note(left_mm)
    assert bool(found) == bool(start)
    assert all(text.startswith(start) for text in found)


def test_the_report_as_text_and_file(tmp_path):
    skipped = Skipped(4, "E-SEG-03", "E-SEG-03 row 4 (L-1): the mask is empty.")
    cases = (Case(2, "L-2", 5, 9, 10.0, 11.0, None, ("W-HU-02",)),)
    report = IngestReport(2, (skipped,), {("cyst", "a", "10 to 20 mm"): 2}, ("W-DES-02 x",), ("air",), (), cases)
    lines = report.text().splitlines()
    assert lines[0] == "2 lesions kept, 1 skipped."
    assert lines[1].split() == ["2", "cyst,", "10", "to", "20", "mm,", "source", "a"]
    assert lines[2:] == [skipped.message, "W-DES-02 x", "air"]
    report.write(tmp_path)
    found = json.loads((tmp_path / "ingest.json").read_text())
    assert found["skipped"][0] == {"row": 4, "code": "E-SEG-03", "message": skipped.message}
    assert found["table"] == [{"class": "cyst", "source": "a", "size": "10 to 20 mm", "lesions": 2}]
    assert found["cases"][0]["doubts"] == ["W-HU-02"]
    assert "insides" not in found
    assert [p.name for p in tmp_path.iterdir()] == ["ingest.json"]
