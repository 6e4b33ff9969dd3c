"""Every exposure definition: what "CIT" means in a comparison. Adding one is one entry.

Exposure is decided at the time of the contact. ``holds`` is SQL over the facts of ``encounters.sql``:
TRUE, FALSE, or NULL where it was not recorded; NULL is in neither arm.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Exposure:
    """One exposure: how contacts are split, and how the two arms are named.

    ``cit_arm`` and ``other_arm`` complete "contacts ...". The other arm is never called non-CIT:
    another field may say that a CIT officer came. ``shows_cit_came`` marks the exposures that are
    evidence of a CIT officer on scene; they make up the contamination count.
    """

    id: str
    label: str
    definition: str
    cit_arm: str
    other_arm: str
    cit_short: str
    other_short: str
    holds: str
    sources: tuple[str, ...]
    when: str
    shows_cit_came: bool = False
    # A definition of CIT; other exposures are services beside it.
    is_cit: bool = True
    note: str = ""


EXPOSURES = (
    Exposure(
        id="primary",
        label="Reporting officer certified",
        definition="The primary or reporting officer was CIT-certified at the time of the contact,"
        " by the form's own flag or by the certification dates.",
        cit_arm="whose reporting officer was CIT-certified",
        other_arm="whose reporting officer was not",
        cit_short="Reporting officer certified",
        other_short="Reporting officer not certified",
        holds="coalesce(said(primary_officer_cit), primary_certified)",
        sources=("contacts.primary_officer_cit", "certifications.certified_on"),
        when="D",
        shows_cit_came=True,
        note="The headline definition.",
    ),
    Exposure(
        id="arrived",
        label="CIT officer arrived",
        definition="A CIT officer arrived, by the export's own flag.",
        cit_arm="where a CIT officer arrived",
        other_arm="where none is recorded to have arrived",
        cit_short="CIT officer arrived",
        other_short="No CIT arrival recorded",
        holds="said(cit_arrived)",
        sources=("contacts.cit_arrived",),
        when="A",
        shows_cit_came=True,
        note="A sensitivity: more officers come to graver calls, so arrival follows severity.",
    ),
    Exposure(
        id="any",
        label="Any CIT officer",
        definition="The reporting officer was certified, or a CIT officer arrived, or any certified"
        " officer was on scene. Recorded only where every one of these that the source supplies is.",
        cit_arm="with any CIT officer",
        other_arm="with no sign of a CIT officer",
        cit_short="Any CIT officer",
        other_short="No CIT officer in any field",
        holds="any_cit",
        sources=(
            "contacts.primary_officer_cit",
            "contacts.cit_arrived",
            "contact_officers.officer_key",
        ),
        when="A",
        shows_cit_came=True,
        note="A sensitivity: it rises with the number of officers, which follows severity.",
    ),
    Exposure(
        id="dispatched",
        label="CIT officer dispatched",
        definition="A CIT officer was sent, by the export's own flag.",
        cit_arm="to which a CIT officer was dispatched",
        other_arm="to which none was dispatched",
        cit_short="CIT dispatched",
        other_short="CIT not dispatched",
        holds="said(cit_dispatched)",
        sources=("contacts.cit_dispatched",),
        when="D",
    ),
    Exposure(
        id="eligible",
        label="Policy called for CIT",
        definition="Dispatch policy called for a CIT officer, sent or not.",
        cit_arm="for which policy called for CIT",
        other_arm="for which it did not",
        cit_short="Policy called for CIT",
        other_short="Policy did not",
        holds="said(cit_required_by_policy)",
        sources=("contacts.cit_required_by_policy",),
        when="D",
    ),
    Exposure(
        id="team",
        label="All officers certified",
        definition="Every officer recorded on scene was CIT-certified, against none of them; mixed"
        " teams are in neither arm.",
        cit_arm="where every officer on scene was CIT-certified",
        other_arm="where none was",
        cit_short="All certified",
        other_short="None certified",
        holds="CASE WHEN officers_certified = officers_known THEN TRUE"
        " WHEN officers_certified = 0 THEN FALSE END",
        sources=("contact_officers.scene_role", "certifications.certified_on"),
        when="A",
        note="A sensitivity: team size follows severity.",
    ),
    Exposure(
        id="enhanced",
        label="Enhanced CIT officer",
        definition="The primary or reporting officer held an enhanced CIT certification at the time.",
        cit_arm="whose reporting officer was enhanced-CIT-certified",
        other_arm="whose reporting officer was not",
        cit_short="Enhanced-certified",
        other_short="Not enhanced-certified",
        holds="primary_enhanced",
        sources=("certifications.credential",),
        when="D",
    ),
    Exposure(
        id="clinician",
        label="Clinician on scene",
        definition="A clinician was on scene: a co-intervention, never a result of CIT.",
        cit_arm="with a clinician on scene",
        other_arm="without one",
        cit_short="Clinician on scene",
        other_short="No clinician",
        holds="said(clinician_on_scene)",
        sources=("contacts.clinician_on_scene",),
        when="A",
        is_cit=False,
    ),
)
