"""How long `ingest` takes, against SimpleITK reading the same DICOM series once.

Usage: python benchmarks/bench_ingest.py [MANIFEST]; without one, a phantom of 182 lesions is written first, which takes
two minutes. The two take turns, so that a busy machine is busy for both; medians are compared. SimpleITK reads every
slice's pixels and checks nothing; `ingest` reads headers and masks, and the pixels of the key slices.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROUNDS = 7


def read_by_simpleitk(folders: list[Path]) -> None:
    """Every series of every folder, as SimpleITK's documentation reads one."""
    import SimpleITK

    for folder in folders:
        for series in SimpleITK.ImageSeriesReader.GetGDCMSeriesIDs(str(folder)):
            reader = SimpleITK.ImageSeriesReader()
            reader.SetFileNames(SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder), series))
            SimpleITK.GetArrayViewFromImage(reader.Execute())


def seconds(task: Callable[[], object]) -> float:
    """Wall-clock time of one call."""
    started = time.perf_counter()
    task()
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    # here, since every worker process reads this file again
    import joblib

    from data_modules.ingest import ingest
    from data_modules.manifest import read_manifest
    from data_modules.phantom import write_phantom

    with tempfile.TemporaryDirectory() as temporary:
        manifest = Path(sys.argv[1]) if len(sys.argv) > 1 else write_phantom(Path(temporary) / "phantom")
        rows = read_manifest(manifest)
        folders = list(dict.fromkeys(row.image for row in rows if row.image.is_dir()))
        slices = sum(len(list(folder.iterdir())) for folder in folders)
        salt = Path(temporary) / "salt"
        tasks = {
            "SimpleITK": lambda: read_by_simpleitk(folders),
            "ingest, one process": lambda: ingest(manifest, salt_file=salt, jobs=1),
            "ingest": lambda: ingest(manifest, salt_file=salt),
        }
        times: dict[str, list[float]] = {name: [] for name in tasks}
        for _ in range(ROUNDS):
            for name, task in tasks.items():
                times[name].append(seconds(task))
    print(f"{len(rows)} lesions, {len(folders)} series, {slices} files, {joblib.cpu_count()} cores; {ROUNDS} rounds")
    middle = {name: statistics.median(values) for name, values in times.items()}
    for name, value in middle.items():
        print(f"{name:20s} {value:6.2f} s   {value / middle['SimpleITK']:5.2f} times SimpleITK")


if __name__ == "__main__":
    main()
