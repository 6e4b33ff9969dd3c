"""What *Did CIT come?* says whatever the numbers: definitions, notes, and the files it needs."""

from __future__ import annotations

from data.prepared.calls import LONGEST_HOURS

INTRO = (
    "Calls are counted here, whether or not a form followed: those that dispatch coded as behavioural"
    " health and police took. That a CIT officer came describes who was sent; it says nothing about how the"
    " call ended."
)

FILES = (
    "Not recorded by this source: who came is known only from the record of dispatch. Load `calls.csv` (one"
    " row per call) and `call_units.csv` (one row per call and officer, with the time of arrival)."
    " `python -m data template --out DIR` writes their headers."
)
UNITS_FILE = (
    "Who came is not recorded by this source: load `call_units.csv`, with `call_units.arrived_at`"
    " (`python -m data template --out DIR` writes its header)."
)
FLAGS = "Until then only the forms speak, each by its own flag, and a call without a form is in neither line:"
PLACES_NOTE = (
    "Each mark is the share of calls to which a CIT officer came, with its 95% interval; the line is all"
    " calls together. Not a ranking: places with few calls vary by chance."
)
HOURS_NOTE = "By the hour in which the call was received; the line is all hours together."
MONTHS_NOTE = (
    "By month of receipt, whole months only. The band is where months vary by chance (Laney's p' chart,"
    " three sigma); marked months lie outside it, or in a run of eight on one side."
)
SPLITS = {"district": "District", "shift": "Shift", "hour": "Hour"}

ENDINGS = {
    "police_dispatched": "Police sent",
    "co_responder": "Police with a co-responder",
    "transferred_988": "Transferred to 988",
    "transferred_mobile_crisis": "Transferred to mobile crisis",
    "alternative_responder": "Alternative responder",
    "ems_only": "Ambulance only",
    "telephone_resolved": "Resolved by telephone",
    "no_unit_sent": "No unit sent",
}

DEFINITIONS = (
    "**Calls counted**: every call received in the period, but for duplicates and cancelled calls, which"
    " are counted apart.",
    "**The cohort**: calls coded as behavioural health at dispatch that police took, by their disposition"
    " (police sent, or police with a co-responder) or because a unit was dispatched.",
    "**A CIT officer came**: a unit that arrived was an officer whose CIT certification (40 hours or"
    " enhanced) was in force on the day of arrival. Where an agency has no such certification on record,"
    " a unit of the kind *CIT patrol*. A call without any unit on record, or whose units say not who"
    " arrived, is not recorded: it is in neither number.",
    "**Available, not sent**: among cohort calls to which none came and for which it was recorded whether a"
    " CIT officer was on duty and free in the district, those for which one was.",
    "**Minutes to CIT**: from the time the call was received (not from dispatch) to the arrival of the first"
    f" certified officer. Arrivals before the call or more than {LONGEST_HOURS} hours after it are slips of"
    " a clock: counted, and left out.",
    "**Calls without a form**: cohort calls whose incident number is on no form, from the day the agency"
    " requires forms, as far as forms are loaded. A call without an incident number is not known.",
    "**Diverted**: calls coded at dispatch, police or not, that went to 988, mobile crisis, an alternative"
    " responder or an ambulance alone, or were resolved by telephone.",
    "**Coding by call takers**: among calls police took whose coding at dispatch and when cleared are both"
    " recorded, calls coded at dispatch of those coded when cleared (sensitivity), and calls not coded when"
    " cleared of those coded at dispatch.",
    "Unknown and blank answers are never counted as no.",
)
