import csv
import hashlib
import json
import shutil
import subprocess

import highdicom as hd
import numpy as np
import pydicom
import pytest
import SimpleITK
from phantom_examples import tiny_scans
from scipy import ndimage
from scipy.spatial.distance import pdist

from data_modules import case_pool
from data_modules.errors import InputError
from data_modules.phantom import phantom_writer, write_phantom
from data_modules.phantom.phantom_cohort import PhantomCohort
from data_modules.phantom.phantom_writer import patients_kept
from data_modules.phantom.plan import plan_cohort


def digests(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    """Twelve drawn lesions, written by two processes."""
    out, steps = tmp_path_factory.mktemp("phantom"), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(case_pool, "POOL_PAYS_SECONDS", 0.0)
        manifest = write_phantom(out, lesions=12, seed=3, jobs=2, progress=lambda *step: steps.append(step))
    with manifest.open(newline="") as file:
        return out, list(csv.DictReader(file)), steps


@pytest.fixture
def tiny(monkeypatch):
    """`write_phantom` in this process, with tiny scans; `tiny.stop_after` ends it by Ctrl-C after so many patients."""

    def write(out, **settings):
        return write_phantom(out, **{"lesions": 9, "jobs": 1} | settings)

    def stop_after(patients, out, **settings):
        def progress(done, total):
            if done == patients:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            write(out, progress=progress, **settings)
        assert patients_kept(out) == patients

    monkeypatch.setattr(phantom_writer, "make_scans", tiny_scans)
    write.stop_after = stop_after
    return write


def slices_of(out, row):
    datasets = [pydicom.dcmread(path) for path in (out / row["image"]).iterdir()]
    return sorted(datasets, key=lambda d: d.ImagePositionPatient[2])


def hu_of(datasets):
    return np.stack([d.pixel_array * float(d.RescaleSlope) + float(d.RescaleIntercept) for d in datasets])


def mask_of(out, row, datasets):
    seg = hd.seg.segread(out / row["mask"])
    numbers = [s.SegmentNumber for s in seg.SegmentSequence if s.SegmentLabel == row["mask_label"]]
    uids = [d.SOPInstanceUID for d in datasets]
    return seg.get_pixels_by_source_instance(uids, segment_numbers=numbers, assert_missing_frames_are_empty=True)[
        ..., 0
    ].astype(bool)


def key_slice(out, row):
    """HU and mask of the slice of largest area, with spacing and the world position of its first pixel."""
    datasets = slices_of(out, row)
    mask = mask_of(out, row, datasets)
    k = int(mask.sum(axis=(1, 2)).argmax())
    d = datasets[k]
    return hu_of(datasets)[k], mask[k], float(d.PixelSpacing[0]), [float(v) for v in d.ImagePositionPatient]


def test_manifest_lists_the_plan_and_progress_ends_at_all(cohort):
    _, rows, steps = cohort
    plan = plan_cohort(12, 3)
    planned = [(x.lesion_id, x.class_name, x.subtype) for patient in plan for x in patient.lesions]
    assert [(row["lesion_id"], row["class"], row["subtype"]) for row in rows] == planned
    assert steps == [(i, len(plan)) for i in range(len(plan) + 1)]


def test_same_seed_same_bytes_whatever_the_number_of_jobs(tmp_path, monkeypatch):
    monkeypatch.setattr(case_pool, "POOL_PAYS_SECONDS", 0.0)
    for jobs in (1, 2):
        write_phantom(tmp_path / str(jobs), lesions=3, seed=7, jobs=jobs)
    assert digests(tmp_path / "1") == digests(tmp_path / "2")


def test_another_seed_gives_other_bytes_in_every_file(tiny, tmp_path):
    one, other = tiny(tmp_path / "1", seed=1), tiny(tmp_path / "2", seed=2)
    assert not set(digests(one.parent).values()) & set(digests(other.parent).values())


def test_geometry_read_by_simpleitk_agrees_with_the_manifest(cohort):
    out, rows, _ = cohort
    for row in rows:
        reader = SimpleITK.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(out / row["image"])))
        image = reader.Execute()
        centre = [float(row[f"center_{axis}_mm"]) for axis in "xyz"]
        i, j, k = image.TransformPhysicalPointToIndex(centre)
        mask = mask_of(out, row, slices_of(out, row))
        area = mask.sum(axis=(1, 2))
        assert area[k] == area.max()
        middles = [np.flatnonzero(mask[k].any(axis=axis))[[0, -1]].mean() for axis in (0, 1)]
        assert (i, j) == pytest.approx(middles, abs=0.51)


def test_slices_are_even_and_enough(cohort):
    out, rows, _ = cohort
    for row in rows:
        datasets = slices_of(out, row)
        steps = np.diff([float(d.ImagePositionPatient[2]) for d in datasets])
        assert len(datasets) >= 5
        assert steps == pytest.approx(float(datasets[0].SliceThickness), abs=1e-6)


