"""All reports by name."""

from collections.abc import Mapping

from phonework.backends.base import Capabilities
from phonework.files.place import Root
from phonework.reports import Reporter
from phonework.reports.cost import CostReport
from phonework.reports.file import FileReport
from phonework.reports.log import LogReport
from phonework.reports.model import ModelReport
from phonework.reports.web import WebReport
from phonework.store.reader import Reader
from phonework.web.service import Web


def reporters(*, reader: Reader, backends: Mapping[str, Capabilities], files: Root, web: Web) -> Mapping[str, Reporter]:
    """files: where those may lie that are sent."""
    return {
        "cost": CostReport(reader),
        "file": FileReport(reader, files),
        "log": LogReport(reader),
        "model": ModelReport(reader, backends),
        "web": WebReport(web),
    }
