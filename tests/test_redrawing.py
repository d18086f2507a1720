import json

from data_modules.phantom import write_phantom
from data_modules.phantom.phantom_files import PhantomFolder
from data_modules.phantom.redrawing import redraw


def test_same_seed_same_files_and_another_seed_none(tmp_path):
    write_phantom(tmp_path, lesions=3, seed=5, jobs=1)
    names = sorted(path.name for path in (tmp_path / "patients").iterdir())
    settings = {"lesions": 3, "seed": 5, "roi_only": False, "realistic_sizes": False, "test_lesions": 0}
    phantom = PhantomFolder(tmp_path, settings, dict.fromkeys(names, ()))
    same, files = redraw(phantom, 5)
    assert same == files > 5
    assert redraw(phantom, 6)[0] == 0
    (tmp_path / "patients" / names[0] / "extra.json").write_text(json.dumps({}))
    (tmp_path / "patients" / names[1] / "extra.json").write_text(json.dumps({}))
    assert redraw(phantom, 5) == (same, files + 1)
