-- The tables of the product's first edition, for the tests: a store made with it must still open.

CREATE TYPE tri AS ENUM ('yes', 'no', 'unknown');

CREATE TABLE agencies (
    agency_id VARCHAR PRIMARY KEY,
    agency_name VARCHAR,
    time_zone VARCHAR,
    cit_model VARCHAR,
    force_reporting_threshold VARCHAR,
    simulated BOOLEAN NOT NULL
);

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

CREATE TABLE contact_officers (
    agency_id VARCHAR,
    source VARCHAR,
    contact_id VARCHAR,
    officer_key VARCHAR,
    scene_role VARCHAR,
    load_id VARCHAR NOT NULL,
    PRIMARY KEY (agency_id, source, contact_id, officer_key)
);

CREATE TABLE certifications (
    agency_id VARCHAR,
    officer_key VARCHAR,
    credential VARCHAR,
    certified_on DATE,
    expires_on DATE,
    load_id VARCHAR NOT NULL,
    PRIMARY KEY (agency_id, officer_key, credential, certified_on)
);

CREATE TABLE dispositions (
    agency_id VARCHAR,
    source VARCHAR,
    contact_id VARCHAR,
    disposition VARCHAR,
    raw_disposition VARCHAR,
    load_id VARCHAR NOT NULL
);

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

CREATE TABLE rejected (
    load_id VARCHAR,
    file VARCHAR,
    row_number BIGINT,
    reason VARCHAR,
    column_name VARCHAR,
    row_hash VARCHAR
);

CREATE TABLE disposition_codes (
    code VARCHAR PRIMARY KEY,
    custody VARCHAR,
    care_link VARCHAR,
    voluntary VARCHAR
);

CREATE TABLE encounters (
    agency_id VARCHAR,
    source VARCHAR,
    contact_id VARCHAR,
    contact_at TIMESTAMP,
    contact_date DATE,
    officer_key VARCHAR,
    person_key VARCHAR,
    cit_came BOOLEAN,
    exposure_primary BOOLEAN,
    exposure_arrived BOOLEAN,
    exposure_any BOOLEAN,
    exposure_dispatched BOOLEAN,
    exposure_eligible BOOLEAN,
    exposure_team BOOLEAN,
    exposure_enhanced BOOLEAN,
    exposure_clinician BOOLEAN,
    call_group VARCHAR,
    origin VARCHAR,
    priority VARCHAR,
    weapon VARCHAR,
    violence VARCHAR,
    suicide VARCHAR,
    district VARCHAR,
    shift VARCHAR,
    weekend VARCHAR,
    year VARCHAR,
    known_prior VARCHAR,
    officers_sent VARCHAR,
    age_band VARCHAR,
    sex VARCHAR,
    race VARCHAR,
    veteran VARCHAR,
    outcome_force BOOLEAN,
    eligible_force BOOLEAN,
    outcome_injury BOOLEAN,
    eligible_injury BOOLEAN,
    outcome_arrest BOOLEAN,
    eligible_arrest BOOLEAN,
    outcome_voluntary_care BOOLEAN,
    eligible_voluntary_care BOOLEAN,
    outcome_emergency_hold BOOLEAN,
    eligible_emergency_hold BOOLEAN,
    outcome_jail_booking BOOLEAN,
    eligible_jail_booking BOOLEAN,
    outcome_jail_diversion BOOLEAN,
    eligible_jail_diversion BOOLEAN,
    outcome_not_booked_though_chargeable BOOLEAN,
    eligible_not_booked_though_chargeable BOOLEAN,
    outcome_subject_injury BOOLEAN,
    eligible_subject_injury BOOLEAN,
    outcome_officer_injury BOOLEAN,
    eligible_officer_injury BOOLEAN,
    outcome_referral BOOLEAN,
    eligible_referral BOOLEAN,
    outcome_resolved_on_scene BOOLEAN,
    eligible_resolved_on_scene BOOLEAN,
    outcome_no_action BOOLEAN,
    eligible_no_action BOOLEAN,
    outcome_property_damage BOOLEAN,
    eligible_property_damage BOOLEAN,
    outcome_tactical_callout BOOLEAN,
    eligible_tactical_callout BOOLEAN
);
