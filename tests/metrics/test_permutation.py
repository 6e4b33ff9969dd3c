"""The officer permutation test: by hand, under the null, and where it must not speak."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from metrics import permutation
from metrics.estimate import NotEstimable, Test
from metrics.permutation import officer_permutation


def frame(arm: list[int], n: list[int], events: list[int]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "exposure": arm,
            "officer": [f"o{i}" for i in range(len(arm))],
            "n:force": n,
            "events:force": events,
        }
    )


def by_hand(arm: list[int], n: list[int], events: list[int]) -> float:
    """Every arrangement of the exposed officers, one at a time."""

    def apart(chosen: tuple[int, ...]) -> float:
        other = [i for i in range(len(arm)) if i not in chosen]
        return abs(
            sum(events[i] for i in chosen) / sum(n[i] for i in chosen)
            - sum(events[i] for i in other) / sum(n[i] for i in other)
        )

    seen = apart(tuple(i for i, a in enumerate(arm) if a))
    every = [apart(c) for c in combinations(range(len(arm)), sum(arm))]
    return sum(d >= seen - 1e-12 for d in every) / len(every)


@pytest.mark.parametrize("seed", range(6))
def test_all_arrangements_equal_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    k = int(rng.integers(4, 6))
    arm = [1] * k + [0] * (10 - k)
    n = [int(x) for x in rng.integers(3, 60, 10)]
    events = [int(rng.binomial(x, 0.2)) for x in n]
    found = officer_permutation(frame(arm, n, events), "force")
    assert isinstance(found, Test)
    assert "all arrangements" in found.method
    assert found.p_value == pytest.approx(by_hand(arm, n, events), abs=1e-12)


def test_a_perfect_split_has_the_smallest_p_there_is() -> None:
    found = officer_permutation(frame([1] * 4 + [0] * 4, [10] * 8, [9] * 4 + [0] * 4), "force")
    assert isinstance(found, Test)
    assert found.p_value == pytest.approx(2 / 70)


def test_draws_agree_with_all_arrangements(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    n = [int(x) for x in rng.integers(5, 50, 14)]
    data = frame([1] * 6 + [0] * 8, n, [int(rng.binomial(x, 0.3)) for x in n])
    exact = officer_permutation(data, "force")
    monkeypatch.setattr(permutation, "EXACT_UP_TO", 0)
    drawn = officer_permutation(data, "force")
    assert isinstance(exact, Test)
    assert isinstance(drawn, Test)
    assert "draws" in drawn.method
    assert drawn.p_value == pytest.approx(exact.p_value, abs=0.02)
    assert officer_permutation(data, "force") == drawn


def test_under_the_null_p_is_uniform() -> None:
    rng = np.random.default_rng(11)
    found = []
    for _ in range(300):
        n = rng.integers(10, 60, 10)
        own = 1 / (1 + np.exp(-(-1.0 + rng.normal(0, 0.8, 10))))
        chosen = np.zeros(10, dtype=int)
        chosen[rng.choice(10, 5, replace=False)] = 1
        test = officer_permutation(
            frame(chosen.tolist(), n.tolist(), rng.binomial(n, own).tolist()), "force"
        )
        assert isinstance(test, Test)
        found.append(test.p_value)
    p = np.array(found)
    for level in (0.05, 0.25, 0.5, 0.75):
        # Of 300, within four standard errors; arrangements come in steps of 2/252.
        assert abs((p <= level).mean() - level) < 4 * (level * (1 - level) / 300) ** 0.5 + 0.01


def test_an_officer_with_contacts_in_both_groups_cannot_be_exchanged() -> None:
    data = frame([1] * 5 + [0] * 5, [20] * 10, [4] * 10)
    data.loc[9, "officer"] = "o0"
    found = officer_permutation(data, "force")
    assert isinstance(found, NotEstimable)
    assert "both groups" in found.reason


def test_contacts_without_the_outcome_recorded_put_no_officer_in_a_group() -> None:
    data = frame([1] * 5 + [0] * 5, [20] * 10, [4] * 10)
    extra = pd.DataFrame({"exposure": [0], "officer": ["o0"], "n:force": [0], "events:force": [0]})
    assert isinstance(officer_permutation(pd.concat([data, extra]), "force"), Test)


def test_few_officers_are_refused() -> None:
    found = officer_permutation(frame([1] * 3 + [0] * 9, [20] * 12, [4] * 12), "force")
    assert isinstance(found, NotEstimable)
    assert "fewer than 4 officers" in found.reason
