"""All reports by name."""

from collections.abc import Mapping

from phonework.backends.base import Capabilities
from phonework.files.place import Root
from phonework.reports import Reporter
from phonework.reports.cost import CostReport
from phonework.reports.file import FileReport
from phonework.reports.log import LogReport
from phonework.reports.model import ModelReport
from phonework.store.reader import Reader


def reporters(*, reader: Reader, backends: Mapping[str, Capabilities], files: Root) -> Mapping[str, Reporter]:
    """files: where those may lie that are sent."""
    return {
        "cost": CostReport(reader),
        "file": FileReport(files),
        "log": LogReport(reader),
        "model": ModelReport(reader, backends),
    }
