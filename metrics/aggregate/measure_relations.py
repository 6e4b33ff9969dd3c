"""What measures are counted over besides contacts: SQL, one relation each.

Every relation gives its own columns and either ``day``, which puts a row in a period, or ``since``
and ``until``, the days from and before which it stood: a measure *as of* a day counts what stood
then. A snapshot of an earlier version lacks tables and columns: they are empty here.
"""

from __future__ import annotations

from collections.abc import Callable

from data.store import Snapshot
from metrics.aggregate.stored import stored_table

_KEY = "agency_id, source, contact_id"
_CHILDREN = ("dispositions", "force_events", "injuries", "referrals", "holds", "transports")
_IN_CIT = "credential IN ('cit_40h', 'cit_enhanced')"

MACROS = """
CREATE OR REPLACE TEMP MACRO holds(credentials, wanted, on_day) AS
    coalesce(len(list_filter(credentials, lambda c: list_contains(wanted, c.credential)
        AND c.since <= on_day AND (c.until IS NULL OR on_day < c.until))) > 0, FALSE);
CREATE OR REPLACE TEMP MACRO in_cit(credentials, on_day) AS
    holds(credentials, ['cit_40h', 'cit_enhanced'], on_day);
"""
"""What relations and measures may call: does somebody hold one of these credentials on a day?"""


class Relations:
    """The relations of one snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def table(self, name: str) -> str:
        """Return a stored table as SQL with every column of the schema; without rows if it has none."""
        return stored_table(self._snapshot, name)

    def sql(self, name: str) -> str:
        """Return a relation as SQL; ``KeyError`` for one there is not."""
        if name in _CHILDREN:
            return (
                f"(SELECT t.*, contact_date AS day FROM {self.table(name)} t"
                f" JOIN encounters USING ({_KEY}))"
            )
        return _RELATIONS[name](self)


def _events(r: Relations) -> str:
    return f"(SELECT *, event_date AS day FROM {r.table('events')})"


def _certifications(r: Relations) -> str:
    """Credentials with whose they are; as of a day, everyone who had one by then."""
    return (
        "(SELECT c.*, certified_on AS day, certified_on AS since, CAST(NULL AS DATE) AS until,"
        " o.hired_month, o.left_month, o.experience_years_at_hire,"
        f" min(c.certified_on) FILTER (c.{_IN_CIT})"
        " OVER (PARTITION BY c.agency_id, c.officer_key) AS first_certified"
        f" FROM {r.table('certifications')} c LEFT JOIN {r.table('officers')} o"
        " USING (agency_id, officer_key))"
    )


def _trainings(r: Relations) -> str:
    return f"(SELECT *, completed_on AS day FROM {r.table('trainings')})"


def _classes(r: Relations) -> str:
    """One row per course number and day on which somebody's training in it ended."""
    return (
        "(SELECT DISTINCT agency_id, course_id, course_kind, completed_on AS day"
        f" FROM {r.table('trainings')})"
    )


def _complaints(r: Relations) -> str:
    return f"(SELECT *, received_on AS day FROM {r.table('complaints')})"


def _force_reports(r: Relations) -> str:
    """One row per report on force that is on the scale: filed in time, reviewed, not due yet.

    In time as ``encounters.sql`` has it: what has not come is late once it is due.
    """
    return (
        "(SELECT agency_id, source, contact_id, force_id, any_value(contact_date) AS day,"
        " bool_and(due_on > last_day AND report_filed_at IS NULL) AS not_due,"
        " CASE WHEN bool_or(report_filed_at > report_due_at"
        " OR report_filed_at IS NULL AND due_on <= last_day) THEN FALSE"
        " WHEN bool_and(report_filed_at <= report_due_at) THEN TRUE END AS filed_in_time,"
        " bool_and(supervisor_reviewed_at IS NOT NULL) AS reviewed"
        " FROM (SELECT f.*, contact_date, CAST(report_due_at AS DATE) AS due_on,"
        " (SELECT max(contact_date) FROM encounters) AS last_day"
        f" FROM {r.table('force_events')} f JOIN encounters USING ({_KEY})"
        " WHERE display_only IS DISTINCT FROM 'yes') GROUP BY ALL)"
    )


