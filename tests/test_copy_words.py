from liverlab.quality.copy_words import in_words, instrument_in_words, too_few


def test_copies_in_words():
    words = in_words("cyst", 0.214, 0.021, 0.0004, 0.1, 0.17, flagged=True)
    assert words.startswith("Copies: 21.4% of the cyst images are nearer to one training lesion")
    assert words.endswith("without copies about 2.1% would be (p < .001). At least 17% are copies.")
    assert in_words("all", 0.06, 0.021, 0.0312, 0.05, 0.0, flagged=True).endswith("would be (p .031).")


def test_no_sign_is_not_the_absence_of_copies():
    words = in_words("all", 0.02, 0.021, 0.6, 0.049, 0.0, flagged=False)
    assert words.startswith("No sign of copies: 2.0% of the images")
    assert words.endswith("Copies would be noticed from 5% on; fewer or altered ones would not.")


def test_why_there_is_no_finding():
    assert too_few("all", images=0, held_out=9, trained=9).startswith("No finding: there are no images that")
    assert (
        too_few("all", images=9, held_out=3, trained=9) == "No finding: 3 held-out patients are too few, 5 are needed."
    )
    words = too_few("cyst", images=9, held_out=9, trained=2)
    assert words == "No finding: 2 training patients with cyst are too few, 3 are needed."


def test_the_instrument_in_words():
    assert instrument_in_words(["a", "b"], [], False).startswith("The instrument works")
    broken = instrument_in_words(["a", "b"], ["training lesions with noise on top"], True)
    assert "training lesions with noise on top were not flagged as copies and lesions of held-out" in broken
    assert broken.endswith("Neither a finding of copies nor its absence means anything here.")