def test_diameter_is_the_long_diameter_of_the_mask(cohort):
    out, rows, _ = cohort
    for row in rows:
        _, mask, spacing, _ = key_slice(out, row)
        edge = np.argwhere(mask & ~ndimage.binary_erosion(mask))
        # pixel centres, so short by up to a pixel and a half; a thick slice off the centre sees a little less
        assert pdist(edge).max() * spacing == pytest.approx(float(row["diameter_mm"]), abs=0.6 + 1.5 * spacing)


def test_lesions_differ_from_liver_as_their_class_says(cohort):
    out, rows, _ = cohort
    for row in rows:
        hu, mask, _, _ = key_slice(out, row)
        inside = hu[ndimage.binary_erosion(mask, iterations=2)].mean()
        ring = hu[ndimage.binary_dilation(mask, iterations=7) & ~ndimage.binary_dilation(mask, iterations=3)]
        contrast = inside - np.median(ring[ring > 0])
        if row["class"] == "cyst":
            assert -150 < contrast < -40
            assert inside < 45
        elif row["subtype"] in ("solid", "rim", "rim_necrotic", "typical", "atypical"):
            assert -110 < contrast < 25
        elif row["subtype"] == "flash":
            assert contrast > 0


def subcutaneous_fat(hu):
    """Pixels of the rind, which is the same in all slices."""
    return ndimage.binary_erosion(np.abs(ndimage.uniform_filter(hu.mean(axis=0), 5) + 100) < 15, iterations=5)


def test_liver_is_on_the_patients_right_and_air_and_fat_are_there(cohort):
    out, rows, _ = cohort
    for row in rows:
        hu = hu_of(slices_of(out, row))
        assert np.median(hu[:, 0, :]) == pytest.approx(-1000, abs=15)
        assert np.median(hu[:, subcutaneous_fat(hu)]) == pytest.approx(-100, abs=8)
        body = np.nonzero((hu[0] > -300).any(axis=0))[0]
        soft = ((hu > 60) & (hu < 140)).sum(axis=(0, 1))
        middle = (body[0] + body[-1]) // 2
        assert soft[:middle].sum() > soft[middle:].sum()  # columns to the left of the image are the patient's right


def test_noise_is_as_planned(cohort):
    out, rows, _ = cohort
    for row in rows[:2]:
        hu = hu_of(slices_of(out, row))
        fat = subcutaneous_fat(hu)  # what varies there along z is noise; air is cut off at -1024
        assert fat.sum() > 2000
        measured = np.sqrt(hu[:, fat].var(axis=0, ddof=1).mean())
        truth = json.loads((out / "patients" / row["patient_id"] / "truth.json").read_text())
        assert measured == pytest.approx(truth["scan"]["noise_sd_hu"], rel=0.05)


def test_a_folder_holds_what_its_note_says(tiny, tmp_path):
    tiny(tmp_path, test_lesions=3)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "PHANTOM.md", "manifest.csv", "patients", "phantom.json", "test"
    ]  # fmt: skip
    assert sorted(path.name for path in (tmp_path / "patients" / "P0001").iterdir()) == [
        "CT", "LIVER.dcm", "SEG.dcm", "truth.json"
    ]  # fmt: skip
    assert sorted(path.name for path in (tmp_path / "test").iterdir()) == [
        "PHANTOM.md", "manifest.csv", "patients", "phantom.json"
    ]  # fmt: skip
    assert sorted(path.name for path in (tmp_path / "test" / "patients" / "T0001").iterdir()) == ["L1", "truth.json"]
    assert sorted(path.name for path in (tmp_path / "test" / "patients" / "T0001" / "L1").iterdir()) == [
        "CT", "SEG.dcm"
    ]  # fmt: skip
    for folder, cohort in PhantomCohort(9, test_lesions=3).folders(tmp_path).items():
        with (folder / "manifest.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == cohort.lesions
        assert all((folder / row["image"]).is_dir() and (folder / row["mask"]).is_file() for row in rows)


def test_a_test_cohort_shares_nothing_with_the_first_and_changes_nothing_in_it(tiny, tmp_path):
    tiny(tmp_path / "both", test_lesions=9)
    tiny(tmp_path / "alone")
    both, alone = digests(tmp_path / "both"), digests(tmp_path / "alone")
    changed = {name for name in alone if alone[name] != both[name]}
    assert changed == {"PHANTOM.md", "phantom.json"}  # which tell of the folder beside them
    test = {name: digest for name, digest in both.items() if name.startswith("test/")}
    assert not set(test.values()) & set(alone.values())


def test_a_small_series_is_written_for_each_lesion(tiny, tmp_path):
    tiny(tmp_path, roi_only=True)
    for patient in plan_cohort(9, 0):
        home = tmp_path / "patients" / patient.patient_id
        assert sorted(path.name for path in home.iterdir()) == [
            *(f"L{i + 1}" for i in range(len(patient.lesions))), "truth.json"
        ]  # fmt: skip


def test_settings_that_change_the_pixels_change_the_uids(tiny, tmp_path):
    variants = ({"lesions": 3}, {"lesions": 3, "seed": 1}, {"lesions": 4}, {"lesions": 3, "realistic_sizes": True})
    uids = set()
    for i, settings in enumerate(variants):
        tiny(tmp_path / str(i), **settings)
        uids.add(pydicom.dcmread(next((tmp_path / str(i) / "patients" / "P0001").rglob("IM0001.dcm"))).StudyInstanceUID)
    assert len(uids) == len(variants)


@pytest.mark.parametrize("settings", [{}, {"roi_only": True, "test_lesions": 4}])
def test_a_stopped_phantom_goes_on_to_the_same_bytes(settings, tiny, tmp_path):
    tiny(tmp_path / "whole", **settings)
    tiny.stop_after(3, tmp_path / "stopped", **settings)
    assert not (tmp_path / "stopped" / "manifest.csv").exists()
    assert "recipe" in json.loads((tmp_path / "stopped" / "phantom.json").read_text())
    half = tmp_path / "stopped" / "patients" / ".P0004.part"  # as a killed worker leaves it
    half.mkdir(exist_ok=True)
    (half / "SEG.dcm").touch()
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "stopped").glob("patients/P*/SEG.dcm")}
    steps = []
    tiny(tmp_path / "stopped", progress=lambda done, total: steps.append(done), **settings)
    assert steps[0] == 3
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert digests(tmp_path / "stopped") == digests(tmp_path / "whole")


