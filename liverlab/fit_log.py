"""The local log of a fit, which a resumed fit continues where its state was saved."""

import csv
from pathlib import Path

from pytorch_lightning import Callback
from pytorch_lightning.loggers import CSVLogger
from pytorch_lightning.utilities import rank_zero_only


class FitLog(CSVLogger):
    """Writes `<folder>/log/metrics.csv`.

    Args:
        folder: The fit's.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, name="", version="log", flush_logs_every_n_steps=10_000)
        self.path = folder / "log" / "metrics.csv"

    def rows(self) -> str:
        """All that was logged so far, as the file has it."""
        self.save()
        return self.path.read_bytes().decode() if self.path.is_file() else ""

    @rank_zero_only
    def restore(self, rows: str) -> None:
        """Go on after these rows, instead of those that are in the file."""
        writer = self.experiment  # made now at the latest: it deletes the file
        if rows:
            self.path.write_bytes(rows.encode())
            writer.metrics_keys = next(csv.reader(rows.splitlines()))


class LogKeeper(Callback):
    """Keeps the log's rows in the state that they belong to.

    So whatever a killed fit logged after its last state is forgotten with the batches it was about, however often it is
    killed: the state is one file, which is there or is not.

    Args:
        fit_log: The fit's.
    """

    def __init__(self, fit_log: FitLog) -> None:
        self.fit_log = fit_log  # not `log`: Lightning gives every callback a method of that name

    def state_dict(self) -> dict[str, str]:
        """The rows so far."""
        return {"rows": self.fit_log.rows()}

    def load_state_dict(self, state_dict: dict[str, str]) -> None:
        """Put the rows back."""
        self.fit_log.restore(state_dict["rows"])
