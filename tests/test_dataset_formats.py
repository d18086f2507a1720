import pytest

from data_modules.adapters.dataset_formats import FORMATS, make_manifest
from data_modules.adapters.label_rules import class_of, parse_rules
from data_modules.errors import InputError


@pytest.mark.parametrize(
    ("name", "label", "expected"),
    [
        ("ircadb", "livertumor03", "tumor"),
        ("ircadb", "livertumors", "tumor"),
        ("ircadb", "livercyst", "cyst"),
        ("ircadb", "liverkyst", "cyst"),
        ("ircadb", "liverkyste", "cyst"),
        ("ircadb", "liver", ""),
        ("ircadb", "leftsurretumor", ""),
        ("mct-ltdiag", "BCLM", "metastasis"),
        ("mct-ltdiag", "ICC", ""),
        ("mswal", "6", "cyst"),
        ("mswal", "7", ""),
        ("lld-mmri", "Hepatic_abscess", ""),
        ("lld-mmri", "Hepatic_cyst", "cyst"),
    ],
)
def test_the_formats_own_rules(name, label, expected):
    assert class_of(parse_rules(FORMATS[name].labels), label) == expected


def test_a_users_mistake_is_a_sentence_and_nothing_is_written(tmp_path):
    out = tmp_path / "manifest.csv"
    for arguments, sentence in (
        (("mswall", tmp_path, out), "Unknown format 'mswall'; there are dicom-seg, .* Did you mean 'mswal'?"),
        (("mswal", tmp_path / "none", out), "The folder to read does not exist, or is a file"),
        (("mswal", tmp_path, out, (), "Dr. Erika"), "--source must be one short word"),
        (("mswal", tmp_path, tmp_path), "exists already. Name a new file"),
    ):
        with pytest.raises(InputError, match=sentence):
            make_manifest(*arguments)
    assert list(tmp_path.iterdir()) == []
