"""Every outcome the product knows. Adding one is one entry in ``OUTCOMES``.

``event`` and ``eligible`` are SQL over the facts of ``encounters.sql``: TRUE, FALSE, or NULL where
the source did not record it. NULL leaves the denominator; it is never no.
"""

from __future__ import annotations

from dataclasses import dataclass

from data.registry.dispositions import codes


@dataclass(frozen=True)
class Outcome:
    """One outcome: what counts as the event, among which contacts, and how it is said.

    ``better`` is "lower", "higher" or None where neither direction is better. ``happened`` completes
    "... of 1,000 contacts *happened*". ``sources`` are the canonical columns it can be read from;
    ``when`` is the dictionary's code for the moment it becomes known.
    """

    id: str
    label: str
    definition: str
    happened: str
    event: str
    sources: tuple[str, ...]
    family: str
    better: str | None = None
    eligible: str = "TRUE"
    eligible_words: str = "contacts"
    when: str = "A"
    note: str = ""


def _any_code(wanted: tuple[str, ...]) -> str:
    """SQL: did the contact end in one of these dispositions, where the source can say so?"""
    listed = ", ".join(f"'{code}'" for code in wanted)
    return f"disposed(disposition_codes, source_codes, [{listed}])"


_ARREST = codes(custody=("arrest", "booked"))
_BOOKED = codes(custody=("booked",))
_AGREED_CARE = codes(care_link=("transport", "warm_handoff", "referral"), voluntary="yes")
_REFERRAL = codes(care_link=("referral", "warm_handoff"))
_DISPOSITION = "dispositions.disposition"
_CARE_PLACES = (
    "'emergency_department', 'crisis_receiving', 'psychiatric_hospital', 'detox_sobering', 'clinic'"
)

_ARREST_SQL = (
    "either(among(custody, ['arrested_released', 'arrested_booked', 'arrested_booking_unknown']),"
    f" {_any_code(_ARREST)})"
)
# A booking is a fact only where the record can tell a booking from an arrest.
_BOOKED_SQL = (
    "either(CASE WHEN custody <> 'arrested_booking_unknown' THEN custody = 'arrested_booked' END,"
    f" {_any_code(_BOOKED)})"
)
_AGREED_CARE_SQL = (
    f"either(CASE WHEN transport_voluntary = 'voluntary' THEN transported_to IN ({_CARE_PLACES})"
    f" WHEN transport_voluntary IN ('involuntary', 'not_transported') THEN FALSE END,"
    f" {_any_code(_AGREED_CARE)})"
)
_CONNECTED_SQL = (
    f"either({_AGREED_CARE_SQL},"
    f" {_any_code(codes(care_link=('transport', 'warm_handoff', 'handoff', 'referral')))})"
)
_CHARGEABLE = "said(chargeable)"

_HOLD_SQL = f"either(said(hold), {_any_code(('hold_involuntary',))})"


def _repeat(days: int) -> Outcome:
    """The same person again within so many days, counted once for each person."""
    return Outcome(
        id=f"repeat_{days}",
        label=f"Seen again within {days} days",
        definition=f"The same person had another contact, on another incident, within {days} days"
        " of their first contact in the export. Each person is counted once, from that first"
        " contact, and only if the export reaches that many days beyond it; later contacts are not"
        " counted again. A contact whose person is not known is not recorded.",
        happened=f"were followed by another contact with the same person within {days} days",
        event=f"seen_again({days}, first_of_person, contact_day, last_day, days_to_next)",
        sources=("contacts.person_key",),
        family="secondary",
        better="lower",
        eligible=f"followed({days}, first_of_person, contact_day, last_day)",
        eligible_words=f"first contacts of a known person, with {days} days of follow-up",
        when="L",
        note="By local dates, within one export; people who left, died or were held elsewhere"
        " cannot be seen again.",
    )


