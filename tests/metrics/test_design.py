"""Patterns, pooling, aliasing: the fixed rules of metrics.cells and metrics.design."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from metrics.cells import Categorical, group
from metrics.design import build, overlap_share


def _frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "cit": [0, 0, 1, 1, 0, 1],
            "kind": ["a", "b", "a", "b", "c", "c"],
            "officer": ["o1", "o1", "o2", "o2", "o3", "o3"],
            "y": [1, 2, 3, 1, 1, 2],
            "n": [9, 8, 7, 6, 9, 9],
        }
    )


def test_patterns_and_cells_are_distinct_and_sum_the_counts():
    frame = pd.concat([_frame(), _frame()], ignore_index=True)
    cells = group(frame, ["cit", "kind"], "officer").count("y", "n")
    assert len(cells.trials) == 6
    assert cells.trials.sum() == frame["n"].sum()
    assert cells.by_cluster(cells.events).toarray().sum() == frame["y"].sum()
    assert list(cells.labels) == ["o1", "o2", "o3"]


def test_a_row_is_one_contact_without_a_trials_column():
    frame = pd.DataFrame({"cit": [0, 1, 1], "y": [0, 1, 0]})
    events, trials = group(frame, ["cit"]).count("y").totals()
    assert events.tolist() == [0, 1]
    assert trials.tolist() == [1, 2]


def test_reference_is_the_most_frequent_level_and_the_first_among_equals():
    design = build(group(_frame(), ["kind"]).count("y", "n"))
    assert design.references == {"kind": "c"}
    assert design.names == ("(Intercept)", "kind[a]", "kind[b]")
    frame = _frame().assign(n=5)
    assert build(group(frame, ["kind"]).count("y", "n")).references == {"kind": "a"}


def test_reference_asked_for_is_kept_and_an_absent_one_falls_back():
    for asked, given in [("b", "b"), ("nowhere", "c")]:
        design = build(group(_frame(), [Categorical("kind", asked)]).count("y", "n"))
        assert design.references == {"kind": given}


def test_levels_without_or_with_only_events_are_pooled_and_listed():
    frame = pd.DataFrame({"kind": list("abcde"), "y": [0, 4, 3, 5, 0], "n": [6, 4, 30, 40, 2]})
    design = build(group(frame, ["kind"]).count("y", "n"))
    assert design.pooled == {"kind": ("a", "b", "e")}
    assert design.names == ("(Intercept)", "kind[c]", "kind[pooled]")


def test_a_pool_still_without_events_takes_the_smallest_level():
    frame = pd.DataFrame({"kind": list("abcd"), "y": [0, 4, 3, 5], "n": [6, 9, 30, 40]})
    design = build(group(frame, ["kind"]).count("y", "n"))
    assert design.pooled == {"kind": ("a", "b")}
    assert "kind[pooled]" in design.names


def test_a_term_pooled_whole_leaves_the_model():
    frame = pd.DataFrame({"kind": ["a", "b"], "y": [0, 4], "n": [6, 9]})
    design = build(group(frame, ["kind"]).count("y", "n"))
    assert design.names == ("(Intercept)",)
    assert design.pooled == {"kind": ("a", "b")}


def test_an_asked_reference_that_is_pooled_gives_way():
    frame = pd.DataFrame({"kind": list("abc"), "y": [0, 4, 5], "n": [90, 9, 30]})
    design = build(group(frame, [Categorical("kind", "a")]).count("y", "n"))
    assert design.references == {"kind": "pooled"}
    assert design.names == ("(Intercept)", "kind[c]")


def test_columns_to_the_right_are_dropped_as_aliased():
    frame = _frame().assign(twin=lambda f: 3 - 2 * f.cit, one=1, zero=0)
    design = build(group(frame, ["cit", "one", "twin", "kind", "zero"]).count("y", "n"))
    assert design.aliased == ("one", "twin", "zero")
    cells = group(frame, ["cit", "one", "twin", "kind", "zero"]).count("y", "n")
    kept, dropped = design.rows(cells, {})
    assert np.allclose(kept @ design.dependence, dropped, atol=1e-12)


def test_numbers_pass_through_and_interactions_multiply():
    frame = _frame().assign(age=[20.5, 30, 40, 50, 60, 70])
    cells = group(frame, ["cit", "age", Categorical("kind", "a"), "cit:kind"]).count("y", "n")
    design = build(cells)
    assert design.names[:3] == ("(Intercept)", "cit", "age")
    assert set(design.names[3:]) | set(design.aliased) == {
        "kind[b]",
        "kind[c]",
        "cit:kind[b]",
        "cit:kind[c]",
    }
    assert sorted(design.matrix[:, 2]) == [20.5, 30, 40, 50, 60, 70]


@pytest.mark.parametrize(
    "kinds",
    [
        {"cit": "bool", "kind": "category", "n": "Int64"},
        {"cit": "boolean", "kind": "string", "officer": "category"},
        {"cit": "Int8", "kind": object, "y": object},
    ],
)
def test_the_types_of_the_columns_do_not_matter(kinds):
    plain = build(group(_frame(), ["cit", "kind"], "officer").count("y", "n"))
    same = build(group(_frame().astype(kinds), ["cit", "kind"], "officer").count("y", "n"))
    assert same.names == plain.names
    assert np.array_equal(same.matrix, plain.matrix)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("y", [1, 2, 3, 1, 1, -1]),
        ("y", [1, 2, 3, 1, 1, 0.5]),
        ("y", [1, 2, 3, 1, 1, np.nan]),
        ("y", [1, 2, 3, 1, 1, 10]),
        ("kind", ["a", "b", "a", "b", "c", None]),
        ("officer", ["o1", "o1", "o2", "o2", "o3", None]),
        ("cit", [0, 1, 0, 1, 0, np.inf]),
    ],
)
def test_impossible_input_is_refused(column, values):
    frame = _frame().assign(**{column: values})
    with pytest.raises(ValueError, match=column):
        group(frame, ["cit", "kind"], "officer").count("y", "n")


def test_an_unknown_column_is_a_key_error():
    with pytest.raises(KeyError):
        group(_frame(), ["nothing"])
    with pytest.raises(KeyError):
        group(_frame(), ["cit"]).count("nothing")


def test_many_terms_do_not_overflow_the_pattern_key():
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({f"x{i}": rng.permutation(1000) for i in range(12)}).assign(y=0)
    assert len(group(frame, [f"x{i}" for i in range(12)]).pattern) == 1000


def test_overlap_share_counts_contacts_in_patterns_with_both_arms():
    frame = _frame().assign(n=[9, 8, 7, 0, 9, 9])
    assert overlap_share(frame, "cit", ["kind"], "n") == pytest.approx(34 / 42)
    assert overlap_share(frame, "cit", ["cit", Categorical("kind")], "n") == pytest.approx(34 / 42)
    assert overlap_share(_frame(), "cit", []) == 1.0
    assert overlap_share(frame.iloc[:2], "cit", ["kind"], "n") == 0.0
    assert overlap_share(frame.iloc[:0], "cit", ["kind"], "n") == 0.0
    with pytest.raises(ValueError, match="0 and 1"):
        overlap_share(frame.assign(cit=2), "cit", ["kind"], "n")
