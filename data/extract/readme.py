"""The words of an extract's README.txt: what it is, how to read it, what it cannot say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_READ = {
    "parquet": """Python (pandas):
    import pandas as pd
    e = pd.read_parquet("encounters.parquet")
R (arrow):
    library(arrow)
    e <- read_parquet("encounters.parquet")
DuckDB:
    SELECT exposure_primary, count(*) FILTER (outcome_force) AS events, count(outcome_force) AS n
    FROM 'encounters.parquet' WHERE eligible_force GROUP BY exposure_primary;""",
    "csv": """Python (pandas):
    import pandas as pd
    e = pd.read_csv("encounters.csv", parse_dates=["contact_at", "contact_date"])
R (readr):
    library(readr)
    e <- read_csv("encounters.csv", na = "")
DuckDB:
    SELECT exposure_primary, count(*) FILTER (outcome_force) AS events, count(outcome_force) AS n
    FROM 'encounters.csv' WHERE eligible_force GROUP BY exposure_primary;""",
    "duckdb": """Python:
    import duckdb
    con = duckdb.connect("FILE.duckdb", read_only=True)
    e = con.sql("FROM encounters").df()
R:
    con <- DBI::dbConnect(duckdb::duckdb(), "FILE.duckdb", read_only = TRUE)
    e <- DBI::dbReadTable(con, "encounters")
DuckDB:
    SELECT exposure_primary, count(*) FILTER (outcome_force) AS events, count(outcome_force) AS n
    FROM encounters WHERE eligible_force GROUP BY exposure_primary;
The tables codebook, definitions, manifest and readme hold what is said of the others.""",
}
_DATES = {
    "shift": """Dates: shifted. All of one person's dates were moved by the same number of whole weeks,
from 1 to 26, forward or back; contacts without a person and calls without a contact by their own. So
days of the week, times of the day and all intervals within a person are exact. Between people they are
not: do not draw a trend, and do not compare with dates of events. Contacts of several people in one
incident were moved apart; its call went with one of them. The year is that of the moved date. Dates of
officers were cut to the month or year and not moved with contacts: who was certified at a contact is
told only by the columns exposure_..., which were decided before anything was moved.""",
    "keep": """Dates: kept, on the agency's local wall clock. Dates of officers were cut to the month or
year: who was certified at a contact is told exactly only by the columns exposure_..., which were
decided on the day.""",
}


def text(asked: Mapping[str, Any], kind: str, achieved: Mapping[str, Any]) -> str:
    """Return README.txt for an extract: ``asked`` and ``achieved`` as the manifest has them."""
    k = asked["k"]
    return f"""DE-IDENTIFIED EXTRACT OF CRISIS CONTACTS

encounters has one row per crisis contact (one person, one incident). The other tables belong to it:
join those of a contact by agency_id, source and contact_id, calls by agency_id and incident_id,
officers by agency_id and officer_key. codebook says of every column what it means and what was done to
it; what was left out stands there too, with the reason. The definition of every outcome, exposure and
covariate is beside it.

HOW TO READ IT

{_READ[kind]}

WHAT TO KNOW

Association, not cause. CIT officers volunteer and are sent by rule: a difference between contacts with
and without them is not the effect of the program, adjusted or not.

Unknown is never no. TRUE and FALSE were recorded; a blank was not, or was answered unknown. Leave blanks
out of the denominator, and say how many there were. An outcome counts only where its column
eligible_... is TRUE. What the source does not record at all is blank throughout: see source_columns.

{_DATES[asked["dates"]]}

HOW PEOPLE ARE PROTECTED

Every key was replaced by a key of this extract alone, made with a secret that was written nowhere: it
joins the tables of this extract, and leads neither to another extract nor to the agency's records.

Every contact is alike to contacts of at least {k} people in age band, sex, race, veteran and district
(smallest: {achieved["encounters"]["people"]} people). For that, veteran was withheld where it stood out,
then race, age band and sex; the column withheld names what. A withheld cell is alike to other withheld
cells, and not to one that was never recorded. Districts with contacts of fewer people are 'rare
(grouped)' everywhere. Officers are alike to at least {k} in role, years of hire and leaving, and how
they came to CIT, in the same way. Other labels that fewer than {k} contacts share are 'rare (grouped)'.

This is not anonymous to everyone. Whoever knows the hour of a contact, or the caseload or credentials of
an officer, may still recognise a row. Keep it as safe as an agreement on research data asks, publish
counts of {k} or more only, and do not try to find out who anyone is, nor join it to other data that
could tell.
"""
