"""The stage: what a measurement needs to run one subject once. Each job's configuration is prepared once and kept."""

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.arena import Arena
from bench.kit import Kit
from bench.subjects import Job, Subject


class Stage:
    """``run(subject, job)`` is an Arena. Configurations live in ``folder`` until the stage is dropped with it."""

    def __init__(self, kit: Kit, folder: Path, *, verbose: bool = False):
        self.kit = kit
        self._folder = folder
        self._errors = None if verbose else subprocess.DEVNULL
        self._prepared: dict[tuple[str, Job], tuple[Path, object]] = {}

    def job(self, program: str, count: int = 1, **options: object) -> Job:
        return Job(count, self.kit.path(program), **options)

    @contextlib.contextmanager
    def run(self, subject: Subject, job: Job, *, posts: int | None = None, output: int = subprocess.DEVNULL,
            wrap: tuple[str, ...] = ()) -> Iterator[Arena]:
        """Start the subject with the job; the bell rings at ``posts`` (by default: one of each service)."""
        launch = self._prepare(subject, job)
        awaited = job.count if posts is None else posts
        with Arena(self.kit.path("enter"), launch, awaited, output=output, wrap=wrap, errors=self._errors) as arena:
            yield arena

    def _prepare(self, subject: Subject, job: Job):
        key = (subject.name, job)
        if key not in self._prepared:
            folder = Path(tempfile.mkdtemp(prefix="job-", dir=self._folder))
            self._prepared[key] = (folder, subject.prepare(job, folder))
        folder, launch = self._prepared[key]
        subject.freshen(folder)
        return launch

    def forget(self) -> None:
        """Drop all configurations: rows share none, and hundreds of service folders are slow to scan."""
        for folder, _ in self._prepared.values():
            shutil.rmtree(folder)
        self._prepared.clear()