def _bookings(r: Relations) -> str:
    """Bookings with their person, days held, and whether the person was booked again in a year.

    ``followed`` says that the record reaches a year past the release.
    """
    return (
        "(SELECT *, CAST(booked_at AS DATE) AS day, CAST(released_at AS DATE) AS released_on,"
        " CASE WHEN released_at >= booked_at THEN epoch(released_at - booked_at) / 86400 END AS days_held,"
        " CAST(released_at AS DATE) + 365 <= (SELECT max(contact_date) FROM encounters) AS followed,"
        " CASE WHEN person_key IS NOT NULL THEN coalesce(CAST(lead(booked_at)"
        " OVER (PARTITION BY agency_id, source, person_key ORDER BY booked_at, booking_id) AS DATE)"
        " <= CAST(released_at AS DATE) + 365, FALSE) END AS booked_again"
        f" FROM (SELECT b.*, k.person_key FROM {r.table('bookings')} b"
        f" LEFT JOIN {r.table('contacts')} k USING ({_KEY})))"
    )


def _credentials(r: Relations) -> str:
    """One row per person with all their credentials as a list."""
    return (
        "(SELECT agency_id, officer_key, list({'credential': credential, 'since': certified_on,"
        " 'until': expires_on, 'earned_at': earned_at_agency}) AS credentials"
        f" FROM {r.table('certifications')} GROUP BY ALL)"
    )


def _calls(r: Relations) -> str:
    """Calls, whether police took them, and whether and when an officer certified that day came.

    The rules are those of ``metrics.aggregate.calls``, which the page of the response reads.
    """
    agency = "agency_id, call_id"
    return (
        "(WITH cit AS (SELECT DISTINCT agency_id FROM"
        f" {r.table('certifications')} WHERE {_IN_CIT}),"
        " units AS (SELECT u.agency_id, u.call_id, u.arrived_at,"
        " CASE WHEN arrived_at IS NULL THEN FALSE WHEN c.agency_id IS NULL THEN unit_kind = 'cit_patrol'"
        " ELSE in_cit(credentials, CAST(arrived_at AS DATE)) END AS is_cit"
        f" FROM {r.table('call_units')} u LEFT JOIN cit c USING (agency_id)"
        f" LEFT JOIN {_credentials(r)} USING (agency_id, officer_key)),"
        " telling AS (SELECT agency_id, count(arrived_at) > 0 AS tells FROM units GROUP BY ALL),"
        " team AS (SELECT agency_id, call_id, count(arrived_at) AS arrived, bool_or(is_cit) AS any_cit,"
        " bool_or(is_cit IS NULL) AS untold, min(arrived_at) FILTER (is_cit) AS cit_at"
        " FROM units GROUP BY ALL)"
        " SELECT c.*, CAST(received_at AS DATE) AS day,"
        " CASE WHEN disposition_of_call IN ('cancelled', 'duplicate') THEN FALSE"
        " WHEN disposition_of_call IN ('police_dispatched', 'co_responder')"
        " OR dispatched_at IS NOT NULL THEN TRUE"
        " WHEN disposition_of_call IS NOT NULL THEN FALSE END AS police_sent,"
        " CASE WHEN any_cit THEN TRUE WHEN untold OR NOT tells OR team.call_id IS NULL"
        " OR (arrived = 0 AND first_arrived_at IS NOT NULL) THEN NULL ELSE FALSE END AS cit_came,"
        " CASE WHEN epoch(cit_at) - epoch(received_at) BETWEEN 0 AND 86400"
        " THEN (epoch(cit_at) - epoch(received_at)) / 60 END AS minutes_to_cit"
        f" FROM {r.table('calls')} c LEFT JOIN team USING ({agency}) LEFT JOIN telling USING (agency_id))"
    )


def _listed(r: Relations, table: str, column: str, mark: str, more: str = "") -> str:
    """Return ids of a table that count: those marked; where none is, all not marked no."""
    return (
        f"(SELECT agency_id, {column}{more} FROM {r.table(table)}"
        f" QUALIFY {mark} = 'yes' OR ({mark} IS DISTINCT FROM 'no' AND"
        f" NOT bool_or({mark} IS NOT DISTINCT FROM 'yes') OVER (PARTITION BY agency_id)))"
    )


