from data_modules.phantom import write_phantom
from data_modules.phantom_check.phantom_files import open_phantom
from data_modules.phantom_check.redrawing import redraw


def test_same_seed_same_files_and_another_seed_none(tmp_path):
    write_phantom(tmp_path, lesions=3, seed=5, roi_only=True, jobs=1)
    phantom = open_phantom(tmp_path)
    same, files = redraw(phantom, 5)
    assert same == files > 5
    assert redraw(phantom, 6)[0] == 0
    for patient in (tmp_path / "patients").iterdir():
        (patient / "extra.json").write_text("{}")
    assert redraw(phantom, 5) == (same, files + 1)
