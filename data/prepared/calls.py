"""Calls as counts of them read them: one row each, with who came, how soon, and whether it has a form.

The rules are those of the page (``metrics/wording/response.py`` states them).
"""

from __future__ import annotations

from collections.abc import Callable

from data.registry import NOT_RECORDED

TAKEN = ("police_dispatched", "co_responder")
"""Dispositions of a call that police took."""

LONGEST_HOURS = 24
"""A certified officer who arrives later than this after the call, or before it, is a slip of a clock."""


def query(named: Callable[[str], str], _filters: tuple[str, ...]) -> str:
    """Return SQL for one row per call; of the filters calls have a district and a shift of their own.

    Columns: ``call_day`` (missing where blank), ``district``, ``shift``, ``hour`` (text; NOT_RECORDED where
    blank), ``origin``, ``disposition_of_call``, ``flag``, ``final_flag``, ``available`` (as recorded),
    ``form`` (with, without, unknown, not_due), ``seconds`` (whole, from receipt to the first certified
    officer, where ``plausible``), and yes or no, missing where not known: ``counted`` (no cancelled one nor
    a duplicate), ``taken``, ``dispatched``, ``coded``, ``police``, ``cohort``, ``came``, ``plausible``,
    ``no_units``, ``nobody``.
    """
    return f"""
        WITH {_units(named)}, {_shifts(named)}, {_forms(named)}, {_facts(named)}
        SELECT call_day, district, shift, hour, origin, disposition_of_call, flag, final_flag, available,
               form, CASE WHEN plausible THEN CAST(round(seconds) AS BIGINT) END AS seconds,
               counted, taken, dispatched_at IS NOT NULL AS dispatched, came, plausible, no_units, nobody,
               counted AND flag IS NOT DISTINCT FROM 'yes' AS coded,
               counted AND taken IS TRUE AS police,
               counted AND taken IS TRUE AND flag IS NOT DISTINCT FROM 'yes' AS cohort
        FROM judged"""


def _units(named: Callable[[str], str]) -> str:
    units = named("call_units")
    return f"""
        cit AS (
            SELECT agency_id, officer_key, certified_on, expires_on FROM {named("certifications")}
            WHERE credential IN ('cit_40h', 'cit_enhanced')
        ),
        certifying AS (SELECT DISTINCT agency_id FROM cit),
        -- An agency whose unit history has no time of arrival at all does not say who never arrived.
        telling AS (
            SELECT agency_id FROM {units} GROUP BY agency_id HAVING count(arrived_at) > 0
        ),
        -- An officer of two credentials in force meets a call twice, which no answer of these minds.
        units AS (
            SELECT agency_id, call_id, count(arrived_at) AS arrived,
                   bool_or(is_cit) AS any_cit, bool_or(is_cit IS NULL) AS any_untold,
                   min(arrived_at) FILTER (is_cit) AS cit_at
            FROM (
                SELECT u.agency_id, u.call_id, u.arrived_at,
                       CASE WHEN u.arrived_at IS NULL THEN FALSE
                            WHEN a.agency_id IS NULL THEN u.unit_kind = 'cit_patrol'
                            ELSE c.officer_key IS NOT NULL END AS is_cit
                FROM {units} u
                LEFT JOIN certifying a USING (agency_id)
                LEFT JOIN cit c ON c.agency_id = u.agency_id AND c.officer_key = u.officer_key
                    AND c.certified_on <= CAST(u.arrived_at AS DATE)
                    AND (c.expires_on IS NULL OR CAST(u.arrived_at AS DATE) < c.expires_on)
            ) GROUP BY ALL
        )"""


def _shifts(named: Callable[[str], str]) -> str:
    # Every minute of the week has one shift: where several run, the one that began last. What follows
    # midnight belongs to the shift's own day, so that a day off ends with the night before it.
    return f"""
        hours AS (
            SELECT agency_id, shift_id, weekday, starts, (ends - starts + 1439) % 1440 + 1 AS minutes
            FROM (
                SELECT *, TRY_CAST(split_part(starts_at, ':', 1) AS INTEGER) * 60
                          + TRY_CAST(split_part(starts_at, ':', 2) AS INTEGER) AS starts,
                       TRY_CAST(split_part(ends_at, ':', 1) AS INTEGER) * 60
                          + TRY_CAST(split_part(ends_at, ':', 2) AS INTEGER) AS ends
                FROM {named("shifts")}
            ), range(1, 8) w(weekday)
            WHERE starts IS NOT NULL AND ends IS NOT NULL
              AND (weekdays IS NULL OR substr(weekdays, CAST(weekday AS INTEGER), 1) <> '-')
        ),
        with_shifts AS (SELECT DISTINCT agency_id FROM hours),
        clock AS (
            SELECT agency_id, ((weekday - 1) * 1440 + starts + since) % 10080 AS minute,
                   arg_min(shift_id, (since, shift_id)) AS shift
            FROM hours, range(1440) t(since) WHERE since < minutes
            GROUP BY ALL
        )"""