def test_another_plan_or_version_starts_anew(tiny, tmp_path, monkeypatch):
    tiny.stop_after(3, tmp_path / "out", test_lesions=4)
    tiny.stop_after(0, tmp_path / "out", seed=1)
    assert not (tmp_path / "out" / "test").exists()
    tiny.stop_after(2, tmp_path / "out", seed=1)
    monkeypatch.setattr(phantom_writer, "recipe_digest", lambda: "another")
    tiny.stop_after(0, tmp_path / "out", seed=1)


def test_a_finished_phantom_is_refused(tiny, tmp_path):
    tiny(tmp_path)
    before = digests(tmp_path)
    with pytest.raises(InputError, match="holds this phantom already, and it is complete"):
        tiny(tmp_path)
    with pytest.raises(InputError, match="holds a phantom already, with lesions=9 instead of 12, seed=0 instead of 5"):
        tiny(tmp_path, lesions=12, seed=5)
    assert digests(tmp_path) == before


@pytest.mark.parametrize("name", ["patients/mine.txt", "test/mine.txt", "phantom.json", "manifest.csv"])
def test_files_of_somebody_else_are_left_alone(name, tiny, tmp_path):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("{}")
    with pytest.raises(InputError, match="holds something else already"):
        tiny(tmp_path)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [name.split("/")[-1]]


@pytest.mark.parametrize("settings", [{"lesions": 2}, {"seed": -1}, {"test_lesions": 1}, {"test_lesions": -3}])
def test_impossible_wishes_leave_no_folder(settings, tiny, tmp_path):
    with pytest.raises(InputError, match=r"too small|0 or more"):
        tiny(tmp_path / "out", **settings)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_a_sentence(tiny, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"file/out cannot be made: Not a directory\."):
        tiny(tmp_path / "file" / "out")


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 200 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "phantom-test", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system needs the right to mount one")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk_is_a_sentence_and_keeps_the_whole_patients(tiny, small_disk, tmp_path):
    with pytest.raises(InputError, match=r"is full: [1-8] of 9 patients are written, the others need about 1 MB more"):
        tiny(small_disk / "out", lesions=12)
    assert not (small_disk / "out" / "manifest.csv").exists()
    subprocess.run(["mount", "-o", "remount,size=5m", small_disk], check=True)
    tiny(small_disk / "out", lesions=12)
    tiny(tmp_path / "roomy", lesions=12)
    assert digests(small_disk / "out") == digests(tmp_path / "roomy")


def test_a_second_run_into_the_same_folder_waits_for_nobody_and_mixes_nothing(tiny, tmp_path, monkeypatch):
    out, seen = tmp_path / "out", []

    def draw(*arguments, **settings):
        with pytest.raises(InputError, match=r"Another run is writing .*out\. Wait for it"):
            write_phantom(out, lesions=9, seed=5, jobs=1)
        seen.append(arguments)
        return tiny_scans(*arguments, **settings)

    monkeypatch.setattr(phantom_writer, "make_scans", draw)
    write_phantom(out, lesions=9, seed=0, jobs=1)
    assert len(seen) == 9
    assert json.loads((out / "phantom.json").read_text())["seed"] == 0
