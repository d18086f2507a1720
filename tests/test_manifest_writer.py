from collections import Counter
from pathlib import Path

from data_modules.adapters.manifest_writer import LesionEntry, Listing, write_manifest
from data_modules.manifest import read_manifest


def test_a_written_manifest_reads_back_with_paths_relative_to_its_folder(tmp_path):
    (tmp_path / "data" / "CT, one").mkdir(parents=True)
    (tmp_path / "lists" / "masks").mkdir(parents=True)
    mask = tmp_path / "lists" / "masks" / "a.nrrd"
    mask.touch()
    image = tmp_path / "data" / "CT, one"
    entries = [
        LesionEntry("p", "1", "cyst", image, mask, "3", phase="pvp"),
        LesionEntry("p", "2", "metastasis", image, center_mm=(1.23456, -2, 3), diameter_mm=9.5),
    ]
    path = tmp_path / "lists" / "manifest.csv"
    write_manifest(path, entries, "here")
    assert path.read_text().splitlines() == [
        "patient_id,lesion_id,class,image,mask,mask_label,center_x_mm,center_y_mm,center_z_mm,diameter_mm,phase,source",
        'p,1,cyst,"../data/CT, one",masks/a.nrrd,3,,,,,pvp,here',
        'p,2,metastasis,"../data/CT, one",,,1.235,-2,3,9.5,,here',
    ]
    first, second = read_manifest(path)
    assert (first.image.resolve(), first.mask, first.mask_label) == (image, mask, "3")
    assert (second.center_mm, second.diameter_mm, second.source) == ((1.235, -2.0, 3.0), 9.5, "here")
    assert sorted(p.name for p in path.parent.iterdir()) == ["manifest.csv", "masks"]


def test_the_summary_counts():
    entries = [LesionEntry(p, k, c, Path("x")) for p, k, c in (("a", "1", "cyst"), ("a", "2", "cyst"), ("b", "1", "x"))]
    listing = Listing(entries, Counter({"cases of type HCC": 12, "cases without a mask": 0}))
    assert listing.text() == "3 lesions of 2 patients: 2 cyst, 1 x.\n     12  left out: cases of type HCC"
    assert Listing().text() == "0 lesions of 0 patients."
