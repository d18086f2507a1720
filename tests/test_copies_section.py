import pytest
from fake_quality import FOUND, fake_images, fake_report
from fake_run import CLASSES

from liverlab.copies_record import over_splits
from liverlab.report.copies_section import sentences


def told(found=FOUND, p=0.3, **changed):
    split = {"repeat": 0, "fold": 0} | fake_report(fake_images(CLASSES, seed=0), found, p).as_json()
    for row in split["rows"]:
        row.update(changed)
    return sentences(over_splits([split]))


def test_no_sign_is_told_with_what_would_have_been_noticed():
    finding, worth = told()
    assert finding.startswith("No sign of copies. 12\u00a0% of the synthetic images are nearer to one training lesion")
    assert finding.endswith("without copies about 5\u00a0% would be.")
    assert "alarm on held-out lesions. In a single split it notices copies from 20\u00a0% of the images" in worth


def test_where_even_copies_alone_would_not_be_noticed():
    assert told(noticed_from=1.02)[1].endswith(
        "A single split has too few left-out patients to show even copies alone."
    )


def test_copies_of_one_class_are_named():
    found = told(FOUND | {"synthetic": True})
    assert found[0].startswith("Copies of training lesions were found among the images of cyst, metastasis and hem")
    assert found[1].startswith("The same search found the copies that were planted")


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ({"copycat": False}, "Here training lesions under classic transforms were not noticed as copies"),
        ({"held_out": True}, "Here held-out lesions were taken for copies"),
    ],
)
def test_a_search_that_fails_its_own_check_says_so(broken, sentence):
    (found,) = told(FOUND | broken)
    assert found.startswith("Whether they are copies cannot be told: the search failed its own check. ")
    assert sentence in found


def test_too_few_lesions_to_tell():
    nothing = dict.fromkeys(("copy_rate", "expected_rate", "noticed_from", "neighbour_ratio", "c_t"))
    (sentence,) = told(p=None, flagged=False, sentence="No finding: 3 patients are too few.", **nothing)
    assert sentence == "Whether they are copies cannot be told. 3 patients are too few."


def test_numbers_are_those_of_the_flagged_class():
    split = {"repeat": 0, "fold": 0} | fake_report(fake_images(CLASSES, seed=0), FOUND).as_json()
    for row in split["rows"]:
        if (row["images"], row["class_name"]) == ("synthetic", CLASSES[1]):
            row.update(p=0.0001, flagged=True, copy_rate=0.4)
    assert f"40\u00a0% of the synthetic images of {CLASSES[1]} are nearer" in sentences(over_splits([split]))[0]


def test_a_control_that_was_not_judged_is_not_told():
    split = {"repeat": 0, "fold": 0} | fake_report(fake_images(CLASSES, seed=0), FOUND).as_json()

    def unjudged(name):
        for row in split["rows"]:
            row.update({"p": None, "flagged": False} if row["images"] == name else {})
        return sentences(over_splits([split]))

    assert "planted to test it, training lesions with noise, and raised no alarm" in unjudged("copycat")[1]
    assert unjudged("noise") == [
        "Whether they are copies cannot be told: the search could not be tried on copies, for lack of lesions."
    ]
