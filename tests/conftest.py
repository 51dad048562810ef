"""What all tests share: the browser, found or loudly missed; and readable failures in the suite every backend runs."""

import pytest

from phonework.testing.browser import INSTALL_HINT, find_chromium, required

pytest.register_assert_rewrite("phonework.testing.backend_contract")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser its tests are skipped on a person's machine and fail in CI."""
    wanting = [item for item in items if item.get_closest_marker("browser")]
    if not wanting or find_chromium():
        return
    for item in wanting:
        if required():
            item.add_marker(pytest.mark.usefixtures("chromium"))
        else:
            item.add_marker(pytest.mark.skip(reason=f"no Chromium: {INSTALL_HINT}"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if "no Chromium" in str(report.longrepr)]
    if skipped:
        terminalreporter.section("NO CHROMIUM", sep="!", red=True)
        terminalreporter.line(f"{len(skipped)} tests of the page were NOT run: {INSTALL_HINT}", red=True)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser; a test without one fails (in CI) or was skipped before."""
    found = find_chromium()
    if found is None:
        pytest.fail(f"no Chromium: {INSTALL_HINT}")
    return found
