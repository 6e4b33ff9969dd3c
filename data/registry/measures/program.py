"""The elements of a CIT program that records can speak of."""

from __future__ import annotations

from data.registry.measures.kinds import (
    CIT,
    EMPLOYED,
    FACILITY,
    IN_FORCE,
    PASSED,
    RECEIVING,
    SWORN,
    YEARS,
    call_response,
    response,
    staff,
    yes,
)
from data.registry.measures.model import Measure

PROGRAM = (
    Measure(
        "coverage",
        "cit-program",
        "A CIT officer on every district and shift, 365 days a year",
        "Days of the roster on which every patrolled district had, on every shift that counts, a"
        " CIT-certified officer who worked and could take calls.",
        unit="events",
        relation="duty_days",
        among_words="days of the roster",
        event="covered",
        requires=(
            "rosters.duty_date",
            "rosters.shift_id",
            "rosters.district_id",
            "rosters.duty_status",
            "districts.district_id",
            "shifts.shift_id",
            "certifications.certified_on",
        ),
        needs_words="rosters",
        note="Days without a roster are in neither number.",
    ),
    call_response(
        "response_calls",
        "cit-program",
        "A CIT officer comes when dispatch knows of a crisis: of calls at dispatch",
    ),
    response(
        "response",
        "cit-program",
        "A CIT officer comes when dispatch knows of a crisis",
        "arrived",
        "contacts.cit_arrived",
    ),
    staff(
        "volunteers",
        "Officers volunteer and are selected",
        "Of employees with a CIT credential in force on the last day of the period, those who"
        " volunteered and were selected.",
        among="in_cit(credentials, period_last)",
        among_words="CIT officers",
        event="CASE WHEN cit_selection <> 'unknown' THEN cit_selection = 'volunteered_selected' END",
        requires=("certifications.certified_on", "officers.cit_selection"),
        needs_words="how officers came to CIT",
        note="Who volunteered without being selected is not counted.",
    ),
    Measure(
        "experience",
        "cit-program",
        "Patrol experience first, no recruits",
        "Employees certified for the first time in the period who had at least one year of police"
        " service, earlier service elsewhere included.",
        unit="officers",
        relation="certifications",
        among=f"{CIT} AND certified_on = first_certified",
        among_words="people first certified in the period",
        event=f"CASE WHEN hired_month IS NOT NULL THEN {YEARS} >= 1 END",
        requires=("certifications.certified_on", "officers.hired_month"),
        note="Service of any kind; time on patrol is not told apart.",
    ),
    Measure(
        "experience_course",
        "cit-program",
        "No recruits: years of service when the CIT course began",
        "Employees who completed a 40-hour CIT course in the period after at least one year of service.",
        unit="officers",
        relation="trainings",
        among=f"course_kind = 'cit_40h' AND ({PASSED})",
        among_words="people who completed the course in the period",
        event="years_service_at_training >= 1",
        requires=(
            "trainings.completed_on",
            "trainings.course_kind",
            "trainings.years_service_at_training",
        ),
        needs_words="training records",
    ),
    Measure(
        "certified",
        "cit-program",
        "Certification in date",
        "Of everyone employed who ever earned a CIT credential, those with one in force on the last"
        " day of the period.",
        unit="officers",
        relation="certifications",
        among=f"{CIT} AND {EMPLOYED}",
        among_words="people ever certified",
        event=IN_FORCE,
        as_of=True,
        requires=("certifications.certified_on", "certifications.expires_on"),
        note="Who has left is not counted, where officers.left_month says so.",
    ),
    staff(
        "moves",
        "Certification moves with the officer",
        "Of employees with a CIT credential in force on the last day of the period, those who hold one"
        " that was earned at another agency.",
        among="in_cit(credentials, period_last)",
        among_words="CIT officers",
        event="CASE WHEN in_cit(list_filter(credentials, lambda c: c.earned_at <> agency_id),"
        " period_last) THEN TRUE WHEN NOT in_cit(list_filter(credentials, lambda c: c.earned_at IS"
        " NULL), period_last) THEN FALSE END",
        requires=(
            "certifications.certified_on",
            "certifications.earned_at_agency",
            "officers.role",
        ),
        needs_words="where credentials were earned",
        note="None may mean that nobody came from elsewhere, or that no credential was honoured.",
    ),
    Measure(
        "patrol_share",
        "cit-program",
        "Share of patrol that is CIT",
        "Of employees posted to patrol on the last day of the period, those with a CIT credential in"
        " force. Context (20 to 25% is often named, decrees say 20 and 30%), not a test.",
        unit="officers",
        relation="assignments",
        among="CASE CAST(on_patrol AS VARCHAR) WHEN 'yes' THEN TRUE WHEN 'no' THEN FALSE END",
        among_words="employees on patrol",
        event="in_cit(credentials, period_last)",
        as_of=True,
        requires=(
            "assignments.from_date",
            "assignments.on_patrol",
            "certifications.certified_on",
        ),
        needs_words="who is on patrol",
        note="Certified is not designated: who serves as a CIT officer is another question.",
    ),
    Measure(
        "telecommunicators",
        "cit-program",
        "Telecommunicators trained",
        "Employees with a dispatcher credential in force on the last day of the period.",
        unit="officers",
        share=False,
        relation="certifications",
        event=f"credential = 'cit_dispatcher' AND {IN_FORCE} AND {EMPLOYED}",
        as_of=True,
        requires=(
            "certifications.certified_on",
            "certifications.credential",
            "certifications.expires_on",
        ),
    ),
    staff(
        "telecommunicators_share",
        "Telecommunicators trained, of all",
        "Of employees whose role is telecommunicator, those with a dispatcher credential in force on"
        " the last day of the period.",
        among="role = 'telecommunicator'",
        among_words="telecommunicators employed",
        event="holds(credentials, ['cit_dispatcher'], period_last)",
        requires=("certifications.certified_on", "certifications.credential", "officers.role"),
        needs_words="employees and their roles",
        note="By the role of today: who changed roles is counted in the new one.",
    ),
    Measure(
        "awareness",
        "cit-program",
        "Awareness training for all others",
        "Employees with a mental-health awareness or first-aid credential in force on the last day of"
        " the period.",
        unit="officers",
        share=False,
        relation="certifications",
        event=f"credential IN ('mh_awareness', 'mh_first_aid') AND {IN_FORCE} AND {EMPLOYED}",
        as_of=True,
        requires=(
            "certifications.certified_on",
            "certifications.credential",
            "certifications.expires_on",
        ),
    ),
    staff(
        "awareness_share",
        "Awareness training for all others, of all",
        "Of sworn employees without a CIT credential in force on the last day of the period, those with"
        " a mental-health awareness or first-aid credential in force, or who had completed an awareness"
        " course by then.",
        among=f"{SWORN} AND NOT in_cit(credentials, period_last)",
        among_words="sworn employees who are not CIT",
        event="holds(credentials, ['mh_awareness', 'mh_first_aid'], period_last)"
        " OR coalesce(aware_on <= period_last, FALSE)",
        requires=("certifications.certified_on", "certifications.credential", "officers.role"),
        needs_words="employees and their roles",
        note="By the role of today: who changed roles is counted in the new one.",
    ),
    Measure(
        "agreements",
        "cit-program",
        "Agreements with facilities",
        "Facilities that police may bring someone to, with a written agreement in force on the last day"
        " of the period.",
        unit="events",
        share=False,
        relation="service_providers",
        among=RECEIVING,
        event="CASE WHEN agreement_to <= period_last THEN FALSE"
        " WHEN agreement_from IS NOT NULL THEN agreement_from <= period_last END",
        levels="provider_kind",
        as_of=True,
        requires=("service_providers.agreement_from", "service_providers.provider_kind"),
        sources=("service_providers.agreement_from",),
        needs_words="facilities and their agreements",
        note="No first day may mean that there is no agreement, or that it was not written down.",
    ),
    Measure(
        "no_refusal",
        "cit-program",
        "No refusal at facilities",
        "Trips to a health facility at which it took the person.",
        unit="events",
        relation="transports",
        among=FACILITY,
        among_words="trips to a health facility",
        event="CASE WHEN accepted <> 'unknown' THEN accepted = 'accepted' END",
        requires=("transports.destination_kind", "transports.accepted"),
        sources=("transports.accepted",),
        needs_words="a log of transports",
        note="A person turned away and driven on is two trips.",
    ),
    Measure(
        "committee",
        "cit-program",
        "A committee with people with lived experience",
        "Of two elements, a committee that meets and a partner with lived experience, those last"
        " assessed as met by the last day of the period.",
        unit="events",
        relation="program_elements",
        among="element IN ('steering_committee_meets', 'advocacy_or_lived_experience_partner')",
        among_words="elements assessed",
        event="CASE WHEN status <> 'not_assessed' THEN status = 'met' END",
        levels="element",
        as_of=True,
        requires=("program_elements.element", "program_elements.as_of", "program_elements.status"),
        sources=("program_elements.status",),
        needs_words="the coordinator's assessment",
        note="As the coordinator or another assessor wrote it down, never computed.",
    ),
    Measure(
        "clinician_leads",
        "cit-program",
        "Clinician leads where there is no safety or criminal concern",
        "Contacts that a clinician led, of those with a clinician on scene, no weapon or violence"
        " reported and no charge possible.",
        event=yes("clinician_led"),
        among=" AND ".join(
            (
                f"({yes('clinician_on_scene')})",
                *(
                    f"NOT ({yes(c)})"
                    for c in ("weapon_reported", "violence_reported", "chargeable")
                ),
            )
        ),
        among_words="contacts with a clinician and no such concern",
        sources=(
            "contacts.clinician_led",
            "contacts.clinician_on_scene",
            "contacts.weapon_reported",
            "contacts.violence_reported",
            "contacts.chargeable",
        ),
    ),
)
