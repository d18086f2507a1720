import pytest

from data_modules.adapters.label_rules import class_of, parse_rules
from data_modules.errors import InputError


def test_the_first_rule_that_fits_the_whole_label_counts():
    rules = parse_rules([r"Tumor_1=odd", "tumor_.*=metastasis", "a=b=cyst", "liver="])
    labels = ["Tumor_1", "TUMOR_12", "Tumor", "xTumor_2", "a=b", "liver"]
    assert [class_of(rules, label) for label in labels] == ["odd", "metastasis", "", "", "cyst", ""]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("metastasis", "--label 'metastasis': PATTERN=CLASS is needed, e.g. 'Tumor_"),
        ("=metastasis", "--label '=metastasis': PATTERN=CLASS is needed"),
        ("Tumor_(=x", r"--label 'Tumor_\(=x': the pattern is no regular expression"),
    ],
)
def test_what_is_not_a_rule(text, sentence):
    with pytest.raises(InputError, match=sentence):
        parse_rules([text])
