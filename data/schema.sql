-- Canonical tables. Every table and column carries a COMMENT: it is the data dictionary, read by the
-- templates, the dictionary page and the checks. A column's comment ends in [type, level, when]:
--   type   key (the agency's own number, stored only as a keyed hash), text, date, ts, int, num,
--          code (the local value, kept as it came), enum (the values listed), tri (yes, no, unknown)
--   level  K key, C core, R recommended, O optional, S written by the system
--   when   D known at dispatch (may adjust), B fixed before but written down after arrival,
--          A after arrival, P program or HR record, L later, - not about one contact
-- A tri holds yes, no, unknown (the form was answered "don't know") or NULL (not recorded).

CREATE TYPE tri AS ENUM ('yes', 'no', 'unknown');

CREATE TABLE agencies (
    agency_id VARCHAR PRIMARY KEY,
    agency_name VARCHAR,
    time_zone VARCHAR,
    cit_model VARCHAR,
    force_reporting_threshold VARCHAR,
    crisis_form_required_since DATE,
    fiscal_year_start_month INTEGER,
    simulated BOOLEAN NOT NULL
);
COMMENT ON TABLE agencies IS 'One row per agency.';
COMMENT ON COLUMN agencies.agency_id IS 'Short id used in every file. [text, K, -]';
COMMENT ON COLUMN agencies.agency_name IS 'Name to print. [text, C, -]';
COMMENT ON COLUMN agencies.time_zone IS 'IANA zone of the local clock, such as America/Denver. [text, C, -]';
COMMENT ON COLUMN agencies.cit_model IS 'How CIT is organised; decides which comparison makes sense. Values: volunteer_specialist, all_officers_trained, all_trained_plus_enhanced_team, mandated, none. [enum, C, -]';
COMMENT ON COLUMN agencies.force_reporting_threshold IS 'Lowest thing that is reportable force here; agencies with different thresholds are not pooled. Values: any_physical_contact, control_hold_or_above, display_or_above, injury_or_complaint_or_weapon. [enum, C, -]';
COMMENT ON COLUMN agencies.crisis_form_required_since IS 'Day since which policy requires a form for every crisis contact. [date, C, -]';
COMMENT ON COLUMN agencies.fiscal_year_start_month IS 'Month in which the fiscal year starts, 1 to 12. [int, R, -]';
COMMENT ON COLUMN agencies.simulated IS 'True for the simulated agency of the first start; every page then says so. [text, S, -]';

CREATE TABLE contacts (
    agency_id VARCHAR,
    source VARCHAR,
    contact_id VARCHAR,
    incident_id VARCHAR,
    person_key VARCHAR,
    contact_at TIMESTAMP NOT NULL,
    contact_at_basis VARCHAR,
    district_id VARCHAR,
    shift_id VARCHAR,
    origin VARCHAR,
    initial_call_code VARCHAR,
    initial_call_group VARCHAR,
    priority INTEGER,
    crisis_identified_by VARCHAR,
    cit_required_by_policy tri,
    weapon_reported tri,
    violence_reported tri,
    suicide_reported tri,
    known_prior_contact tri,
    officers_sent INTEGER,
    cit_requested tri,
    cit_dispatched tri,
    cit_arrived tri,
    primary_officer_cit tri,
    response_model VARCHAR,
    clinician_on_scene tri,
    clinician_led tri,
    age_band VARCHAR,
    sex VARCHAR,
    race VARCHAR,
    veteran tri,
    force_used tri,
    weapon_displayed tri,
    restrained VARCHAR,
    subject_injured tri,
    officer_injured tri,
    chargeable tri,
    mandatory_arrest tri,
    warrant tri,
    custody VARCHAR,
    hold tri,
    transported_to VARCHAR,
    transport_voluntary VARCHAR,
    contact_made tri,
    property_damage tri,
    tactical_callout tri,
    officer_minutes INTEGER,
    load_id VARCHAR NOT NULL,
    PRIMARY KEY (agency_id, source, contact_id)
);
COMMENT ON TABLE contacts IS 'One row per crisis contact: one person, one incident.';
COMMENT ON COLUMN contacts.agency_id IS 'The agency. [text, K, -]';
COMMENT ON COLUMN contacts.source IS 'The export the contact came from. Added: add-or-replace works by agency, source and contact id, so that two systems of one agency cannot overwrite each other. [text, K, -]';
COMMENT ON COLUMN contacts.contact_id IS 'Form number. [key, K, -]';
COMMENT ON COLUMN contacts.incident_id IS 'CAD or report number; several contacts may share it. [key, C, D]';
COMMENT ON COLUMN contacts.person_key IS 'Local number of the person; needed for repeat contacts. [key, R, L]';
COMMENT ON COLUMN contacts.contact_at IS 'When it happened, on the agency''s local wall clock. [ts, C, D]';
COMMENT ON COLUMN contacts.contact_at_basis IS 'Which clock that is. Values: occurred, dispatched, arrived, reported, form_submitted. [enum, C, D]';
COMMENT ON COLUMN contacts.district_id IS 'Patrol district as CAD names it. [text, C, D]';
COMMENT ON COLUMN contacts.shift_id IS 'Patrol shift; derived from the clock where the source does not supply it. [text, C, D]';
COMMENT ON COLUMN contacts.origin IS 'How police came into it. Values: 911, non_emergency_line, 988_transfer, text, alarm, on_view, walk_in, other_agency, hold_order_service, welfare_request, scheduled_follow_up, other. [enum, C, D]';
COMMENT ON COLUMN contacts.initial_call_code IS 'Call type at dispatch, as exported. [code, C, D]';
COMMENT ON COLUMN contacts.initial_call_group IS 'Call type at dispatch. Values: suicide, behavioral_crisis, welfare_check, disturbance, domestic, assault, threats, weapon, trespass, suspicious, theft_or_property, overdose, intoxication, medical, missing_person, hold_order_or_transport, warrant, traffic, other, unknown. [enum, C, D]';
COMMENT ON COLUMN contacts.priority IS 'Call priority on the agency''s scale, 0 to 9. [int, R, D]';
COMMENT ON COLUMN contacts.crisis_identified_by IS 'Who knew that it was a crisis: dispatch, or the officer found out. Values: dispatch, officer, both, later_review. [enum, C, A]';
COMMENT ON COLUMN contacts.cit_required_by_policy IS 'Call type or criterion obliges dispatch to send CIT. [tri, R, D]';
COMMENT ON COLUMN contacts.weapon_reported IS 'A weapon was reported in the call. [tri, C, D]';
COMMENT ON COLUMN contacts.violence_reported IS 'Violence was reported in the call. [tri, R, D]';
COMMENT ON COLUMN contacts.suicide_reported IS 'Suicide threat or attempt was reported in the call. [tri, R, D]';
COMMENT ON COLUMN contacts.known_prior_contact IS 'Dispatch saw a history at the premises or of the person. [tri, R, D]';
COMMENT ON COLUMN contacts.officers_sent IS 'Officers on the first dispatch. [int, R, D]';
COMMENT ON COLUMN contacts.cit_requested IS 'A CIT officer was asked for, as the form states it. [tri, C, D]';
COMMENT ON COLUMN contacts.cit_dispatched IS 'A CIT officer was sent, as the form states it. [tri, C, D]';
COMMENT ON COLUMN contacts.cit_arrived IS 'A CIT officer arrived, as the form states it. [tri, C, A]';
COMMENT ON COLUMN contacts.primary_officer_cit IS 'The primary or reporting officer was CIT-certified, as the form flags it; not any CIT officer on scene. [tri, C, D]';
COMMENT ON COLUMN contacts.response_model IS 'Who was sent. Values: patrol, cit_patrol, co_responder, clinician_only, mobile_crisis, mixed, unknown. [enum, C, D]';
COMMENT ON COLUMN contacts.clinician_on_scene IS 'A clinician was on scene. [tri, R, A]';
COMMENT ON COLUMN contacts.clinician_led IS 'The clinician led the contact. [tri, R, A]';
COMMENT ON COLUMN contacts.age_band IS 'Age of the person, in bands. Values: under_12, 12_17, 18_24, 25_34, 35_44, 45_54, 55_64, 65_plus, unknown. [enum, R, B]';
COMMENT ON COLUMN contacts.sex IS 'Sex of the person, as recorded. Values: female, male, another, unknown. [enum, R, B]';
COMMENT ON COLUMN contacts.race IS 'Race of the person, as recorded. Values: asian, black, hispanic_latino, indigenous, pacific_islander, white, multiple, other, unknown. [enum, R, B]';
COMMENT ON COLUMN contacts.veteran IS 'The person is a veteran. [tri, R, B]';
COMMENT ON COLUMN contacts.force_used IS 'Reportable force was used, by the agency''s own threshold. [tri, C, A]';
COMMENT ON COLUMN contacts.weapon_displayed IS 'An officer pointed or displayed a weapon; apart from force. [tri, R, A]';
COMMENT ON COLUMN contacts.restrained IS 'Restraints apart from force. Values: none, handcuffs, soft_restraint, other, unknown. [enum, R, A]';
COMMENT ON COLUMN contacts.subject_injured IS 'The person was injured during the contact; not before it, and not the presenting self-harm. [tri, C, A]';
COMMENT ON COLUMN contacts.officer_injured IS 'An officer was injured during the contact. [tri, C, A]';
COMMENT ON COLUMN contacts.chargeable IS 'Probable cause for a criminal charge existed, arrested or not. [tri, C, A]';
COMMENT ON COLUMN contacts.mandatory_arrest IS 'Law or policy left no discretion to arrest. [tri, C, A]';
COMMENT ON COLUMN contacts.warrant IS 'The arrest was on a warrant. [tri, C, A]';
COMMENT ON COLUMN contacts.custody IS 'Criminal custody. Values: none, cited_released, arrested_released, arrested_booked, arrested_booking_unknown. [enum, C, A]';
COMMENT ON COLUMN contacts.hold IS 'An emergency involuntary hold was begun. [tri, C, A]';
COMMENT ON COLUMN contacts.transported_to IS 'Main destination. Values: none, emergency_department, crisis_receiving, psychiatric_hospital, detox_sobering, jail, shelter, home, clinic, other, unknown. [enum, C, A]';
COMMENT ON COLUMN contacts.transport_voluntary IS 'Whether the person agreed to the transport. Values: voluntary, involuntary, not_transported, unknown. [enum, C, A]';
COMMENT ON COLUMN contacts.contact_made IS 'The person was found; no means unable to contact. [tri, C, A]';
COMMENT ON COLUMN contacts.property_damage IS 'Property was damaged during the contact. [tri, R, A]';
COMMENT ON COLUMN contacts.tactical_callout IS 'A tactical team was called out. [tri, R, A]';
COMMENT ON COLUMN contacts.officer_minutes IS 'Minutes from dispatch to clear, summed over officers. [int, R, A]';
COMMENT ON COLUMN contacts.load_id IS 'The load that wrote this row. [text, S, -]';

CREATE TABLE contact_officers (
    agency_id VARCHAR,
    source VARCHAR,
    contact_id VARCHAR,
    officer_key VARCHAR,
    scene_role VARCHAR,
    service_years INTEGER,
    load_id VARCHAR NOT NULL,
    PRIMARY KEY (agency_id, source, contact_id, officer_key)
);
COMMENT ON TABLE contact_officers IS 'One row per officer at a contact.';
COMMENT ON COLUMN contact_officers.agency_id IS 'The agency. [text, K, -]';
COMMENT ON COLUMN contact_officers.source IS 'The export the row came from. [text, K, -]';
COMMENT ON COLUMN contact_officers.contact_id IS 'The contact. [key, K, -]';
COMMENT ON COLUMN contact_officers.officer_key IS 'Badge, serial or employee number. [key, K, A]';
COMMENT ON COLUMN contact_officers.scene_role IS 'What the officer did there; reporting or lead is the primary officer. Values: reporting, lead, backup, supervisor, co_responder, transport, unknown. [enum, C, A]';
COMMENT ON COLUMN contact_officers.service_years IS 'Whole years of police service at the time of the contact, as exported. [int, R, P]';
COMMENT ON COLUMN contact_officers.load_id IS 'The load that wrote this row. [text, S, -]';

CREATE TABLE officers (
    agency_id VARCHAR,
    officer_key VARCHAR,
    role VARCHAR,
    left_month DATE,
    cit_selection VARCHAR,
    hired_month DATE,
    experience_years_at_hire DOUBLE,
    load_id VARCHAR NOT NULL,
    PRIMARY KEY (agency_id, officer_key)
);
COMMENT ON TABLE officers IS 'One row per employee, without name or anything else that identifies.';
COMMENT ON COLUMN officers.agency_id IS 'The agency. [text, K, P]';
COMMENT ON COLUMN officers.officer_key IS 'Badge, serial or employee number. [key, K, P]';
COMMENT ON COLUMN officers.role IS 'Role now. Values: patrol_officer, deputy, sergeant, lieutenant_or_above, detective, school_resource, co_responder_officer, telecommunicator, corrections, civilian_clinician, other. [enum, C, P]';
COMMENT ON COLUMN officers.left_month IS 'First day of the month of leaving; blank is still employed. [date, R, P]';
COMMENT ON COLUMN officers.cit_selection IS 'How this person came to CIT. Values: volunteered_selected, volunteered, assigned, recruit_academy, not_in_program, unknown. [enum, C, P]';
COMMENT ON COLUMN officers.hired_month IS 'First day of the month of hire; with the contact''s date it gives years of service. [date, R, P]';
COMMENT ON COLUMN officers.experience_years_at_hire IS 'Years of police service before that, for lateral hires. [num, O, P]';
COMMENT ON COLUMN officers.load_id IS 'The load that wrote this row. [text, S, -]';

CREATE TABLE certifications (
    agency_id VARCHAR,
    officer_key VARCHAR,
    credential VARCHAR,
    certified_on DATE,
    certifying_body VARCHAR,
    expires_on DATE,
    earned_at_agency VARCHAR,
    load_id VARCHAR NOT NULL,
    PRIMARY KEY (agency_id, officer_key, credential, certified_on)
);
COMMENT ON TABLE certifications IS 'One row per credential of one person.';
COMMENT ON COLUMN certifications.agency_id IS 'The agency. [text, K, P]';
COMMENT ON COLUMN certifications.officer_key IS 'Badge, serial or employee number. [key, K, P]';
COMMENT ON COLUMN certifications.credential IS 'What was earned; cit_40h and cit_enhanced make a CIT officer. Values: cit_40h, cit_enhanced, cit_youth, cit_veterans, cit_dispatcher, cit_coordinator, cit_instructor, mh_awareness, mh_first_aid, icat_or_deescalation. [enum, K, P]';
COMMENT ON COLUMN certifications.certified_on IS 'First day in force. [date, K, P]';
COMMENT ON COLUMN certifications.certifying_body IS 'Who certified: the state''s certificate and an in-house one differ. Values: state_program, state_post, regional_program, agency_in_house, other, unknown. [enum, C, P]';
COMMENT ON COLUMN certifications.expires_on IS 'First day no longer in force; blank does not expire. [date, C, P]';
COMMENT ON COLUMN certifications.earned_at_agency IS 'Agency where it was earned: it moves with the officer. Its id, or other. [text, R, P]';
COMMENT ON COLUMN certifications.load_id IS 'The load that wrote this row. [text, S, -]';

CREATE TABLE dispositions (
    agency_id VARCHAR,
    source VARCHAR,
    contact_id VARCHAR,
    disposition VARCHAR,
    raw_disposition VARCHAR,
    load_id VARCHAR NOT NULL
);
COMMENT ON TABLE dispositions IS 'One row per disposition of a contact.';
COMMENT ON COLUMN dispositions.agency_id IS 'The agency. [text, K, -]';
COMMENT ON COLUMN dispositions.source IS 'The export the row came from. [text, K, -]';
COMMENT ON COLUMN dispositions.contact_id IS 'The contact. [key, K, -]';
COMMENT ON COLUMN dispositions.disposition IS 'How the contact ended. Values: arrest_booked, arrest_booking_unknown, cited_released, hold_involuntary, admitted_voluntary, transport_crisis_facility, transport_medical, detox_sobering, mobile_crisis_on_scene, referred_provider, referred_for_evaluation, provider_notified, crisis_line, resources_declined, shelter_transport, courtesy_transport, turned_over_family, turned_over_clinician, resolved_on_scene, no_action, frequent_contact, unable_to_contact, plan_consulted, other. [enum, C, A]';
COMMENT ON COLUMN dispositions.raw_disposition IS 'As exported; labels change with the records system. [code, C, A]';
COMMENT ON COLUMN dispositions.load_id IS 'The load that wrote this row. [text, S, -]';

CREATE TABLE force_events (
    agency_id VARCHAR,
    source VARCHAR,
    contact_id VARCHAR,
    force_id VARCHAR,
    seq INTEGER,
    agency_level VARCHAR,
    category VARCHAR,
    display_only tri,
    report_due_at TIMESTAMP,
    report_filed_at TIMESTAMP,
    supervisor_reviewed_at TIMESTAMP,
    finding VARCHAR,
    load_id VARCHAR NOT NULL,
    PRIMARY KEY (agency_id, source, contact_id, force_id, seq)
);
COMMENT ON TABLE force_events IS 'One row per application of force: officer by person by application. An application whose contact is not known cannot be placed and is rejected.';
COMMENT ON COLUMN force_events.agency_id IS 'The agency. [text, K, -]';
COMMENT ON COLUMN force_events.source IS 'The export the row came from. [text, K, -]';
COMMENT ON COLUMN force_events.contact_id IS 'The contact. [key, K, -]';
COMMENT ON COLUMN force_events.force_id IS 'Number of the force report. [key, K, A]';
COMMENT ON COLUMN force_events.seq IS 'Number of the application within the report. [int, K, A]';
COMMENT ON COLUMN force_events.agency_level IS 'The agency''s own level, never renumbered. [code, C, A]';
COMMENT ON COLUMN force_events.category IS 'What was used; the last three are off the scale of force and reported beside it. Values: control_hold_or_escort, takedown_no_injury, body_weight_pin, pressure_point_or_joint_lock, takedown_injury, strike_or_kick, chemical, ced_used, impact_weapon, impact_munition, canine_bite, vehicle, neck_restraint, strike_to_head_with_object, firearm_discharged, none, verbal_only, handcuffs, display. [enum, C, A]';
COMMENT ON COLUMN force_events.display_only IS 'A weapon was pointed or displayed, not used; such a row is off the scale. [tri, C, A]';
COMMENT ON COLUMN force_events.report_due_at IS 'When the report was due. [ts, C, L]';
COMMENT ON COLUMN force_events.report_filed_at IS 'When it was filed; blank where it is not. [ts, C, L]';
COMMENT ON COLUMN force_events.supervisor_reviewed_at IS 'When a supervisor reviewed it; blank where none has. [ts, C, L]';
COMMENT ON COLUMN force_events.finding IS 'What the review found. Values: within_policy, training, policy_violation, pending, other. [enum, R, L]';
COMMENT ON COLUMN force_events.load_id IS 'The load that wrote this row. [text, S, -]';

CREATE TABLE injuries (
    agency_id VARCHAR,
    source VARCHAR,
    contact_id VARCHAR,
    injury_id VARCHAR,
    who VARCHAR,
    cause VARCHAR,
    severity VARCHAR,
    treatment VARCHAR,
    days_lost INTEGER,
    comp_claim tri,
    load_id VARCHAR NOT NULL,
    PRIMARY KEY (agency_id, source, contact_id, injury_id)
);
COMMENT ON TABLE injuries IS 'One row per injury of one person.';
COMMENT ON COLUMN injuries.agency_id IS 'The agency. [text, K, -]';
COMMENT ON COLUMN injuries.source IS 'The export the row came from. [text, K, -]';
COMMENT ON COLUMN injuries.contact_id IS 'The contact. [key, K, -]';
COMMENT ON COLUMN injuries.injury_id IS 'Number of the injury. [key, K, A]';
COMMENT ON COLUMN injuries.who IS 'Who was hurt. Values: subject, officer, clinician, other_responder, third_party. [enum, C, A]';
COMMENT ON COLUMN injuries.cause IS 'What hurt them; without it injuries are not comparable. Values: officer_force, subject_assault, self_inflicted_before_arrival, self_inflicted_during, before_contact, accident, restraint_or_transport, unknown. [enum, C, A]';
COMMENT ON COLUMN injuries.severity IS 'How grave it was. Values: complaint_of_pain, minor, serious, fatal, unknown. [enum, C, A]';
COMMENT ON COLUMN injuries.treatment IS 'What was done for it. Values: none, first_aid, ems_on_scene, emergency_department, admitted, refused, unknown. [enum, R, A]';
COMMENT ON COLUMN injuries.days_lost IS 'Working days an officer lost. [int, O, L]';
COMMENT ON COLUMN injuries.comp_claim IS 'Workers'' compensation was opened. [tri, O, L]';
COMMENT ON COLUMN injuries.load_id IS 'The load that wrote this row. [text, S, -]';

CREATE TABLE referrals (
    agency_id VARCHAR,
    source VARCHAR,
    contact_id VARCHAR,
    referral_id VARCHAR,
    provider_id VARCHAR,
    referral_kind VARCHAR,
    made_at TIMESTAMP,
    agreed VARCHAR,
    provider_accepted_at DATE,
    first_service_on DATE,
    feedback_received tri,
    load_id VARCHAR NOT NULL,
    PRIMARY KEY (agency_id, source, contact_id, referral_id)
);
COMMENT ON TABLE referrals IS 'One row per referral.';
COMMENT ON COLUMN referrals.agency_id IS 'The agency. [text, K, -]';
COMMENT ON COLUMN referrals.source IS 'The export the row came from. [text, K, -]';
COMMENT ON COLUMN referrals.contact_id IS 'The contact. [key, K, -]';
COMMENT ON COLUMN referrals.referral_id IS 'Number of the referral. [key, K, A]';
COMMENT ON COLUMN referrals.provider_id IS 'The organisation. [text, R, A]';
COMMENT ON COLUMN referrals.referral_kind IS 'From a card left to a person handed over. Values: information_given, provider_notified, appointment_made, warm_handoff, mobile_crisis_on_scene, transport. [enum, C, A]';
COMMENT ON COLUMN referrals.made_at IS 'When it was made. [ts, C, A]';
COMMENT ON COLUMN referrals.agreed IS 'Whether the person agreed to it. Values: accepted, declined, not_asked, unknown. [enum, R, A]';
COMMENT ON COLUMN referrals.provider_accepted_at IS 'Day the provider accepted the person. [date, R, L]';
COMMENT ON COLUMN referrals.first_service_on IS 'Day of the first service the provider gave. [date, C, L]';
COMMENT ON COLUMN referrals.feedback_received IS 'The provider reported back; where not, completion is not recorded. [tri, C, L]';
COMMENT ON COLUMN referrals.load_id IS 'The load that wrote this row. [text, S, -]';

CREATE TABLE holds (
    agency_id VARCHAR,
    source VARCHAR,
    contact_id VARCHAR,
    hold_id VARCHAR,
    on_prescribed_form tri,
    states_belief_of_danger tri,
    states_nature_of_danger tri,
    states_observations tri,
    states_facts_of_notice tri,
    outcome VARCHAR,
    load_id VARCHAR NOT NULL,
    PRIMARY KEY (agency_id, source, contact_id, hold_id)
);
COMMENT ON TABLE holds IS 'One row per involuntary hold.';
COMMENT ON COLUMN holds.agency_id IS 'The agency. [text, K, -]';
COMMENT ON COLUMN holds.source IS 'The export the row came from. [text, K, -]';
COMMENT ON COLUMN holds.contact_id IS 'The contact. [key, K, -]';
COMMENT ON COLUMN holds.hold_id IS 'Number of the hold. [key, K, A]';
COMMENT ON COLUMN holds.on_prescribed_form IS 'Written on the form the law prescribes. [tri, C, L]';
COMMENT ON COLUMN holds.states_belief_of_danger IS 'The form states that the officer believes in danger; presence only, never the text. [tri, C, L]';
COMMENT ON COLUMN holds.states_nature_of_danger IS 'The form states what the danger is. [tri, C, L]';
COMMENT ON COLUMN holds.states_observations IS 'The form states what the officer saw. [tri, C, L]';
COMMENT ON COLUMN holds.states_facts_of_notice IS 'The form states how it came to the officer''s notice. [tri, C, L]';
COMMENT ON COLUMN holds.outcome IS 'How the facility decided. Values: admitted_involuntary, admitted_voluntary, released_not_meeting_criteria, released_other, transferred, left, unknown. [enum, C, L]';
COMMENT ON COLUMN holds.load_id IS 'The load that wrote this row. [text, S, -]';

CREATE TABLE transports (
    agency_id VARCHAR,
    source VARCHAR,
    contact_id VARCHAR,
    seq INTEGER,
    mode VARCHAR,
    destination_kind VARCHAR,
    provider_id VARCHAR,
    voluntary VARCHAR,
    restrained VARCHAR,
    arrived_at TIMESTAMP,
    accepted_at TIMESTAMP,
    officer_free_at TIMESTAMP,
    accepted VARCHAR,
    load_id VARCHAR NOT NULL,
    PRIMARY KEY (agency_id, source, contact_id, seq)
);
COMMENT ON TABLE transports IS 'One row per trip.';
COMMENT ON COLUMN transports.agency_id IS 'The agency. [text, K, -]';
COMMENT ON COLUMN transports.source IS 'The export the row came from. [text, K, -]';
COMMENT ON COLUMN transports.contact_id IS 'The contact. [key, K, -]';
COMMENT ON COLUMN transports.seq IS 'Number of the trip within the contact. [int, K, A]';
COMMENT ON COLUMN transports.mode IS 'Who drove. Values: police_vehicle, unmarked_police, ambulance, co_responder_vehicle, clinician, contracted_secure, family, taxi_or_transit, other. [enum, C, A]';
COMMENT ON COLUMN transports.destination_kind IS 'Kind of destination. Values: none, emergency_department, crisis_receiving, psychiatric_hospital, detox_sobering, jail, shelter, home, clinic, other, unknown. [enum, C, A]';
COMMENT ON COLUMN transports.provider_id IS 'The organisation. [text, R, A]';
COMMENT ON COLUMN transports.voluntary IS 'Whether the person agreed. Values: voluntary, involuntary, unknown. [enum, C, A]';
COMMENT ON COLUMN transports.restrained IS 'Restraint on the way. Values: none, handcuffs, soft_restraint, other, unknown. [enum, R, A]';
COMMENT ON COLUMN transports.arrived_at IS 'When they arrived there. [ts, R, A]';
COMMENT ON COLUMN transports.accepted_at IS 'When the facility took over. [ts, R, A]';
COMMENT ON COLUMN transports.officer_free_at IS 'When the officer could leave. [ts, R, A]';
COMMENT ON COLUMN transports.accepted IS 'Whether the facility took the person. Values: accepted, turned_away_full, turned_away_medical, turned_away_behaviour, turned_away_hours, unknown. [enum, R, A]';
COMMENT ON COLUMN transports.load_id IS 'The load that wrote this row. [text, S, -]';

CREATE TABLE contact_codes (
    agency_id VARCHAR,
    source VARCHAR,
    contact_id VARCHAR,
    kind VARCHAR,
    code VARCHAR,
    load_id VARCHAR NOT NULL,
    PRIMARY KEY (agency_id, source, contact_id, kind, code)
);
COMMENT ON TABLE contact_codes IS 'One row per box ticked on a form that allows several.';
COMMENT ON COLUMN contact_codes.agency_id IS 'The agency. [text, K, -]';
COMMENT ON COLUMN contact_codes.source IS 'The export the row came from. [text, K, -]';
COMMENT ON COLUMN contact_codes.contact_id IS 'The contact. [key, K, -]';
COMMENT ON COLUMN contact_codes.kind IS 'Which set of boxes. Values: nature, behavior, weapon, technique, dispatch_criterion, need. [enum, K, A]';
COMMENT ON COLUMN contact_codes.code IS 'The box. [text, K, A]';
COMMENT ON COLUMN contact_codes.load_id IS 'The load that wrote this row. [text, S, -]';

CREATE TABLE bookings (
    agency_id VARCHAR,
    source VARCHAR,
    contact_id VARCHAR,
    booking_id VARCHAR,
    booked_at TIMESTAMP,
    released_at TIMESTAMP,
    smi_screen VARCHAR,
    connected_to_care tri,
    load_id VARCHAR NOT NULL,
    PRIMARY KEY (agency_id, source, contact_id, booking_id)
);
COMMENT ON TABLE bookings IS 'One row per jail booking that follows a contact.';
COMMENT ON COLUMN bookings.agency_id IS 'The agency. [text, K, -]';
COMMENT ON COLUMN bookings.source IS 'The export the row came from. [text, K, -]';
COMMENT ON COLUMN bookings.contact_id IS 'The contact. [key, K, -]';
COMMENT ON COLUMN bookings.booking_id IS 'Number of the booking. [key, K, L]';
COMMENT ON COLUMN bookings.booked_at IS 'When it began. [ts, C, L]';
COMMENT ON COLUMN bookings.released_at IS 'When the person left; blank is still held. [ts, C, L]';
COMMENT ON COLUMN bookings.smi_screen IS 'The jail''s screen for serious mental illness. Values: positive, negative, not_screened, unknown. [enum, R, L]';
COMMENT ON COLUMN bookings.connected_to_care IS 'Connected to care on release. [tri, O, L]';
COMMENT ON COLUMN bookings.load_id IS 'The load that wrote this row. [text, S, -]';

CREATE TABLE documents (
    agency_id VARCHAR,
    source VARCHAR,
    contact_id VARCHAR,
    document VARCHAR,
    required tri,
    due_at TIMESTAMP,
    submitted_at TIMESTAMP,
    approved_at TIMESTAMP,
    fields_required INTEGER,
    fields_filled INTEGER,
    missing_fields VARCHAR,
    returned_times INTEGER,
    load_id VARCHAR NOT NULL,
    PRIMARY KEY (agency_id, source, contact_id, document)
);
COMMENT ON TABLE documents IS 'One row per document a contact owes by policy, whether or not it came.';
COMMENT ON COLUMN documents.agency_id IS 'The agency. [text, K, -]';
COMMENT ON COLUMN documents.source IS 'The export the row came from. [text, K, -]';
COMMENT ON COLUMN documents.contact_id IS 'The contact. [key, K, -]';
COMMENT ON COLUMN documents.document IS 'Which document. Values: crisis_form, force_report, hold_form, arrest_report, injury_report, supervisor_review, bodycam_tag, referral_form. [enum, K, L]';
COMMENT ON COLUMN documents.required IS 'Policy asks for it, from facts known before it was written. [tri, C, L]';
COMMENT ON COLUMN documents.due_at IS 'When it was due. [ts, C, L]';
COMMENT ON COLUMN documents.submitted_at IS 'When it was handed in; blank where it is missing. [ts, C, L]';
COMMENT ON COLUMN documents.approved_at IS 'When a supervisor approved it; blank where none has. [ts, C, L]';
COMMENT ON COLUMN documents.fields_required IS 'Fields it must fill. [int, C, L]';
COMMENT ON COLUMN documents.fields_filled IS 'Of these, fields filled. [int, C, L]';
COMMENT ON COLUMN documents.missing_fields IS 'Canonical names of the fields left blank, with ; between. [text, R, L]';
COMMENT ON COLUMN documents.returned_times IS 'Times it was sent back for correction. [int, O, L]';
COMMENT ON COLUMN documents.load_id IS 'The load that wrote this row. [text, S, -]';

CREATE TABLE critical_events (
    agency_id VARCHAR,
    critical_id VARCHAR,
    contact_id VARCHAR,
    kind VARCHAR,
    occurred_on DATE,
    review_status VARCHAR,
    legal_hold tri,
    load_id VARCHAR NOT NULL,
    PRIMARY KEY (agency_id, critical_id)
);
COMMENT ON TABLE critical_events IS 'One row per event that is listed, never rated.';
COMMENT ON COLUMN critical_events.agency_id IS 'The agency. [text, K, -]';
COMMENT ON COLUMN critical_events.critical_id IS 'Number of the event. [key, K, A]';
COMMENT ON COLUMN critical_events.contact_id IS 'The contact, where it is known. [key, C, A]';
COMMENT ON COLUMN critical_events.kind IS 'What happened. Values: death_by_force, death_in_custody, suicide_during_contact, suicide_within_30_days, officer_shooting_nonfatal, serious_bodily_injury, officer_death, officer_serious_injury. [enum, C, A]';
COMMENT ON COLUMN critical_events.occurred_on IS 'Day it happened. [date, C, A]';
COMMENT ON COLUMN critical_events.review_status IS 'Where its review stands. Values: open, closed_within_policy, closed_with_findings, external. [enum, C, L]';
COMMENT ON COLUMN critical_events.legal_hold IS 'Under legal hold: a purge leaves its contact alone. [tri, C, L]';
COMMENT ON COLUMN critical_events.load_id IS 'The load that wrote this row. [text, S, -]';

CREATE TABLE complaints (
    agency_id VARCHAR,
    complaint_id VARCHAR,
    allegation VARCHAR,
    contact_id VARCHAR,
    incident_id VARCHAR,
    kind VARCHAR,
    received_on DATE,
    closed_on DATE,
    channel VARCHAR,
    finding VARCHAR,
    load_id VARCHAR NOT NULL,
    PRIMARY KEY (agency_id, complaint_id, allegation)
);
COMMENT ON TABLE complaints IS 'One row per allegation of a complaint, per inquiry or per commendation.';
COMMENT ON COLUMN complaints.agency_id IS 'The agency. [text, K, -]';
COMMENT ON COLUMN complaints.complaint_id IS 'Number of the complaint. [key, K, L]';
COMMENT ON COLUMN complaints.allegation IS 'What is alleged; none where it is a commendation. Values: force, discourtesy, neglect, unlawful_arrest_or_hold, bias, failure_to_get_care, other, none. [enum, K, L]';
COMMENT ON COLUMN complaints.contact_id IS 'The contact, where it is known. [key, C, L]';
COMMENT ON COLUMN complaints.incident_id IS 'CAD or report number, where only that is known. [key, C, L]';
COMMENT ON COLUMN complaints.kind IS 'What it is; only complaints are counted as such. Values: complaint, commendation, inquiry. [enum, C, L]';
COMMENT ON COLUMN complaints.received_on IS 'Day it was received. [date, C, L]';
COMMENT ON COLUMN complaints.closed_on IS 'Day it was closed; blank is still open. [date, C, L]';
COMMENT ON COLUMN complaints.channel IS 'Who brought it. Values: person, family, provider, anonymous, internal, other. [enum, O, L]';
COMMENT ON COLUMN complaints.finding IS 'What was found. Values: sustained, not_sustained, unfounded, exonerated, mediated, withdrawn, pending, na. [enum, C, L]';
COMMENT ON COLUMN complaints.load_id IS 'The load that wrote this row. [text, S, -]';

CREATE TABLE claims (
    agency_id VARCHAR,
    claim_id VARCHAR,
    occurrence_id VARCHAR,
    contact_id VARCHAR,
    incident_id VARCHAR,
    line VARCHAR,
    cause VARCHAR,
    occurred_on DATE,
    reported_on DATE,
    notice_of_claim_on DATE,
    suit_filed_on DATE,
    forum VARCHAR,
    policy_year INTEGER,
    retention DOUBLE,
    policy_limit DOUBLE,
    resolution VARCHAR,
    privileged tri,
    load_id VARCHAR NOT NULL,
    PRIMARY KEY (agency_id, claim_id)
);
COMMENT ON TABLE claims IS 'One row per claim: what does not change with its valuation.';
COMMENT ON COLUMN claims.agency_id IS 'The agency. [text, K, -]';
COMMENT ON COLUMN claims.claim_id IS 'Number of the claim. [key, K, L]';
COMMENT ON COLUMN claims.occurrence_id IS 'Number of the event, where several claim for one. [key, R, L]';
COMMENT ON COLUMN claims.contact_id IS 'The contact; without it or an incident the claim is not linked, and counted apart. [key, C, L]';
COMMENT ON COLUMN claims.incident_id IS 'CAD or report number, where only that is known. [key, C, L]';
COMMENT ON COLUMN claims.line IS 'Line of cover. Values: law_enforcement_liability, workers_compensation, auto, general_liability, property. [enum, C, L]';
COMMENT ON COLUMN claims.cause IS 'What is claimed for. Values: excessive_force, wrongful_death, false_arrest_or_imprisonment, unlawful_hold, failure_to_protect, failure_to_train, disability_accommodation, negligence, property, injury_to_officer, other. [enum, C, L]';
COMMENT ON COLUMN claims.occurred_on IS 'Date of loss. [date, C, L]';
COMMENT ON COLUMN claims.reported_on IS 'Day it was reported. [date, C, L]';
COMMENT ON COLUMN claims.notice_of_claim_on IS 'Day of the notice of claim. [date, R, L]';
COMMENT ON COLUMN claims.suit_filed_on IS 'Day a suit was filed; blank where none was. [date, R, L]';
COMMENT ON COLUMN claims.forum IS 'Where it is heard. Values: none, state, federal, administrative. [enum, O, L]';
COMMENT ON COLUMN claims.policy_year IS 'Policy year it belongs to. [int, C, L]';
COMMENT ON COLUMN claims.retention IS 'Deductible or self-insured retention, in dollars. [num, R, L]';
COMMENT ON COLUMN claims.policy_limit IS 'Limit of the policy, in dollars. [num, R, L]';
COMMENT ON COLUMN claims.resolution IS 'How it ended. Values: open, denied, withdrawn, dismissed, summary_judgment, settled, verdict_defence, verdict_plaintiff, closed_without_payment. [enum, C, L]';
COMMENT ON COLUMN claims.privileged IS 'Shown to attorney and administrator only; what is not marked no is withheld from everyone else. [tri, C, L]';
COMMENT ON COLUMN claims.load_id IS 'The load that wrote this row. [text, S, -]';

CREATE TABLE claim_valuations (
    agency_id VARCHAR,
    claim_id VARCHAR,
    valued_on DATE,
    paid_loss DOUBLE,
    paid_expense DOUBLE,
    reserve_loss DOUBLE,
    reserve_expense DOUBLE,
    recoveries DOUBLE,
    status VARCHAR,
    load_id VARCHAR NOT NULL,
    PRIMARY KEY (agency_id, claim_id, valued_on)
);
COMMENT ON TABLE claim_valuations IS 'One row per claim and date of valuation, from each loss run as it came. Only ever added to: a newer loss run changes no older valuation.';
COMMENT ON COLUMN claim_valuations.agency_id IS 'The agency. [text, K, -]';
COMMENT ON COLUMN claim_valuations.claim_id IS 'Number of the claim. [key, K, L]';
COMMENT ON COLUMN claim_valuations.valued_on IS 'Date of valuation of the loss run. [date, K, L]';
COMMENT ON COLUMN claim_valuations.paid_loss IS 'Indemnity paid so far, in dollars. [num, C, L]';
COMMENT ON COLUMN claim_valuations.paid_expense IS 'Defence and adjustment paid so far. [num, C, L]';
COMMENT ON COLUMN claim_valuations.reserve_loss IS 'Case reserve for indemnity. [num, C, L]';
COMMENT ON COLUMN claim_valuations.reserve_expense IS 'Case reserve for defence and adjustment. [num, C, L]';
COMMENT ON COLUMN claim_valuations.recoveries IS 'Recovered so far. [num, O, L]';
COMMENT ON COLUMN claim_valuations.status IS 'Where it stood. Values: open, closed, reopened. [enum, C, L]';
COMMENT ON COLUMN claim_valuations.load_id IS 'The load that wrote this row. [text, S, -]';

CREATE TABLE events (
    agency_id VARCHAR,
    event_id VARCHAR,
    event_date DATE NOT NULL,
    event_kind VARCHAR NOT NULL,
    district_id VARCHAR,
    label VARCHAR NOT NULL,
    load_id VARCHAR NOT NULL,
    PRIMARY KEY (agency_id, event_id)
);
COMMENT ON TABLE events IS 'One row per thing that may explain a change on a trend.';
COMMENT ON COLUMN events.agency_id IS 'The agency. [text, K, -]';
COMMENT ON COLUMN events.event_id IS 'Number of the event. [text, K, -]';
COMMENT ON COLUMN events.event_date IS 'Day it took effect. [date, C, -]';
COMMENT ON COLUMN events.event_kind IS 'What changed. Values: program_start, training_class, policy_change, form_change, records_system_change, dispatch_change, facility_opened, facility_closed, co_responder_start, line_988_change, staffing_change, decree_milestone, other. [enum, C, -]';
COMMENT ON COLUMN events.district_id IS 'District it is about; blank is the whole agency. [text, O, -]';
COMMENT ON COLUMN events.label IS 'What it says on the chart, in 60 characters or fewer. [text, C, -]';
COMMENT ON COLUMN events.load_id IS 'The load that wrote this row. [text, S, -]';

CREATE TABLE calls (
    agency_id VARCHAR,
    call_id VARCHAR,
    incident_id VARCHAR,
    received_at TIMESTAMP,
    origin VARCHAR,
    priority INTEGER,
    initial_call_group VARCHAR,
    crisis_flag_at_dispatch tri,
    crisis_flag_final tri,
    district_id VARCHAR,
    disposition_of_call VARCHAR,
    cit_available tri,
    dispatched_at TIMESTAMP,
    first_arrived_at TIMESTAMP,
    cleared_at TIMESTAMP,
    load_id VARCHAR NOT NULL,
    PRIMARY KEY (agency_id, call_id)
);
COMMENT ON TABLE calls IS 'One row per call in computer-aided dispatch, whether or not a form followed.';
COMMENT ON COLUMN calls.agency_id IS 'The agency. [text, K, -]';
COMMENT ON COLUMN calls.call_id IS 'Number of the call. [key, K, D]';
COMMENT ON COLUMN calls.incident_id IS 'Report number that links to the form. [key, C, D]';
COMMENT ON COLUMN calls.received_at IS 'When the telephone was picked up. [ts, C, D]';
COMMENT ON COLUMN calls.origin IS 'How it came in. Values: 911, non_emergency_line, 988_transfer, text, alarm, on_view, walk_in, other_agency, hold_order_service, welfare_request, scheduled_follow_up, other. [enum, C, D]';
COMMENT ON COLUMN calls.priority IS 'Priority on the agency''s scale, 0 to 9. [int, R, D]';
COMMENT ON COLUMN calls.initial_call_group IS 'Call type at dispatch. Values: suicide, behavioral_crisis, welfare_check, disturbance, domestic, assault, threats, weapon, trespass, suspicious, theft_or_property, overdose, intoxication, medical, missing_person, hold_order_or_transport, warrant, traffic, other, unknown. [enum, C, D]';
COMMENT ON COLUMN calls.crisis_flag_at_dispatch IS 'Coded as behavioural health at dispatch. [tri, C, D]';
COMMENT ON COLUMN calls.crisis_flag_final IS 'Coded so when cleared. [tri, R, A]';
COMMENT ON COLUMN calls.district_id IS 'District. [text, C, D]';
COMMENT ON COLUMN calls.disposition_of_call IS 'Who took it. Values: police_dispatched, co_responder, alternative_responder, transferred_988, transferred_mobile_crisis, ems_only, telephone_resolved, cancelled, duplicate, no_unit_sent. [enum, C, D]';
COMMENT ON COLUMN calls.cit_available IS 'A CIT officer was on duty and free in the district. [tri, R, D]';
COMMENT ON COLUMN calls.dispatched_at IS 'When the first unit was sent. [ts, C, A]';
COMMENT ON COLUMN calls.first_arrived_at IS 'When the first unit arrived. [ts, C, A]';
COMMENT ON COLUMN calls.cleared_at IS 'When the last unit was free. [ts, C, A]';
COMMENT ON COLUMN calls.load_id IS 'The load that wrote this row. [text, S, -]';

CREATE TABLE call_units (
    agency_id VARCHAR,
    call_id VARCHAR,
    officer_key VARCHAR,
    unit_kind VARCHAR,
    dispatched_at TIMESTAMP,
    arrived_at TIMESTAMP,
    cleared_at TIMESTAMP,
    load_id VARCHAR NOT NULL,
    PRIMARY KEY (agency_id, call_id, officer_key)
);
COMMENT ON TABLE call_units IS 'One row per call and officer: who was there, and when.';
COMMENT ON COLUMN call_units.agency_id IS 'The agency. [text, K, -]';
COMMENT ON COLUMN call_units.call_id IS 'Number of the call. [key, K, A]';
COMMENT ON COLUMN call_units.officer_key IS 'Badge, serial or employee number. [key, K, A]';
COMMENT ON COLUMN call_units.unit_kind IS 'Kind of unit. Values: patrol, cit_patrol, supervisor, co_responder, clinician, ems, fire, tactical, k9, other_agency. [enum, C, D]';
COMMENT ON COLUMN call_units.dispatched_at IS 'When it was sent. [ts, C, A]';
COMMENT ON COLUMN call_units.arrived_at IS 'When it arrived; blank where it never did. [ts, C, A]';
COMMENT ON COLUMN call_units.cleared_at IS 'When it was free. [ts, C, A]';
COMMENT ON COLUMN call_units.load_id IS 'The load that wrote this row. [text, S, -]';

CREATE TABLE districts (
    agency_id VARCHAR,
    district_id VARCHAR,
    district_name VARCHAR,
    patrolled tri,
    load_id VARCHAR NOT NULL,
    PRIMARY KEY (agency_id, district_id)
);
COMMENT ON TABLE districts IS 'One row per patrol district.';
COMMENT ON COLUMN districts.agency_id IS 'The agency. [text, K, -]';
COMMENT ON COLUMN districts.district_id IS 'District as CAD names it. [text, K, -]';
COMMENT ON COLUMN districts.district_name IS 'Name to print. [text, R, -]';
COMMENT ON COLUMN districts.patrolled IS 'Counts for the coverage rule. [tri, C, -]';
COMMENT ON COLUMN districts.load_id IS 'The load that wrote this row. [text, S, -]';

CREATE TABLE shifts (
    agency_id VARCHAR,
    shift_id VARCHAR,
    shift_name VARCHAR,
    starts_at VARCHAR,
    ends_at VARCHAR,
    weekdays VARCHAR,
    counts_for_coverage tri,
    load_id VARCHAR NOT NULL,
    PRIMARY KEY (agency_id, shift_id)
);
COMMENT ON TABLE shifts IS 'One row per patrol shift.';
COMMENT ON COLUMN shifts.agency_id IS 'The agency. [text, K, -]';
COMMENT ON COLUMN shifts.shift_id IS 'Shift as the roster names it. [text, K, -]';
COMMENT ON COLUMN shifts.shift_name IS 'Name to print. [text, R, -]';
COMMENT ON COLUMN shifts.starts_at IS 'Local time at which it starts, HH:MM. [text, C, -]';
COMMENT ON COLUMN shifts.ends_at IS 'Local time at which it ends, HH:MM; it may cross midnight. [text, C, -]';
COMMENT ON COLUMN shifts.weekdays IS 'Days on which it starts, Monday first, a dash for a day off: MTWTF-- is weekdays. Blank is every day. [text, R, -]';
COMMENT ON COLUMN shifts.counts_for_coverage IS 'Is a patrol shift under the rule of coverage. [tri, C, -]';
COMMENT ON COLUMN shifts.load_id IS 'The load that wrote this row. [text, S, -]';

CREATE TABLE assignments (
    agency_id VARCHAR,
    officer_key VARCHAR,
    from_date DATE,
    to_date DATE,
    on_patrol tri,
    district_id VARCHAR,
    shift_id VARCHAR,
    squad VARCHAR,
    cit_designated tri,
    load_id VARCHAR NOT NULL,
    PRIMARY KEY (agency_id, officer_key, from_date)
);
COMMENT ON TABLE assignments IS 'One row per officer and period: who was on patrol, and who served as a CIT officer.';
COMMENT ON COLUMN assignments.agency_id IS 'The agency. [text, K, -]';
COMMENT ON COLUMN assignments.officer_key IS 'Badge, serial or employee number. [key, K, P]';
COMMENT ON COLUMN assignments.from_date IS 'First day. [date, K, P]';
COMMENT ON COLUMN assignments.to_date IS 'First day no longer; blank is current. [date, C, P]';
COMMENT ON COLUMN assignments.on_patrol IS 'Counts as patrol. [tri, C, P]';
COMMENT ON COLUMN assignments.district_id IS 'Home district. [text, R, P]';
COMMENT ON COLUMN assignments.shift_id IS 'Home shift. [text, R, P]';
COMMENT ON COLUMN assignments.squad IS 'Squad: those who work and rest on the same days. [text, R, P]';
COMMENT ON COLUMN assignments.cit_designated IS 'Serves as a CIT officer; trained is not designated. [tri, C, P]';
COMMENT ON COLUMN assignments.load_id IS 'The load that wrote this row. [text, S, -]';

CREATE TABLE rosters (
    agency_id VARCHAR,
    officer_key VARCHAR,
    duty_date DATE,
    shift_id VARCHAR,
    district_id VARCHAR,
    duty_status VARCHAR,
    dispatchable tri,
    load_id VARCHAR NOT NULL,
    PRIMARY KEY (agency_id, officer_key, duty_date, shift_id)
);
COMMENT ON TABLE rosters IS 'One row per officer, day and shift.';
COMMENT ON COLUMN rosters.agency_id IS 'The agency. [text, K, -]';
COMMENT ON COLUMN rosters.officer_key IS 'Badge, serial or employee number. [key, K, P]';
COMMENT ON COLUMN rosters.duty_date IS 'Day on which the shift starts. [date, K, P]';
COMMENT ON COLUMN rosters.shift_id IS 'The shift. [text, K, P]';
COMMENT ON COLUMN rosters.district_id IS 'District worked in. [text, C, P]';
COMMENT ON COLUMN rosters.duty_status IS 'What the officer did; only the first three can take a call. Values: worked, overtime, held_over, court, training, leave, sick, light_duty, loaned_out. [enum, C, P]';
COMMENT ON COLUMN rosters.dispatchable IS 'Assigned to answer calls. [tri, R, P]';
COMMENT ON COLUMN rosters.load_id IS 'The load that wrote this row. [text, S, -]';

CREATE TABLE trainings (
    agency_id VARCHAR,
    officer_key VARCHAR,
    course_id VARCHAR,
    completed_on DATE,
    course_kind VARCHAR,
    hours DOUBLE,
    volunteered tri,
    years_service_at_training DOUBLE,
    result VARCHAR,
    load_id VARCHAR NOT NULL,
    PRIMARY KEY (agency_id, officer_key, course_id, completed_on)
);
COMMENT ON TABLE trainings IS 'One row per person and course.';
COMMENT ON COLUMN trainings.agency_id IS 'The agency. [text, K, -]';
COMMENT ON COLUMN trainings.officer_key IS 'Badge, serial or employee number. [key, K, P]';
COMMENT ON COLUMN trainings.course_id IS 'Number of the course. [text, K, P]';
COMMENT ON COLUMN trainings.completed_on IS 'Day it ended. [date, K, P]';
COMMENT ON COLUMN trainings.course_kind IS 'Kind of course. Values: cit_40h, cit_enhanced, cit_in_service, cit_dispatcher_8h, mh_awareness, deescalation, hold_law, other. [enum, C, P]';
COMMENT ON COLUMN trainings.hours IS 'Hours of instruction. [num, C, P]';
COMMENT ON COLUMN trainings.volunteered IS 'Volunteered for this course. [tri, R, P]';
COMMENT ON COLUMN trainings.years_service_at_training IS 'Years of service when it began; under 1 is a recruit. [num, R, P]';
COMMENT ON COLUMN trainings.result IS 'How it ended. Values: completed, failed, withdrew. [enum, R, P]';
COMMENT ON COLUMN trainings.load_id IS 'The load that wrote this row. [text, S, -]';

CREATE TABLE service_providers (
    agency_id VARCHAR,
    provider_id VARCHAR,
    provider_name VARCHAR,
    provider_kind VARCHAR,
    accepts_police_dropoff VARCHAR,
    accepts_involuntary tri,
    hours VARCHAR,
    agreement_from DATE,
    agreement_to DATE,
    dropoff_target_minutes INTEGER,
    load_id VARCHAR NOT NULL,
    PRIMARY KEY (agency_id, provider_id)
);
COMMENT ON TABLE service_providers IS 'One row per organisation or facility, never a person.';
COMMENT ON COLUMN service_providers.agency_id IS 'The agency. [text, K, -]';
COMMENT ON COLUMN service_providers.provider_id IS 'Number of the organisation. [text, K, -]';
COMMENT ON COLUMN service_providers.provider_name IS 'Name of the organisation. [text, R, -]';
COMMENT ON COLUMN service_providers.provider_kind IS 'Kind of service. Values: emergency_department, crisis_receiving, psychiatric_hospital, mobile_crisis, outpatient_mh, substance_use, detox_sobering, crisis_line, veterans, youth_crisis, older_adult, shelter, case_management, peer, jail_health, primary_care, other. [enum, C, -]';
COMMENT ON COLUMN service_providers.accepts_police_dropoff IS 'Whether police may bring people. Values: always, limited_hours, with_medical_clearance, no. [enum, R, -]';
COMMENT ON COLUMN service_providers.accepts_involuntary IS 'Takes people on a hold. [tri, R, -]';
COMMENT ON COLUMN service_providers.hours IS 'When it is open. Values: all_hours, extended, business. [enum, R, -]';
COMMENT ON COLUMN service_providers.agreement_from IS 'First day of the written agreement with the agency. [date, R, -]';
COMMENT ON COLUMN service_providers.agreement_to IS 'First day without it; blank is still in force. [date, R, -]';
COMMENT ON COLUMN service_providers.dropoff_target_minutes IS 'Minutes within which it promised to take over. [int, O, -]';
COMMENT ON COLUMN service_providers.load_id IS 'The load that wrote this row. [text, S, -]';

CREATE TABLE program_elements (
    agency_id VARCHAR,
    element VARCHAR,
    as_of DATE,
    status VARCHAR,
    instrument VARCHAR,
    assessed_by VARCHAR,
    evidence VARCHAR,
    load_id VARCHAR NOT NULL,
    PRIMARY KEY (agency_id, element, as_of)
);
COMMENT ON TABLE program_elements IS 'One row per element of best practice and date of assessment: what no record system can hold.';
COMMENT ON COLUMN program_elements.agency_id IS 'The agency. [text, K, -]';
COMMENT ON COLUMN program_elements.element IS 'The element. Values: steering_committee_meets, law_enforcement_coordinator, mental_health_coordinator, advocacy_or_lived_experience_partner, written_agreement_with_receiving_facility, no_refusal_dropoff, cit_policy_in_force, dispatch_policy_names_cit, telecommunicators_trained, officers_volunteer_and_are_selected, selection_includes_interview_and_record_review, patrol_experience_before_training, forty_hour_curriculum, people_with_lived_experience_teach, site_visits, scenario_practice, in_service_every_two_years, cit_officer_leads_scene, clinician_available_all_hours, all_others_have_awareness_training, data_collected_on_every_contact, data_reviewed_by_committee, recognition_of_officers, program_certified, youth_protocol, veterans_protocol, outreach_to_community. [enum, K, P]';
COMMENT ON COLUMN program_elements.as_of IS 'Day of the assessment. [date, K, P]';
COMMENT ON COLUMN program_elements.status IS 'How far it is met. Values: met, partly, planned, not_met, not_assessed. [enum, C, P]';
COMMENT ON COLUMN program_elements.instrument IS 'Which instrument, with its edition. [text, R, P]';
COMMENT ON COLUMN program_elements.assessed_by IS 'Who assessed it. Values: self, peer_review, state_council, cit_international, monitor. [enum, R, P]';
COMMENT ON COLUMN program_elements.evidence IS 'Reference of the document that shows it; no narrative. [text, O, P]';
COMMENT ON COLUMN program_elements.load_id IS 'The load that wrote this row. [text, S, -]';

CREATE TABLE source_columns (
    agency_id VARCHAR,
    source VARCHAR,
    table_name VARCHAR,
    column_name VARCHAR,
    codes VARCHAR[],
    recorded_from DATE,
    recorded_until DATE,
    PRIMARY KEY (agency_id, source, table_name, column_name)
);
COMMENT ON TABLE source_columns IS 'Which canonical columns each export supplies, since when, and which codes it can say. What is not here is not recorded by that source.';
COMMENT ON COLUMN source_columns.agency_id IS 'The agency. [text, S, -]';
COMMENT ON COLUMN source_columns.source IS 'The export. [text, S, -]';
COMMENT ON COLUMN source_columns.table_name IS 'Canonical table. [text, S, -]';
COMMENT ON COLUMN source_columns.column_name IS 'Canonical column that the mapping fills. [text, S, -]';
COMMENT ON COLUMN source_columns.codes IS 'Canonical values the mapping can produce; NULL where any value can come. [text, S, -]';
COMMENT ON COLUMN source_columns.recorded_from IS 'First day the column was recorded; NULL from the beginning. [date, S, -]';
COMMENT ON COLUMN source_columns.recorded_until IS 'First day the column was no longer recorded; NULL to the end. [date, S, -]';

CREATE TABLE loads (
    load_id VARCHAR PRIMARY KEY,
    agency_id VARCHAR,
    source VARCHAR,
    mapping VARCHAR,
    files VARCHAR[],
    file_sha256 VARCHAR[],
    started_at TIMESTAMPTZ,
    mode VARCHAR,
    covers_from DATE,
    covers_to DATE,
    rows_read BIGINT,
    repeated_headers BIGINT,
    contacts BIGINT,
    duplicates_collapsed BIGINT,
    rejected_n BIGINT,
    removed_n BIGINT,
    conflicts VARCHAR,
    unknown_values VARCHAR,
    not_recorded VARCHAR,
    dropped_columns VARCHAR[],
    unused_columns VARCHAR[]
);
COMMENT ON TABLE loads IS 'One row per load.';
COMMENT ON COLUMN loads.load_id IS 'Id of the load and of the snapshot it made. [text, S, -]';
COMMENT ON COLUMN loads.agency_id IS 'The agency. [text, S, -]';
COMMENT ON COLUMN loads.source IS 'The export. [text, S, -]';
COMMENT ON COLUMN loads.mapping IS 'Mapping used, with its edition. [text, S, -]';
COMMENT ON COLUMN loads.files IS 'File names, without folders. [text, S, -]';
COMMENT ON COLUMN loads.file_sha256 IS 'SHA-256 of each file as delivered. [text, S, -]';
COMMENT ON COLUMN loads.started_at IS 'When the load began. [ts, S, -]';
COMMENT ON COLUMN loads.mode IS 'Whether the load replaced the whole period it covers. Values: add_or_replace, replace_period. [enum, S, -]';
COMMENT ON COLUMN loads.covers_from IS 'First contact date in the files. [date, S, -]';
COMMENT ON COLUMN loads.covers_to IS 'Last contact date in the files. [date, S, -]';
COMMENT ON COLUMN loads.rows_read IS 'Data rows read, repeated headers apart. [int, S, -]';
COMMENT ON COLUMN loads.repeated_headers IS 'Header lines found again inside the data, and skipped. [int, S, -]';
COMMENT ON COLUMN loads.contacts IS 'Contacts the files hold. [int, S, -]';
COMMENT ON COLUMN loads.duplicates_collapsed IS 'Rows that repeated another row. [int, S, -]';
COMMENT ON COLUMN loads.rejected_n IS 'Rows rejected. [int, S, -]';
COMMENT ON COLUMN loads.removed_n IS 'Contacts removed because the period was replaced and they are no longer in the export. [int, S, -]';
COMMENT ON COLUMN loads.conflicts IS 'JSON: contacts with conflicting values, by column. [text, S, -]';
COMMENT ON COLUMN loads.unknown_values IS 'JSON: values the mapping does not know, by column, with counts. [text, S, -]';
COMMENT ON COLUMN loads.not_recorded IS 'JSON: contacts where an outcome is not recorded, by outcome. [text, S, -]';
COMMENT ON COLUMN loads.dropped_columns IS 'Headers that may identify a person; their values were written nowhere. [text, S, -]';
COMMENT ON COLUMN loads.unused_columns IS 'Headers the mapping does not use; not stored. [text, S, -]';

CREATE TABLE rejected (
    load_id VARCHAR,
    file VARCHAR,
    row_number BIGINT,
    reason VARCHAR,
    column_name VARCHAR,
    row_hash VARCHAR
);
COMMENT ON TABLE rejected IS 'Rows that were not loaded: where and why, never their values.';
COMMENT ON COLUMN rejected.load_id IS 'The load. [text, S, -]';
COMMENT ON COLUMN rejected.file IS 'File name. [text, S, -]';
COMMENT ON COLUMN rejected.row_number IS 'Data row in the file; 1 is the row after the header. [int, S, -]';
COMMENT ON COLUMN rejected.reason IS 'Why, in words. [text, S, -]';
COMMENT ON COLUMN rejected.column_name IS 'Column of the export at fault, where one is. [text, S, -]';
COMMENT ON COLUMN rejected.row_hash IS 'Keyed hash of the row, to recognise it in the next export. [key, S, -]';

CREATE TABLE disposition_codes (
    code VARCHAR PRIMARY KEY,
    custody VARCHAR,
    care_link VARCHAR,
    voluntary VARCHAR
);
COMMENT ON TABLE disposition_codes IS 'What each disposition means; filled from the registry.';
COMMENT ON COLUMN disposition_codes.code IS 'Canonical disposition. [text, S, -]';
COMMENT ON COLUMN disposition_codes.custody IS 'Criminal custody it implies: booked, arrest, cited, or none. [text, S, -]';
COMMENT ON COLUMN disposition_codes.care_link IS 'Link to care it implies: transport, warm_handoff, handoff, referral, notified, offered, or none. [text, S, -]';
COMMENT ON COLUMN disposition_codes.voluntary IS 'Whether the person agreed: yes, no, or NULL where the code does not say. [text, S, -]';
