"""All reports by name."""

from collections.abc import Mapping

from phonework.backends.base import Backend, Capabilities
from phonework.changes.bases import Bases
from phonework.desks import Desks
from phonework.files.place import Root
from phonework.reports import Reporter
from phonework.reports.context import ContextReport
from phonework.reports.cost import CostReport
from phonework.reports.diff import DiffReport
from phonework.reports.file import FileReport
from phonework.reports.log import LogReport
from phonework.reports.meant import meant_report
from phonework.reports.mode import ModeReport
from phonework.reports.model import ModelReport
from phonework.reports.output import OutputReport
from phonework.reports.pending import PendingReport
from phonework.reports.reminders import RemindersReport
from phonework.reports.resume import HeldReport, ResumeReport, TakeOverReport
from phonework.reports.rules import RulesReport
from phonework.reports.tasks import TasksReport
from phonework.reports.web import WebReport
from phonework.store.reader import Reader
from phonework.web.service import Web


def reporters(
    *,
    reader: Reader,
    agents: Mapping[str, Backend],
    backends: Mapping[str, Capabilities],
    bases: Bases,
    desks: Desks,
    files: Root,
    web: Web,
) -> Mapping[str, Reporter]:
    """files: where those may lie that are sent."""
    return {
        "context": ContextReport(reader, desks),
        "cost": CostReport(reader),
        "diff": DiffReport(reader, bases),
        "file": FileReport(reader, files),
        "log": LogReport(reader),
        "held": HeldReport(desks),
        "meant": meant_report,
        "mode": ModeReport(reader, backends),
        "model": ModelReport(reader, backends),
        "output": OutputReport(reader),
        "reminders": RemindersReport(reader),
        "resume": ResumeReport(desks),
        "tasks": TasksReport(reader),
        "pending": PendingReport(reader),
        "rules": RulesReport(reader, agents),
        "take_over": TakeOverReport(desks),
        "web": WebReport(web),
    }
