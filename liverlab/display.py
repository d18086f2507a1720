"""One progress display over all stages of a run: what runs, what is done, how long the rest takes."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from liverlab.stages import Stage, likeness, read_progress, read_record


class StageDisplay:
    """Bars in a terminal, one line per finished stage everywhere.

    Args:
        stages: What has to run.
        runs: Folder of all runs.
        expected: Seconds by stage key, as far as known from earlier runs.
        jobs: Stages that run at once.
        console: Where to write.
    """

    def __init__(
        self, stages: Sequence[Stage], runs: Path, expected: Mapping[str, float | None], jobs: int, console: Console
    ) -> None:
        self.runs, self.jobs, self.console = runs, jobs, console
        self.expected = dict(expected)
        self.waiting = list(stages)
        self.running: dict[Stage, tuple[TaskID, float]] = {}
        self.done = 0
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
        self.progress = Progress(
            *columns, TimeElapsedColumn(), TextColumn("{task.fields[left]}"), console=console, transient=True
        )
        self.overall = self.progress.add_task("all stages", total=len(stages), left="")

    def __enter__(self) -> "StageDisplay":
        self.progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.stop()

    def started(self, stage: Stage) -> None:
        """Show a bar for the stage."""
        self.waiting.remove(stage)
        task = self.progress.add_task(f"  {stage.kind} {stage.name}", total=1.0, left="")
        self.running[stage] = (task, time.monotonic())

    def finished(self, stage: Stage) -> None:
        """Replace the stage's bar by a line."""
        task, _ = self.running.pop(stage)
        self.progress.remove_task(task)
        self.done += 1
        seconds = read_record(stage.folder(self.runs))["seconds"]
        for other in self.waiting:
            if likeness(other.kind, other.settings) == likeness(stage.kind, stage.settings):
                self.expected[other.key] = seconds
        total = self.done + len(self.running) + len(self.waiting)
        self.console.print(
            f"[{self.done}/{total}] {stage.kind} {stage.name}: {seconds:.0f} s", highlight=False, markup=False
        )

    def refresh(self) -> None:
        """Read the running stages' progress and estimate the time left."""
        fractions = {stage: read_progress(stage.working_folder(self.runs)) for stage in self.running}
        for stage, fraction in fractions.items():
            self.progress.update(self.running[stage][0], completed=fraction)
        left = self._seconds_left(fractions)
        text = "" if left is None else f"about {left / 60:.0f} min left" if left > 90 else f"about {left:.0f} s left"
        self.progress.update(self.overall, completed=self.done + sum(fractions.values()), left=text)

    def _seconds_left(self, fractions: Mapping[Stage, float]) -> float | None:
        """Work left over the stages that run at once; None while one has never been timed."""
        known = [seconds for stage in self.waiting if (seconds := self.expected.get(stage.key)) is not None]
        if len(known) < len(self.waiting):
            return None
        rest = []
        for stage, fraction in fractions.items():
            elapsed = time.monotonic() - self.running[stage][1]
            expected = self.expected.get(stage.key)
            if fraction < 0.05 and expected is None:
                return None
            whole = elapsed / fraction if fraction >= 0.05 else expected or 0.0
            rest.append(max(whole - elapsed, 0.0))
        return max((sum(known) + sum(rest)) / self.jobs, *rest, 0.0)