def _duty_days(r: Relations) -> str:
    """Days of the roster, and whether every patrolled district and shift of them had a CIT officer.

    Who worked, stayed on or came in counts, unless the roster says that they took no calls: the rule
    of ``metrics.aggregate.duty``.
    """
    cell = "agency_id, duty_date, district_id, shift_id"
    districts = _listed(r, "districts", "district_id", "patrolled")
    shifts = _listed(r, "shifts", "shift_id", "counts_for_coverage", ", weekdays")
    return (
        f"(WITH worked AS (SELECT {cell}, bool_or(dispatchable IS DISTINCT FROM 'no'"
        " AND in_cit(credentials, duty_date)) AS cit"
        f" FROM {r.table('rosters')} LEFT JOIN {_credentials(r)} USING (agency_id, officer_key)"
        " WHERE duty_status IN ('worked', 'overtime', 'held_over')"
        " GROUP BY ALL),"
        f" days AS (SELECT DISTINCT agency_id, duty_date FROM {r.table('rosters')}),"
        f" due AS (SELECT {cell} FROM days JOIN {districts} USING (agency_id)"
        f" JOIN {shifts} USING (agency_id)"
        " WHERE weekdays IS NULL OR substr(weekdays, isodow(duty_date), 1) <> '-')"
        " SELECT agency_id, duty_date AS day, bool_and(coalesce(cit, FALSE)) AS covered"
        f" FROM due LEFT JOIN worked USING ({cell}) GROUP BY ALL)"
    )


def _officers(r: Relations) -> str:
    """Everyone any record names, from hire until they left, with what they earned and learned.

    Who is not in the list of officers is there from the first day another record names them.
    """
    key = "agency_id, officer_key"
    return (
        f"(WITH named AS (SELECT {key}, CAST(NULL AS DATE) AS seen FROM {r.table('officers')}"
        f" UNION ALL SELECT {key}, certified_on FROM {r.table('certifications')}"
        f" UNION ALL SELECT {key}, from_date FROM {r.table('assignments')}"
        f" UNION ALL SELECT {key}, completed_on FROM {r.table('trainings')}),"
        f" everyone AS (SELECT {key}, min(seen) AS seen FROM named GROUP BY ALL),"
        f" learned AS (SELECT {key}, min(completed_on) AS aware_on FROM {r.table('trainings')}"
        " WHERE course_kind = 'mh_awareness' AND coalesce(result, 'completed') = 'completed'"
        " GROUP BY ALL)"
        " SELECT e.agency_id, e.officer_key, o.role, o.cit_selection,"
        " CASE WHEN o.officer_key IS NULL THEN seen ELSE hired_month END AS since,"
        " left_month AS until, credentials, aware_on"
        f" FROM everyone e LEFT JOIN {r.table('officers')} o USING ({key})"
        f" LEFT JOIN {_credentials(r)} USING ({key}) LEFT JOIN learned USING ({key}))"
    )


def _assignments(r: Relations) -> str:
    """Postings from their first day until the day they no longer held or the person left."""
    key = "agency_id, officer_key"
    return (
        "(SELECT a.*, from_date AS since, least(to_date, left_month) AS until, credentials"
        f" FROM {r.table('assignments')} a"
        f" LEFT JOIN (SELECT {key}, left_month FROM {r.table('officers')}) USING ({key})"
        f" LEFT JOIN {_credentials(r)} USING ({key}))"
    )


def _providers(r: Relations) -> str:
    return (
        "(SELECT *, CAST(NULL AS DATE) AS since, CAST(NULL AS DATE) AS until"
        f" FROM {r.table('service_providers')})"
    )


def _elements(r: Relations) -> str:
    """Assessments from their day until the next one of the same element."""
    return (
        "(SELECT *, as_of AS since,"
        " lead(as_of) OVER (PARTITION BY agency_id, element ORDER BY as_of) AS until"
        f" FROM {r.table('program_elements')})"
    )


_RELATIONS: dict[str, Callable[[Relations], str]] = {
    "events": _events,
    "certifications": _certifications,
    "trainings": _trainings,
    "classes": _classes,
    "bookings": _bookings,
    "complaints": _complaints,
    "force_reports": _force_reports,
    "calls": _calls,
    "duty_days": _duty_days,
    "officers": _officers,
    "assignments": _assignments,
    "service_providers": _providers,
    "program_elements": _elements,
}
