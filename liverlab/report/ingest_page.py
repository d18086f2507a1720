"""`ingest.html`: what a cohort holds, what was left out and why, in one self-contained page."""

import base64
import io
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup
from matplotlib.image import imsave

from data_modules.cohort import Cohort
from data_modules.ingest_report import IngestReport, size_names
from data_modules.lesion_tile import lesion_tile
from data_modules.whole_file import replacing
from liverlab.report import ingest_figures, summary

MAX_TILES = 60  # of a class: the page stays below some megabytes


def write_ingest_page(folder: Path, cohort: Cohort, report: IngestReport) -> Path:
    """Write `ingest.html` into a folder, by renaming.

    Returns:
        The path of the page.
    """
    page = _template().render(
        cohort=cohort,
        report=report,
        sources=sorted({lesion.source for lesion in cohort.lesions}),
        warnings=[text.split(" ", 1) for text in report.warnings],
        skipped=[{"row": s.row, "code": s.code, "text": s.message.split(": ", 1)[1]} for s in report.skipped],
        table=_table(report),
        sizes=size_names(),
        giveaways=Markup(ingest_figures.giveaway_figure(report.giveaways)) if report.giveaways else None,
        histograms=[Markup(svg) for svg in _histograms(cohort, report)] if report.cases else [],
        sheets=_sheets(cohort, report),
    )
    path = folder / "ingest.html"
    with replacing(path) as part:
        part.write_text(page, encoding="utf-8")
    return path


def _table(report: IngestReport) -> list[dict[str, Any]]:
    """One entry per class and source, with its counts by size."""
    pairs = dict.fromkeys((name, source) for name, source, _ in report.table)
    return [
        {
            "class": name,
            "source": source,
            "counts": [report.table.get((name, source, size), 0) for size in size_names()],
        }
        for name, source in pairs
    ]


def _histograms(cohort: Cohort, report: IngestReport) -> list[str]:
    diameters: dict[str, list[float]] = {name: [] for name in cohort.class_names}
    medians: dict[str, list[float]] = {name: [] for name in cohort.class_names}
    for lesion, case in zip(cohort.lesions, report.cases, strict=True):
        diameters[lesion.class_name].append(lesion.diameter_mm)
        medians[lesion.class_name].append(case.median_hu)
    return [
        ingest_figures.class_histograms(diameters, name="diameter", label="Diameter, mm", log=True),
        ingest_figures.class_histograms(medians, name="hu", label="Median HU inside the lesion"),
    ]


def _sheets(cohort: Cohort, report: IngestReport) -> list[dict[str, Any]]:
    """The lesions of each class, those with doubts first if not all are shown, as drawn tiles with what names them."""
    sheets = []
    for name in cohort.class_names:
        own = [k for k, lesion in enumerate(cohort.lesions) if lesion.class_name == name]
        shown = sorted(own, key=lambda k: not report.cases[k].doubts)[:MAX_TILES] if len(own) > MAX_TILES else own
        if own:
            tiles = [_tile(cohort, report, k) for k in shown]
            sheets.append({"class": name, "tiles": tiles, "more": len(own) - len(shown)})
    return sheets


def _tile(cohort: Cohort, report: IngestReport, k: int) -> dict[str, Any]:
    image = _png(lesion_tile(cohort.patches[k], report.insides[k], shrink=2))
    return {"image": image, "case": report.cases[k], "diameter_mm": cohort.lesions[k].diameter_mm}


def _png(image: Any) -> str:
    """An RGB image as a PNG data URI."""
    buffer = io.BytesIO()
    imsave(buffer, image, format="png", metadata={"Software": "liverlab"})
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _template() -> jinja2.Template:
    here = Path(__file__).parent
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(here),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": summary.percent, "span": summary.span}
    css = "".join((here / name).read_text(encoding="utf-8") for name in ("page.css", "ingest_page.css"))
    environment.globals["css"] = Markup(css)
    return environment.get_template("ingest_page.html")
