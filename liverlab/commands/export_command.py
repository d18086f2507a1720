"""`liverlab export`: a finished classifier or generator as ONNX, with what its user must know."""

import argparse
from pathlib import Path

from liverlab.commands.out_folder import expect_new, expect_writable, written_as_one


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the command line."""
    export = verbs.add_parser("export", help="write a finished classifier or generator as ONNX, checked; with a card")
    export.add_argument("stage", help="folder of a finished stage, or its name or beginning in runs/")
    export.add_argument("--out", type=Path, required=True, help="new folder")
    export.set_defaults(command=_export, stopped="Stopped. Nothing was kept.")


def _export(options: argparse.Namespace) -> int:
    from liverlab.finished_stage import NOT_CLINICAL, find_stage

    expect_writable(options.out)
    expect_new(options.out, "export")
    stage = find_stage(options.stage, ["classifier", "generator"])
    from liverlab.export import expect_exporter, export_classifier, export_generator
    from liverlab.generator_card import generator_card, write_card

    expect_exporter()
    with written_as_one(options.out) as part:
        if stage.record["kind"] == "classifier":
            difference = export_classifier(stage, part)
        else:
            difference = export_generator(stage, part)
            write_card(part, generator_card(stage))
    print(f"{stage.name}: {options.out}\nLargest difference from PyTorch: {difference:.1g}. {NOT_CLINICAL}")
    return 0
