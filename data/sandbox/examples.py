"""Worked examples: questions that researchers ask, each with SQL to begin from. Adding one is one entry."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """One example: a short title, the question in words, and the statement."""

    id: str
    title: str
    question: str
    sql: str


EXAMPLES = (
    Example(
        "rates",
        "Rates by group",
        "How often was force used, with and without a CIT officer? Not recorded is in neither count.",
        """SELECT exposure_primary AS cit,
       count(outcome_force) AS contacts,
       count(*) FILTER (WHERE outcome_force) AS with_force,
       round(1000.0 * avg(outcome_force::INT), 1) AS per_1000
FROM encounters
WHERE exposure_primary IS NOT NULL AND eligible_force
GROUP BY exposure_primary
ORDER BY cit DESC""",
    ),
    Example(
        "not_recorded",
        "What was not recorded",
        "Of how many contacts is an outcome unknown, in either group?",
        """SELECT exposure_primary AS cit, count(*) AS contacts,
       count(*) FILTER (WHERE outcome_force IS NULL) AS force_not_recorded,
       count(*) FILTER (WHERE outcome_injury IS NULL) AS injury_not_recorded,
       count(*) FILTER (WHERE outcome_arrest IS NULL) AS arrest_not_recorded
FROM encounters
GROUP BY exposure_primary
ORDER BY cit DESC NULLS LAST""",
    ),
    Example(
        "strata",
        "Within kinds of calls",
        "Is the difference the same within kinds of calls? A Mantel-Haenszel risk difference by hand.",
        """WITH tables AS (
    SELECT call_group,
           count(*) FILTER (WHERE exposure_primary) AS n1,
           count(*) FILTER (WHERE exposure_primary AND outcome_force) AS a,
           count(*) FILTER (WHERE NOT exposure_primary) AS n0,
           count(*) FILTER (WHERE NOT exposure_primary AND outcome_force) AS b
    FROM encounters
    WHERE exposure_primary IS NOT NULL AND outcome_force IS NOT NULL
    GROUP BY call_group
)
SELECT round(1000 * sum((a * n0 - b * n1) / (n1 + n0)) / sum(n1 * n0 / (n1 + n0)), 2)
           AS risk_difference_per_1000
FROM tables
WHERE n1 > 0 AND n0 > 0""",
    ),
    Example(
        "months",
        "Month by month",
        "How many contacts a month, and in what share did force occur, smoothed over three months?",
        """WITH months AS (
    SELECT date_trunc('month', contact_date)::DATE AS month, count(*) AS contacts,
           count(outcome_force) AS recorded, count(*) FILTER (WHERE outcome_force) AS with_force
    FROM encounters
    GROUP BY 1
)
SELECT month, contacts, round(1000.0 * with_force / recorded, 1) AS per_1000,
       round(1000.0 * sum(with_force) OVER three / sum(recorded) OVER three, 1) AS three_months
FROM months
WINDOW three AS (ORDER BY month ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)
ORDER BY month""",
    ),
    Example(
        "officers",
        "Spread over officers",
        "Do few officers handle most contacts? A comparison that ignores this is too sure of itself.",
        """WITH loads AS (
    SELECT officer_key, count(*) AS contacts, count(*) FILTER (WHERE outcome_force) AS with_force
    FROM encounters WHERE officer_key IS NOT NULL GROUP BY officer_key
)
SELECT count(*) AS officers, sum(contacts) AS contacts,
       quantile_cont(contacts, [0.1, 0.5, 0.9]) AS tenths_and_median,
       max(contacts) AS busiest,
       round(100.0 * sum(contacts) FILTER (WHERE contacts >= (SELECT quantile_cont(contacts, 0.9) FROM loads))
             / sum(contacts), 1) AS percent_by_the_busiest_tenth
FROM loads""",
    ),
    Example(
        "selection",
        "Who gets CIT?",
        "To which kinds of calls are CIT officers sent more often?",
        """SELECT call_group,
       count(*) AS contacts,
       round(100.0 * avg(exposure_primary::INT), 1) AS percent_cit,
       round(100.0 * avg((weapon = 'yes')::INT), 1) AS percent_weapon_reported
FROM encounters
WHERE exposure_primary IS NOT NULL
GROUP BY call_group
ORDER BY percent_cit DESC""",
    ),
    Example(
        "returns",
        "The same person again",
        "After how many days does a person come to police notice again?",
        """WITH visits AS (
    SELECT person_key, contact_date,
           lead(contact_date) OVER (PARTITION BY person_key ORDER BY contact_at, contact_id) AS next_date
    FROM encounters WHERE person_key IS NOT NULL
)
SELECT CASE WHEN next_date - contact_date <= 30 THEN 'within 30 days'
            WHEN next_date - contact_date <= 90 THEN '31 to 90 days'
            WHEN next_date - contact_date <= 365 THEN '91 to 365 days'
            WHEN next_date IS NOT NULL THEN 'later'
            ELSE 'not again, as far as this reaches' END AS again,
       count(*) AS contacts
FROM visits
GROUP BY again
ORDER BY contacts DESC""",
    ),
    Example(
        "dispositions",
        "How contacts ended",
        "Which dispositions are recorded in either group? A contact may have several.",
        """PIVOT (
    SELECT d.disposition, CASE WHEN e.exposure_primary THEN 'CIT' ELSE 'other' END AS contacts_of
    FROM encounters e
    JOIN dispositions d USING (agency_id, source, contact_id)
    WHERE e.exposure_primary IS NOT NULL
)
ON contacts_of
USING count(*)
ORDER BY disposition""",
    ),
    Example(
        "definitions",
        "Another definition of CIT",
        "How far do two definitions of a CIT contact agree, and what is the rate in each cell?",
        """SELECT exposure_primary AS primary_officer_cit, exposure_arrived AS cit_officer_arrived,
       count(*) AS contacts,
       round(1000.0 * avg(outcome_force::INT), 1) AS force_per_1000
FROM encounters
GROUP BY ALL
ORDER BY contacts DESC""",
    ),
    Example(
        "regression",
        "A regression from group counts",
        "The slope of officer minutes on the level of force, by district, with its R squared.",
        """SELECT district, count(*) AS contacts,
       regr_slope(officer_minutes, force_level) AS minutes_per_level,
       regr_intercept(officer_minutes, force_level) AS minutes_without_force,
       regr_r2(officer_minutes, force_level) AS r_squared
FROM encounters
WHERE officer_minutes IS NOT NULL AND force_level IS NOT NULL
GROUP BY district
ORDER BY contacts DESC""",
    ),
)
