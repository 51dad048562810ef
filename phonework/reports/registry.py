"""All reports by name."""

from collections.abc import Mapping

from phonework.reports import Reporter
from phonework.reports.cost import CostReport
from phonework.store.reader import Reader


def reporters(*, reader: Reader) -> Mapping[str, Reporter]:
    return {"cost": CostReport(reader)}
