"""The user's own cohort from DICOM to report, at the smallest size, with all stages in this process.

Nothing that is written or printed may name a patient; and any 2 to 20 classes may be compared.
"""

import gzip
import io
import logging
import zipfile

import numpy as np
import pytest
from dicom_examples import body, row, write_ct, write_manifest, write_seg

from liverlab.__main__ import main
from liverlab.stages import complete, in_order

SMALLEST = [
    "profile=smoke", "n_folds=2", "classic.size=24", "classifier.steps=3", "acgan.epochs=1", "dcgan.epochs=1",
    "acgan.batch_size=8", "dcgan.batch_size=8", "synthetic.size=2", "verdict.draws=100", "verdict.flips=100",
    "trainer.accelerator=cpu",
]  # fmt: skip
PLANTED = {
    "PatientName": "Vondruska^Zdenka",
    "PatientID": "KH-778812-Q",
    "PatientBirthDate": "19470228",
    "StudyDate": "20170630",
    "AccessionNumber": "AKZ5550917",
    "InstitutionName": "Spital Hinterstoder",
    "ReferringPhysicianName": "Quacksalber^Wunibald",
    "DeviceSerialNumber": "SN90210X7",
    "StudyDescription": "Abdomen wg. Gelbsucht",
    "SeriesDescription": "pv 2,5 Zdenka",
    "StudyInstanceUID": "1.2.276.0.7230010.3.1.2.99887766",
    "SeriesInstanceUID": "1.2.276.0.7230010.3.1.3.55443322",
    "FrameOfReferenceUID": "1.2.276.0.7230010.3.1.4.11223344",
}
FOLDERS = ("Vondruska_Zdenka_1947", "Hinterstoder-CDs", "befunde_vertraulich")
SECRETS = [part for value in PLANTED.values() for part in value.split("^")]
SECRETS += [*FOLDERS, "Vondruska", "Zdenka", "Hinterstoder", "Gelbsucht", "7230010", "laesion-im-segment-sieben"]


def write_cohort(folder, classes, patients_per_class=4):
    """One lesion per patient, of its class's brightness; returns the manifest."""
    folder.mkdir(parents=True)
    rows = []
    for k in range(patients_per_class * len(classes)):
        c = k % len(classes)
        hu, masks = body((3, 48, 48), [(1, 22, 25, 5 + k % 3, 20 + 40 * c)])
        # without grain of its own, it would be the image of another patient
        hu = np.maximum(hu + np.random.default_rng(k).normal(0, 30, hu.shape), -1024).astype(np.int16)
        place = folder / f"{FOLDERS[0]}-{k}"

        def plant(_, dataset, k=k):
            for name, value in PLANTED.items():
                setattr(dataset, name, f"{value}.{k}" if name.endswith("UID") else value)

        write_ct(place / "CT", hu, change=plant)
        write_seg(place / f"{FOLDERS[2]}.dcm", place / "CT", masks, ["laesion-im-segment-sieben"])
        rows.append(
            row("laesion-im-segment-sieben", patient_id=f"{PLANTED['PatientID']}-{k}")
            | {"class": classes[c], "image": f"{place.name}/CT", "mask": f"{place.name}/{FOLDERS[2]}.dcm"}
        )
    return write_manifest(folder / f"{FOLDERS[0]}.csv", rows)


@pytest.fixture
def in_this_process(monkeypatch, tmp_path):
    """Every stage in this process: no start of Python per stage, and all it prints is caught."""

    def run_stages(stages, runs, *, jobs, console):
        for stage in in_order(stages):
            complete(stage, runs)

    monkeypatch.setattr("liverlab.experiment.run_stages", run_stages)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def contents(name, data):
    """The bytes of a file, and of all that is packed into it."""
    yield name, data
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.namelist():
                yield from contents(f"{name}/{member}", archive.read(member))
    elif data[:2] == b"\x1f\x8b":
        yield from contents(f"{name}.gunzip", gzip.decompress(data))


def leaks(pieces):
    """(name, secret) of every secret in (name, bytes) pieces, in any usual encoding, in names as well."""
    encoded = [
        (s, {s.lower().encode(code) for code in ("utf-8", "latin-1", "utf-16-le", "utf-16-be")}) for s in SECRETS
    ]
    found = []
    for name, data in pieces:
        low = data.lower() + b"\n" + str(name).lower().encode()
        found += [(str(name), secret) for secret, forms in encoded if any(form in low for form in forms)]
    return found


def test_the_search_finds_what_is_planted(tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.pkl", "x Zdenka".encode("utf-16-le"))
    assert ("a.pt/data.pkl", "Zdenka") in leaks(contents("a.pt", packed.getvalue()))
    assert ("b.gz.gunzip", "KH-778812-Q") in leaks(contents("b.gz", gzip.compress(b"kh-778812-q")))
    assert leaks(contents("c", b"nothing")) == []


def test_nothing_written_printed_or_logged_names_a_patient(in_this_process, tmp_path, capfd, caplog):
    caplog.set_level(logging.DEBUG)
    manifest = write_cohort(tmp_path / FOLDERS[1] / FOLDERS[0], ["cyst", "met"])
    lines = manifest.read_text().splitlines()
    broken = manifest.with_name(f"{FOLDERS[2]}.csv")
    broken.write_text("\n".join([*lines, lines[1].replace("laesion-im-segment-sieben", "fehlt")]))
    spoken = []

    def say(*arguments):
        code = main([*arguments])
        spoken.append((" ".join(arguments[:1]), "".join(capfd.readouterr()).encode()))
        return code

    assert say("ingest", str(broken), "--out", "data/mine") == 1
    assert say("ingest", str(manifest), "--out", "data/all") == 0
    assert say("ingest", str(broken), "--out", "data/none", "--strict") == 1
    assert say("inspect", str(broken), "--row", "2") == 1
    assert say("inspect", str(manifest.parent / f"{FOLDERS[0]}-1" / "CT")) == 0
    run = ("run", "acgan_aug", *SMALLEST, "data.classes=[cyst,met]", "tracking=offline", "folds=[0]")
    assert say(*run, f"data.manifest={manifest}") == 0
    assert say(*run, f"data.manifest={broken}") == 2
    files = [path for path in (tmp_path / "work").rglob("*") if path.is_file()]
    kinds = {path.suffix for path in files}
    assert {".json", ".npy", ".html", ".png", ".ckpt", ".csv", ".yaml", ".wandb"} <= kinds
    pieces = [piece for path in files for piece in contents(path.relative_to(tmp_path), path.read_bytes())]
    pieces += [(path.relative_to(tmp_path), b"") for path in (tmp_path / "work").rglob("*") if path.is_dir()]
    assert leaks([*pieces, *spoken, ("log", caplog.text.encode())]) == []


@pytest.mark.parametrize(
    ("classes", "experiment"),
    [(["benign", "HCC"], "dcgan_aug"), (["cyst", "FNH", "HCC", "met", "hem"], "acgan_aug")],
    ids=["two", "five"],
)
def test_any_number_of_classes(classes, experiment, in_this_process, tmp_path, capsys):
    manifest = write_cohort(tmp_path / "own", classes, patients_per_class=2)
    settings = [*SMALLEST, "tracking=none", f"data.classes=[{','.join(classes)}]", f"data.manifest={manifest}"]
    assert main(["run", experiment, *settings]) == 0
    assert "Report: " in capsys.readouterr().out
    (report,) = (tmp_path / "work" / "runs" / "experiments").glob("*/report.html")
    text = report.read_text(encoding="utf-8")
    assert all(f'<th scope="col">{name}</th>' in text for name in classes)