OUTCOMES = (
    Outcome(
        id="force",
        label="Use of force",
        definition="Reportable force was used, by the agency's own threshold. Handcuffs, pointing a"
        " weapon and verbal commands are counted apart.",
        happened="had force used",
        event="said(force_used)",
        sources=("contacts.force_used",),
        family="primary",
        better="lower",
    ),
    Outcome(
        id="injury",
        label="Injury",
        definition="The person or an officer was injured during the contact. Harm the person did to"
        " themselves before police came is not counted.",
        happened="had someone injured",
        event="CASE WHEN said(subject_injured) IS NOT NULL AND said(officer_injured) IS NOT NULL"
        " THEN said(subject_injured) OR said(officer_injured) END",
        sources=("contacts.subject_injured", "contacts.officer_injured"),
        family="primary",
        better="lower",
        note="Counted only where both the person's and the officers' injuries were recorded.",
    ),
    Outcome(
        id="arrest",
        label="Arrest",
        definition="The person was taken into custody on a criminal charge. A citation with release"
        " is not an arrest; an emergency hold is not an arrest.",
        happened="ended in an arrest",
        event=_ARREST_SQL,
        sources=("contacts.custody", _DISPOSITION),
        family="primary",
        better="lower",
    ),
    Outcome(
        id="voluntary_care",
        label="Connected to care by agreement",
        definition="The person was linked to care and agreed to it: transport, a warm hand-off, or a"
        " referral made.",
        happened="ended in care the person agreed to",
        event=_AGREED_CARE_SQL,
        sources=("contacts.transport_voluntary", _DISPOSITION),
        family="primary",
        better="higher",
    ),
    Outcome(
        id="emergency_hold",
        label="Emergency hold",
        definition="An involuntary emergency hold was begun. More or fewer holds is neither better"
        " nor worse by itself.",
        happened="ended in an emergency hold",
        event=_HOLD_SQL,
        sources=("contacts.hold", _DISPOSITION),
        family="secondary",
    ),
    Outcome(
        id="jail_booking",
        label="Jail booking",
        definition="The person was booked into jail, where the record can tell a booking from an"
        " arrest.",
        happened="ended in a jail booking",
        event=_BOOKED_SQL,
        sources=("contacts.custody", _DISPOSITION),
        family="secondary",
        better="lower",
    ),
    Outcome(
        id="jail_diversion",
        label="Jail diversion",
        definition="A charge was possible, the person was not booked, and was connected to care."
        " Descriptive: whether a charge was possible is judged after arrival.",
        happened="were diverted from jail to care",
        event=f"NOT ({_BOOKED_SQL}) AND ({_CONNECTED_SQL})",
        sources=("contacts.chargeable", "contacts.custody", _DISPOSITION),
        family="secondary",
        better="higher",
        eligible=_CHARGEABLE,
        eligible_words="contacts where a charge was possible",
    ),
    Outcome(
        id="not_booked_though_chargeable",
        label="Not booked though chargeable",
        definition="A charge was possible and the person was not booked, whether or not connected"
        " to care. Descriptive.",
        happened="were not booked though a charge was possible",
        event=f"NOT ({_BOOKED_SQL})",
        sources=("contacts.chargeable", "contacts.custody", _DISPOSITION),
        family="secondary",
        eligible=_CHARGEABLE,
        eligible_words="contacts where a charge was possible",
    ),
    Outcome(
        id="subject_injury",
        label="Person injured",
        definition="The person was injured during the contact.",
        happened="had the person injured",
        event="said(subject_injured)",
        sources=("contacts.subject_injured",),
        family="secondary",
        better="lower",
    ),
    Outcome(
        id="officer_injury",
        label="Officer injured",
        definition="An officer was injured during the contact.",
        happened="had an officer injured",
        event="said(officer_injured)",
        sources=("contacts.officer_injured",),
        family="secondary",
        better="lower",
    ),
    Outcome(
        id="serious_injury",
        label="Serious injury",
        definition="The person or an officer was seriously or fatally injured during the contact:"
        " by force, by an assault, by the person's own hand while police were there, by accident,"
        " or in restraint or transport.",
        happened="had someone seriously injured",
        event="gravely_hurt",
        sources=("injuries.severity", "injuries.cause"),
        family="secondary",
        better="lower",
        note="Not recorded where an injury may have been one but how grave it was, or how it came"
        " about, is unknown,"
        " or where the form did not answer on injuries.",
    ),
    Outcome(
        id="hold_upheld",
        label="Hold upheld",
        definition="A person under an emergency hold was admitted, involuntarily or by agreement."
        " Neither direction is better by itself.",
        happened="had their hold upheld",
        event="hold_admitted",
        sources=("holds.outcome",),
        family="secondary",
        eligible=f"CASE WHEN supplies_holds THEN either(nullif(was_held, FALSE), {_HOLD_SQL}) END",
        eligible_words="contacts that ended in an emergency hold",
        when="L",
        note="Not recorded where the facility's decision is not known.",
    ),
    _repeat(30),
    _repeat(90),
    _repeat(365),
    Outcome(
        id="referral",
        label="Referral made",
        definition="A referral or a warm hand-off to a provider was made, by agreement or not.",
        happened="ended in a referral",
        event=_any_code(_REFERRAL),
        sources=(_DISPOSITION,),
        family="secondary",
        better="higher",
    ),
    Outcome(
        id="referral_completed",
        label="Referral completed",
        definition="The provider gave a first service within 30 days of a referral that the person"
        " did not decline.",
        happened="reached the provider within 30 days",
        event="referral_served",
        sources=("referrals.first_service_on", "referrals.feedback_received"),
        family="secondary",
        better="higher",
        eligible="CASE WHEN supplies_referrals THEN"
        f" either(nullif(was_referred, FALSE), {_any_code(_REFERRAL)}) END",
        eligible_words="contacts that ended in a referral",
        when="L",
        note="Not recorded where a provider did not report back, or 30 days have not passed.",
    ),
    Outcome(
        id="resolved_on_scene",
        label="Resolved on scene",
        definition="The contact was resolved where it happened.",
        happened="were resolved on scene",
        event=_any_code(("resolved_on_scene",)),
        sources=(_DISPOSITION,),
        family="secondary",
    ),
    Outcome(
        id="no_action",
        label="No action",
        definition="No action was possible or necessary.",
        happened="ended without action",
        event=_any_code(("no_action",)),
        sources=(_DISPOSITION,),
        family="secondary",
    ),
    Outcome(
        id="property_damage",
        label="Property damage",
        definition="Property was damaged during the contact.",
        happened="had property damaged",
        event="said(property_damage)",
        sources=("contacts.property_damage",),
        family="liability",
        better="lower",
    ),
    Outcome(
        id="tactical_callout",
        label="Tactical call-out",
        definition="A tactical team was called out.",
        happened="had a tactical call-out",
        event="said(tactical_callout)",
        sources=("contacts.tactical_callout",),
        family="liability",
        better="lower",
    ),
    Outcome(
        id="complaint",
        label="Complaint",
        definition="A complaint about the contact was received. Inquiries and commendations are not"
        " complaints; whether one was sustained is counted apart.",
        happened="were complained about",
        event="complained_of",
        sources=("complaints.complaint_id", "complaints.received_on", "complaints.kind"),
        family="liability",
        better="lower",
        when="L",
        note="Not recorded after the last day a complaint was received, and where a complaint names"
        " only an incident of several contacts.",
    ),
    Outcome(
        id="claim",
        label="Liability claim",
        definition="A liability claim that may be shown was made over the contact, paid or not; workers'"
        " compensation is not one, and what is not marked as not privileged is not counted.",
        happened="were followed by a liability claim",
        event="claimed_for",
        sources=("claims.claim_id", "claims.line", "claims.privileged"),
        family="liability",
        better="lower",
        when="L",
        note="A floor: privileged claims are often the largest. Claims come late: recent periods still"
        " grow. Not recorded after the last day the claims reach, and where none may be shown.",
    ),
    Outcome(
        id="form_complete",
        label="Crisis form complete",
        definition="The crisis form came, with every field filled that policy asks for.",
        happened="had a complete crisis form",
        event="form_is_complete",
        sources=("documents.document", "documents.submitted_at", "documents.fields_filled"),
        family="documentation",
        better="higher",
        eligible="CASE WHEN supplies_documents THEN owes_form END",
        eligible_words="contacts that owed a crisis form",
        when="L",
        note="A form that has not come is not complete once it is due.",
    ),
    Outcome(
        id="report_on_time",
        label="Force report in time",
        definition="Every report on force that the contact owed was handed in by the time it was due.",
        happened="had their force report in time",
        event="report_in_time",
        sources=("documents.submitted_at", "documents.due_at", "force_events.report_filed_at"),
        family="documentation",
        better="higher",
        eligible="CASE WHEN supplies_reports THEN owes_report END",
        eligible_words="contacts that owed a force report",
        when="L",
        note="A report that has not come is late once it is due.",
    ),
    Outcome(
        id="hold_form_complete",
        label="Hold form complete",
        definition="The form of the hold is the one the law prescribes, and states the belief of danger,"
        " its nature, what was observed and how it came to notice.",
        happened="had a complete hold form",
        event="hold_form_is_complete",
        sources=("holds.on_prescribed_form", "holds.states_belief_of_danger"),
        family="documentation",
        better="higher",
        eligible="CASE WHEN supplies_holds THEN was_held END",
        eligible_words="contacts with a recorded hold",
        when="L",
        note="Presence is counted, never the text. Not recorded where one of the five was not answered.",
    ),
)
