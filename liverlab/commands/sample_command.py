"""`liverlab sample`: images of a finished generator, as files that say what they are."""

import argparse
from pathlib import Path

from data_modules.errors import InputError
from liverlab.commands.out_folder import expect_new, expect_writable, written_as_one


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the command line."""
    sample = verbs.add_parser("sample", help="draw lesions from a finished generator, as PNG, NPZ or DICOM")
    sample.add_argument("generator", help="folder of a finished generator, or its name or beginning in runs/generator/")
    sample.add_argument("--class", dest="class_name", help="which lesions; default: every class that it knows")
    sample.add_argument("--n", type=int, default=64, help="images of each class; default: 64")
    sample.add_argument("--out", type=Path, required=True, help="new folder")
    sample.add_argument("--format", nargs="+", choices=("png", "npz", "dicom"), default=["png"], help="default: png")
    sample.add_argument("--seed", type=int, default=0, help="of the noise; default: 0")
    sample.set_defaults(command=_sample, stopped="Stopped. Nothing was kept.")


def _sample(options: argparse.Namespace) -> int:
    from liverlab.finished_stage import NOT_CLINICAL, find_stage, suggestion

    if options.n < 1:
        raise InputError(f"--n {options.n}: at least 1 is needed.")
    if not 0 <= options.seed < 2**31:
        raise InputError(f"--seed {options.seed}: a number from 0 to {2**31 - 1} is needed.")
    expect_writable(options.out)
    expect_new(options.out, "samples")
    stage = find_stage(options.generator, ["generator"])
    known = stage.known_classes
    if options.class_name not in (None, *known):
        text = f"{stage.name} knows no class {options.class_name!r}. {suggestion(options.class_name, known)}"
        raise InputError(text)
    from liverlab.finished_networks import draw_samples
    from liverlab.sample_files import write_samples

    asked = known if options.class_name is None else (options.class_name,)
    samples = {name: draw_samples(stage, name, options.n, seed=options.seed) for name in asked}
    with written_as_one(options.out) as part:
        write_samples(part, stage, samples, options.format, seed=options.seed)
    print(f"{options.n} synthetic images of {' and of '.join(asked)}: {options.out}\n{NOT_CLINICAL}")
    return 0
