"""A thousand power cuts on a simulated disk, under the engine's own transactions."""

import random

from benchmarks.quiet import quiet
from benchmarks.rows import Row, main
from phonework.testing.power_cut_run import cut_power

CUTS = 1_000
CONTROL = 100


def measure() -> list[Row]:
    seed = random.SystemRandom().randrange(2**32)
    full, normal = cut_power(cuts=CUTS, seed=seed), cut_power(cuts=CONTROL, seed=seed, synchronous="NORMAL")
    return [
        Row(
            what=f"{CUTS:,} simulated power cuts",
            bar="0 lost, 0 damaged",
            figure=f"{full.lost} of {full.acknowledged:,} acknowledged events lost, {len(full.damage)} damaged (seed {seed})",
            reference=f"the same without a sync at COMMIT, {CONTROL} cuts: {normal.lost} of {normal.acknowledged:,} lost",
            verdict="good" if not full.lost and not full.damage and normal.lost else "missed",
        )
    ]


if __name__ == "__main__":
    with quiet():
        main(measure)
