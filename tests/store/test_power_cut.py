"""A thousand power cuts: nothing acknowledged is lost, nothing is half there."""

import random

import pytest

from phonework.store.connect import writer_settings
from phonework.testing.power_cut import Disk
from phonework.testing.power_cut_run import cut_power


@pytest.mark.parametrize("part", range(4))
def test_no_power_cut_loses_what_was_acknowledged(part: int) -> None:
    """1,000 in four parts, new ones in each run; a failing one is repeated with its seed."""
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    report = cut_power(cuts=250, seed=seed)
    print(report)

    assert report.cuts == 250
    assert report.acknowledged > 2_500
    assert (report.lost, report.damage) == (0, [])


def test_the_same_seed_gives_the_same_run() -> None:
    assert cut_power(cuts=5, seed=7) == cut_power(cuts=5, seed=7)


def test_a_log_that_is_not_synced_loses_events_and_the_harness_sees_it() -> None:
    """NORMAL syncs at checkpoints only: sound but forgetful, so the zero above means something."""
    report = cut_power(cuts=40, seed=1, synchronous="NORMAL")
    assert report.lost > 20
    assert report.damage == []


def test_a_database_that_is_never_synced_is_damaged_and_the_harness_sees_it() -> None:
    report = cut_power(cuts=60, seed=1, synchronous="OFF")
    assert report.damage


def test_what_is_synced_survives_a_cut_and_the_rest_is_kept_dropped_or_torn() -> None:
    seen: set[str] = set()
    for seed in range(200):
        disk = Disk()
        connection = disk.connect("a.db", (*writer_settings(), "PRAGMA synchronous = OFF"))
        connection.execute("CREATE TABLE t (a)")
        disk.sync()
        log = bytes(disk.files["a.db-wal"].now)
        connection.execute("INSERT INTO t VALUES (randomblob(9000))")
        after = disk.files["a.db-wal"].now
        left = disk.after_cut(random.Random(seed)).files["a.db-wal"].now
        connection.close()

        assert left[: len(log)] == log
        seen.add("dropped" if left == log else "kept" if left == after else "torn")
    assert seen == {"kept", "dropped", "torn"}