def _forms(named: Callable[[str], str]) -> str:
    contacts = named("contacts")
    return f"""
        forms AS (
            SELECT agency_id, CAST(min(contact_at) AS DATE) AS first_day,
                   CAST(max(contact_at) AS DATE) AS last_day, count(incident_id) AS linked
            FROM {contacts} GROUP BY ALL
        ),
        with_form AS (
            SELECT DISTINCT agency_id, incident_id FROM {contacts} WHERE incident_id IS NOT NULL
        )"""


def _facts(named: Callable[[str], str]) -> str:
    # A call of the evening before the first form may have it; a call after the last form on record may
    # get one yet.
    return f"""
        seen AS (
            SELECT k.*, CAST(k.received_at AS DATE) AS call_day, hour(k.received_at) AS call_hour,
                   CAST(k.crisis_flag_at_dispatch AS VARCHAR) AS flag,
                   CAST(k.crisis_flag_final AS VARCHAR) AS final_flag,
                   CAST(k.cit_available AS VARCHAR) AS available,
                   CASE WHEN w.agency_id IS NOT NULL THEN h.shift
                        WHEN k.received_at IS NULL THEN NULL
                        WHEN hour(k.received_at) BETWEEN 6 AND 13 THEN 'day_06_14'
                        WHEN hour(k.received_at) BETWEEN 14 AND 21 THEN 'evening_14_22'
                        ELSE 'night_22_06' END AS shift_id,
                   CASE WHEN u.call_id IS NULL THEN NULL
                        WHEN u.any_cit THEN TRUE
                        WHEN u.any_untold OR t.agency_id IS NULL THEN NULL
                        -- The call says that someone arrived and its units do not say who.
                        WHEN u.arrived = 0 AND k.first_arrived_at IS NOT NULL THEN NULL
                        ELSE FALSE END AS came,
                   u.call_id IS NULL AS no_units, u.arrived = 0 AS nobody,
                   epoch(u.cit_at) - epoch(k.received_at) AS seconds,
                   f.first_day, f.last_day, coalesce(f.linked, 0) AS linked, m.incident_id AS matched,
                   CAST(a.crisis_form_required_since AS DATE) AS required_since
            FROM {named("calls")} k
            LEFT JOIN units u USING (agency_id, call_id)
            LEFT JOIN telling t USING (agency_id)
            LEFT JOIN with_shifts w USING (agency_id)
            LEFT JOIN clock h ON h.agency_id = k.agency_id AND h.minute =
                (isodow(k.received_at) - 1) * 1440 + hour(k.received_at) * 60 + minute(k.received_at)
            LEFT JOIN forms f USING (agency_id)
            LEFT JOIN with_form m ON m.agency_id = k.agency_id AND m.incident_id = k.incident_id
            LEFT JOIN {named("agencies")} a ON a.agency_id = k.agency_id
        ),
        judged AS (
            SELECT * EXCLUDE (shift_id),
                   coalesce(district_id, '{NOT_RECORDED}') AS district,
                   coalesce(shift_id, '{NOT_RECORDED}') AS shift,
                   coalesce(CAST(call_hour AS VARCHAR), '{NOT_RECORDED}') AS hour,
                   disposition_of_call IS DISTINCT FROM 'cancelled'
                       AND disposition_of_call IS DISTINCT FROM 'duplicate' AS counted,
                   CASE WHEN disposition_of_call IN {TAKEN} OR dispatched_at IS NOT NULL THEN TRUE
                        WHEN disposition_of_call IS NOT NULL THEN FALSE END AS taken,
                   seconds BETWEEN 0 AND {LONGEST_HOURS * 3600} AS plausible,
                   CASE WHEN call_day < required_since OR call_day < first_day - 1 OR call_day > last_day
                        THEN 'not_due'
                        WHEN linked = 0 OR incident_id IS NULL OR call_day IS NULL THEN 'unknown'
                        WHEN matched IS NULL THEN 'without' ELSE 'with' END AS form
            FROM seen
        )"""
