"""Methods: every definition, read from the registries, and a worked example of confounding."""

import pandas as pd
import streamlit as st

from data.registry import COVARIATES, EXPOSURES, OUTCOMES
from metrics import methods_text, teaching, wording
from pages.parts import tables
from pages.parts.view import current

current()
st.title("Methods")
for section in methods_text.SECTIONS:
    st.subheader(section.title)
    st.markdown(section.body)

st.subheader("Why the crude comparison can mislead: a published reversal")
example = teaching.berkeley()
st.markdown(
    "In 1973, the six largest departments of Berkeley admitted a larger share of men than of women:"
    f" crude odds ratio {wording.ratio(example.crude)}. Compared *within* departments, the odds ratio"
    f" is {wording.ratio(example.pooled.odds_ratio)} (Mantel-Haenszel): women had applied to the"
    " departments that reject most applicants of either sex. CIT officers are likewise sent to"
    " other calls than their colleagues. (Bickel, Hammel & O'Connell 1975, Science 187:398.)"
)
tables.show(
    pd.DataFrame(
        [
            {
                "Department": name,
                "Men admitted": f"{men[0]} of {sum(men)}",
                "Women admitted": f"{women[0]} of {sum(women)}",
            }
            for name, (men, women) in zip(teaching.DEPARTMENTS, teaching.ADMISSIONS, strict=True)
        ]
    ),
    "Admissions by department",
)

st.subheader("Outcomes")
st.markdown("\n".join(f"- {methods_text.outcome(o)}" for o in OUTCOMES))

st.subheader("Exposures: what CIT can mean")
st.markdown("\n".join(f"- {methods_text.exposure(e)}" for e in EXPOSURES))

st.subheader("Covariates")
st.caption("Only what was known at dispatch may adjust a comparison; the code refuses the rest.")
st.markdown("\n".join(f"- {methods_text.covariate(c)}" for c in COVARIATES))
