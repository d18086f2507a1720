"""`liverlab manifest`: list the lesions of a data set in a manifest."""

import argparse
from pathlib import Path

from liverlab.commands.out_folder import expect_writable

EPILOG = """examples:
  liverlab manifest dicom-seg export/ --out manifest.csv --label 'Tumor_.*=metastasis' --label 'Cyst.*=cyst'
  liverlab manifest ircadb 3Dircadb1/ --out manifest.csv --label 'livertumor.*=metastasis'

Where the data come from and how they must lie: docs/data.md."""


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the command line."""
    manifest = verbs.add_parser(
        "manifest",
        help="list the lesions of a data set in a manifest",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    manifest.add_argument("format", help="dicom-seg, ircadb, lld-mmri, mct-ltdiag or mswal")
    manifest.add_argument("folder", type=Path, help="the data")
    manifest.add_argument("--out", type=Path, required=True, help="CSV file; converted masks go to a folder beside it")
    manifest.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="PATTERN=CLASS",
        help="labels that the regular expression fits are of this class, or left out if it is empty; may be repeated",
    )
    manifest.add_argument(
        "--source", default="", help="short word for where the cases come from; default: the data set"
    )
    manifest.set_defaults(command=_manifest, stopped="Stopped. No manifest was written.")


def _manifest(options: argparse.Namespace) -> int:
    from rich.console import Console

    from data_modules.adapters.dataset_formats import make_manifest

    expect_writable(options.out)
    with Console(stderr=True).status("Reading ..."):
        text = make_manifest(options.format, options.folder, options.out, options.label, options.source)
    print(f"{text}\nManifest: {options.out}")
    return 0
