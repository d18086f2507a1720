import pytest

from data_modules.whole_file import replacing


def test_a_file_takes_its_place_when_it_is_whole(tmp_path):
    path = tmp_path / "table.csv"
    with replacing(path) as part:
        part.write_text("a,b\n")
        assert not path.exists()
    assert path.read_text() == "a,b\n"
    assert list(tmp_path.iterdir()) == [path]


def write_half(path):
    with replacing(path) as part:
        part.write_text("ne")
        raise OSError("disk full")


def test_what_could_not_be_written_whole_leaves_what_was_there(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(OSError, match="disk full"):
        write_half(path)
    assert path.read_text() == "old"
