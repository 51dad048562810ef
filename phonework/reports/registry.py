"""All reports by name."""

from collections.abc import Mapping

from phonework.backends.base import Capabilities
from phonework.reports import Reporter
from phonework.reports.cost import CostReport
from phonework.reports.log import LogReport
from phonework.reports.model import ModelReport
from phonework.store.reader import Reader


def reporters(*, reader: Reader, backends: Mapping[str, Capabilities]) -> Mapping[str, Reporter]:
    return {
        "cost": CostReport(reader),
        "log": LogReport(reader),
        "model": ModelReport(reader, backends),
    }
