"""The joint test against its definition on rows, and against the t test it reduces to."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from metrics.estimate import NotEstimable
from metrics.joint import Joint, joint_test
from metrics.regression import fit
from tests.conftest import GOLDEN

TERMS = ["cit", "violence", "call_type", "cit:call_type"]


@pytest.fixture(scope="module")
def contacts() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "cit_clustered.csv")


def chosen(fitted, prefix="cit:"):
    return np.eye(len(fitted.names))[[n.startswith(prefix) for n in fitted.names]]


def power(a, exponent):
    values, vectors = np.linalg.eigh((a + a.T) / 2)
    return vectors @ np.diag(values**exponent) @ vectors.T


def test_the_definition_on_rows_of_a_linear_model(contacts):
    """Pustejovsky & Tipton 2018: every a_js is a linear form g' epsilon; sum the fourth moments."""
    part = contacts[contacts["officer_id"] <= "O030"].reset_index(drop=True)
    fitted = fit(part, events="arrest", terms=TERMS, cluster="officer_id", family="linear")
    c = chosen(fitted)
    found = joint_test(fitted, c)
    assert isinstance(found, Joint)
    order = part["call_type"].map({k: i for i, k in enumerate(sorted(part["call_type"].unique()))})
    columns = {"(Intercept)": np.ones(len(part)), "cit": part["cit"], "violence": part["violence"]}
    for k, name in enumerate(sorted(part["call_type"].unique())):
        columns[f"call_type[{name}]"] = (order == k).astype(float)
        columns[f"cit:call_type[{name}]"] = part["cit"] * columns[f"call_type[{name}]"]
    x = np.column_stack([columns[name] for name in fitted.names])
    y = part["arrest"].to_numpy(float)
    m = np.linalg.inv(x.T @ x)
    hat = x @ m @ x.T
    left = np.eye(len(y)) - hat
    beta = m @ x.T @ y
    whiten = power(c @ m @ c.T, -0.5)
    codes = pd.factorize(part["officer_id"])[0]
    forms, meat = [], np.zeros((x.shape[1], x.shape[1]))
    for j in range(codes.max() + 1):
        rows = codes == j
        adjust = power(np.eye(rows.sum()) - hat[np.ix_(rows, rows)], -0.5)
        s = x[rows].T @ adjust @ (y - x @ beta)[rows]
        meat += np.outer(s, s)
        forms.append((left[:, rows] @ adjust @ x[rows] @ m @ c.T @ whiten).T)
    g = np.array(forms)  # clusters x contrasts x contacts
    products = np.einsum("isn,jtn->isjt", g, g)
    total = np.einsum("isjs,itjt->", products, products) + np.einsum(
        "isjt,itjs->", products, products
    )
    q = len(c)
    eta = q * (q + 1) / total
    covariance = c @ m @ meat @ m @ c.T
    wald = (c @ beta) @ np.linalg.solve(covariance, c @ beta)
    df = eta - q + 1
    assert found.contrasts == q == 3
    assert found.df == pytest.approx(df, rel=1e-8)
    assert found.statistic == pytest.approx(df / (eta * q) * wald, rel=1e-8)
    assert found.p_value == pytest.approx(stats.f.sf(found.statistic, q, df), rel=1e-8)
    assert found.test.p_value == found.p_value
    assert "Hotelling" in found.test.method


def test_one_contrast_is_the_satterthwaite_t_test(contacts):
    fitted = fit(contacts, events="force", terms=TERMS, cluster="officer_id")
    for name, row in zip(fitted.names, np.eye(len(fitted.names)), strict=True):
        found, test = joint_test(fitted, row), fitted.test(name)
        assert found.statistic == pytest.approx(test.statistic**2, rel=1e-9)
        assert found.df == pytest.approx(fitted.df[name], rel=1e-9)
        assert found.p_value == pytest.approx(test.p_value, rel=1e-9)


def test_how_the_contrasts_are_written_changes_nothing(contacts):
    fitted = fit(contacts, events="force", terms=TERMS, cluster="officer_id")
    c = chosen(fitted)
    mixed = np.array([[1, 2, 0], [0, -3, 1], [1, 1, 5.0]]) @ c
    assert joint_test(fitted, mixed) == pytest.approx(joint_test(fitted, c), rel=1e-8)


def test_many_officers_near_wald(contacts):
    many = pd.concat(
        [contacts.assign(officer_id=contacts["officer_id"] + str(k)) for k in range(40)]
    )
    fitted = fit(many, events="force", terms=TERMS, cluster="officer_id")
    c = chosen(fitted)
    found = joint_test(fitted, c)
    values = c @ fitted.beta
    wald = values @ np.linalg.solve(c @ fitted.covariance @ c.T, values)
    assert found.p_value == pytest.approx(stats.chi2.sf(wald, len(c)), rel=0.05)


def test_too_few_officers(contacts):
    part = contacts[contacts["officer_id"].isin(sorted(contacts["officer_id"].unique())[:4])]
    fitted = fit(part, events="arrest", terms=["cit", "call_type"], cluster="officer_id")
    assert not isinstance(fitted, NotEstimable)
    found = joint_test(fitted, chosen(fitted, "call_type"))
    assert isinstance(found, NotEstimable)


def test_misuse(contacts):
    fitted = fit(contacts, events="force", terms=TERMS, cluster="officer_id")
    c = chosen(fitted)
    with pytest.raises(ValueError, match="repeat"):
        joint_test(fitted, np.vstack([c, c[0]]))
    with pytest.raises(ValueError, match="q x p"):
        joint_test(fitted, c[:, 1:])
    with pytest.raises(ValueError, match="CR2"):
        joint_test(fit(contacts, events="force", terms=TERMS, cluster="officer_id", se="CR0"), c)
