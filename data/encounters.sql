-- The facts behind the one analysis relation: exactly one row per crisis contact.
-- What can be many per contact (dispositions, officers) is rolled up here; the registries' exposures,
-- covariates and outcomes are then added as columns over these facts (data/encounters.py).

-- A yes/no as TRUE, FALSE, or NULL where it was blank or answered unknown.
CREATE OR REPLACE TEMP MACRO said(answer) AS
    CASE CAST(answer AS VARCHAR) WHEN 'yes' THEN TRUE WHEN 'no' THEN FALSE END;

-- TRUE if either field says so; FALSE if at least one was recorded and none says so.
CREATE OR REPLACE TEMP MACRO either(a, b) AS
    CASE WHEN a IS TRUE OR b IS TRUE THEN TRUE WHEN a IS FALSE OR b IS FALSE THEN FALSE END;

CREATE OR REPLACE TEMP MACRO among(code, wanted) AS
    CASE WHEN code IS NOT NULL AND code <> 'unknown' THEN list_contains(wanted, code) END;

-- Codes as the bits of one number: asking a list of text for each of a dozen outcomes took longer than
-- all joins together. A constant list becomes a number when the query is planned.
CREATE OR REPLACE TEMP MACRO code_bits(codes) AS
    list_bit_or(list_transform(codes, lambda code: disposition_bit(code)));

-- Did the contact end in one of the wanted dispositions? FALSE only where a disposition was recorded
-- and the source has a label for at least one of them: what it cannot say is not recorded.
CREATE OR REPLACE TEMP MACRO disposed_bits(recorded, sayable, bits) AS
    CASE WHEN recorded & bits <> 0 THEN TRUE
         WHEN recorded <> 0 AND sayable & bits <> 0 THEN FALSE END;
CREATE OR REPLACE TEMP MACRO disposed(recorded, sayable, wanted) AS
    disposed_bits(recorded, sayable, code_bits(wanted));

-- Seen again within so many days of the first contact: FALSE only where the export reaches that far.
CREATE OR REPLACE TEMP MACRO seen_again(days, first_of_person, contact_day, last_day, days_to_next) AS
    CASE WHEN first_of_person AND days_to_next <= days THEN TRUE
         WHEN first_of_person AND contact_day + days <= last_day THEN FALSE END;

-- The contact a person is followed from: the first one, where the export reaches that far.
CREATE OR REPLACE TEMP MACRO followed(days, first_of_person, contact_day, last_day) AS
    CASE WHEN first_of_person IS NOT NULL
         THEN first_of_person AND contact_day + days <= last_day END;

CREATE OR REPLACE TEMP VIEW encounter_facts AS
WITH supply AS (
    SELECT agency_id, source,
           -- Yes or no for each column asked about: a list would be copied to every contact.
           bool_or(supplied = 'force_events.category') AS force_category,
           bool_or(supplied = 'injuries.severity') AND bool_or(supplied = 'injuries.cause')
               AS injury_severity_and_cause,
           bool_or(supplied = 'referrals.referral_id') AS referrals,
           bool_or(supplied = 'holds.hold_id') AS holds,
           -- Of a list that never says what came nobody can say that it is late.
           bool_or(supplied = 'documents.submitted_at') AS documents,
           bool_or(supplied = 'force_events.report_filed_at') AS force_reports,
           bool_or(supplied = 'contacts.primary_officer_cit') AS primary_officer_cit,
           bool_or(supplied = 'contacts.cit_arrived') AS cit_arrived,
           bool_or(supplied = 'contacts.shift_id') AS shift,
           code_bits(first(codes) FILTER (supplied = 'dispositions.disposition')) AS codes,
           -- A source that only names the reporting officer says nothing about the rest of the team.
           bool_or(table_name = 'contact_officers' AND column_name = 'scene_role'
                   AND (codes IS NULL OR len(list_filter(codes, lambda c: c NOT IN ('reporting', 'lead'))) > 0))
               AS names_team
    FROM (SELECT *, table_name || '.' || column_name AS supplied FROM source_columns)
    GROUP BY agency_id, source
),
ended AS (
    SELECT agency_id, source, contact_id,
           bit_or(disposition_bit(disposition)) AS disposition_codes
    FROM dispositions WHERE disposition IS NOT NULL GROUP BY ALL
),
certified_agencies AS (
    SELECT DISTINCT agency_id FROM certifications WHERE credential IN ('cit_40h', 'cit_enhanced')
),
cit_credentials AS (
    SELECT * FROM certifications WHERE credential IN ('cit_40h', 'cit_enhanced')
),
-- From one day on which a credential of theirs begins or ends to the next, an officer's standing stays:
-- one row for each stretch, so that no contact meets two of them.
standing AS (
    SELECT d.agency_id, d.officer_key, d.since,
           lead(d.since) OVER (PARTITION BY d.agency_id, d.officer_key ORDER BY d.since) AS until,
           bool_or(c.certified_on <= d.since AND (c.expires_on IS NULL OR d.since < c.expires_on))
               AS certified,
           bool_or(c.credential = 'cit_enhanced' AND c.certified_on <= d.since
                   AND (c.expires_on IS NULL OR d.since < c.expires_on)) AS enhanced
    FROM (SELECT agency_id, officer_key, certified_on AS since FROM cit_credentials
          UNION SELECT agency_id, officer_key, expires_on FROM cit_credentials
          WHERE expires_on IS NOT NULL) d
    JOIN cit_credentials c USING (agency_id, officer_key)
    GROUP BY d.agency_id, d.officer_key, d.since
),
on_scene AS (
    SELECT o.agency_id, o.source, o.contact_id, o.officer_key,
           CASE o.scene_role WHEN 'reporting' THEN '0' WHEN 'lead' THEN '1' END AS rank,
           CASE WHEN ca.agency_id IS NOT NULL THEN coalesce(c.certified, FALSE) END AS certified,
           CASE WHEN ca.agency_id IS NOT NULL THEN coalesce(c.enhanced, FALSE) END AS enhanced,
           coalesce(o.service_years,
                    datediff('day', p.hired_month, CAST(k.contact_at AS DATE)) / 365.25
                    + coalesce(p.experience_years_at_hire, 0)) AS service_years
    FROM contact_officers o
    JOIN contacts k USING (agency_id, source, contact_id)
    LEFT JOIN officers p ON p.agency_id = o.agency_id AND p.officer_key = o.officer_key
    LEFT JOIN certified_agencies ca ON ca.agency_id = o.agency_id
    LEFT JOIN standing c
        ON c.agency_id = o.agency_id AND c.officer_key = o.officer_key
        AND c.since <= CAST(k.contact_at AS DATE)
        AND (c.until IS NULL OR CAST(k.contact_at AS DATE) < c.until)
),
team AS (
    SELECT agency_id, source, contact_id,
           -- The reporting officer before one in the lead; NULL, and left out, for everyone else.
           arg_min(officer_key, rank || officer_key) AS officer_key,
           arg_min(certified, rank || officer_key) AS primary_certified,
           arg_min(enhanced, rank || officer_key) AS primary_enhanced,
           arg_min(service_years, rank || officer_key) AS service_years,
           bool_or(certified) AS any_certified,
           count(certified) AS officers_known,
           count(*) FILTER (certified) AS officers_certified
    FROM on_scene GROUP BY ALL
),
-- A display is off the scale, whatever its category says.
forced AS (
    SELECT agency_id, source, contact_id,
           max(force_rank(category)) FILTER (display_only IS DISTINCT FROM 'yes') AS force_rank
    FROM force_events GROUP BY ALL
),
-- Hurt during the contact: surely and gravely, or perhaps (grave or not, during or not is not said).
hurt AS (
    SELECT agency_id, source, contact_id,
           bool_or(who_counts IS TRUE AND grave IS TRUE AND during IS TRUE) AS gravely_hurt,
           bool_or(who_counts IS NOT FALSE AND grave IS NOT FALSE AND during IS NOT FALSE)
               AS perhaps_gravely_hurt,
           bool_or(who = 'subject' AND during IS TRUE) AS subject_hurt,
           bool_or(who = 'officer' AND during IS TRUE) AS officer_hurt
    FROM (
        SELECT *, who IN ('subject', 'officer') AS who_counts,
               among(severity, ['serious', 'fatal']) AS grave,
               among(cause, ['officer_force', 'subject_assault', 'self_inflicted_during',
                             'accident', 'restraint_or_transport']) AS during
        FROM injuries
    ) GROUP BY ALL
),
last_days AS (
    SELECT agency_id, source, CAST(max(contact_at) AS DATE) AS last_day FROM contacts GROUP BY ALL
),
-- One visit is one person in one incident: two forms on one incident are no return.
visits AS (
    SELECT agency_id, source, person_key, coalesce(incident_id, contact_id) AS visit,
           min(contact_at) AS visit_at, arg_min(contact_id, (contact_at, contact_id)) AS first_form
    FROM contacts WHERE person_key IS NOT NULL GROUP BY ALL
),
returns AS (
    SELECT agency_id, source, first_form AS contact_id,
           row_number() OVER in_time = 1 AS first_of_person,
           CAST(lead(visit_at) OVER in_time AS DATE) - CAST(visit_at AS DATE) AS days_to_next
    FROM visits
    WINDOW in_time AS (PARTITION BY agency_id, source, person_key ORDER BY visit_at, visit)
),
-- Completed: served within 30 days of a referral that was not declined, by the provider's report.
-- Not completed only where the provider of every one reported back and 30 days have passed.
referred AS (
    SELECT agency_id, source, contact_id,
           bool_or(served) AS served_in_time, bool_and(served IS FALSE) AS none_served
    FROM (
        SELECT r.*, CASE
                   WHEN feedback_received IS DISTINCT FROM 'yes' OR made_at IS NULL THEN NULL
                   WHEN first_service_on IS NOT NULL
                       THEN first_service_on BETWEEN CAST(made_at AS DATE)
                                                 AND CAST(made_at AS DATE) + 30
                   WHEN CAST(made_at AS DATE) + 30 <= last_day THEN FALSE END AS served
        FROM referrals r JOIN last_days USING (agency_id, source)
        WHERE agreed IS DISTINCT FROM 'declined'
    ) GROUP BY ALL
),
held AS (
    SELECT agency_id, source, contact_id,
           bool_or(admitted) AS admitted, bool_and(admitted IS FALSE) AS none_admitted
    FROM (SELECT *, among(outcome, ['admitted_involuntary', 'admitted_voluntary']) AS admitted
          FROM holds) GROUP BY ALL
),
-- A complaint or a claim names the contact, or only its incident: that says which contact it is about
-- where the incident has one contact, and otherwise that it may be about this one.
incidents AS (
    SELECT agency_id, incident_id, count(*) AS contacts FROM contacts
    WHERE incident_id IS NOT NULL GROUP BY ALL
),
-- Liability only. What is privileged, or may be, is not counted at all: a gap in its place would tell.
-- A list of claims none of which may be shown says nothing, of nobody.
shown_claims AS (
    SELECT * FROM claims WHERE privileged = 'no' AND line IS DISTINCT FROM 'workers_compensation'
),
named AS (
    SELECT agency_id, contact_id, incident_id, 'complaint' AS what FROM complaints WHERE kind = 'complaint'
    UNION ALL
    SELECT agency_id, contact_id, incident_id, 'claim' FROM shown_claims
),
placed AS (
    SELECT k.agency_id, k.source, k.contact_id, n.what, TRUE AS surely
    FROM named n JOIN contacts k ON k.agency_id = n.agency_id AND k.contact_id = n.contact_id
    UNION ALL
    SELECT k.agency_id, k.source, k.contact_id, n.what, i.contacts = 1
    FROM named n
    JOIN contacts k ON k.agency_id = n.agency_id AND k.incident_id = n.incident_id
    JOIN incidents i ON i.agency_id = n.agency_id AND i.incident_id = n.incident_id
    WHERE n.contact_id IS NULL
),
-- TRUE: surely of this contact; FALSE: may be of this one or of another.
followed_by AS (
    SELECT agency_id, source, contact_id,
           bool_or(surely) FILTER (what = 'complaint') AS complaint,
           bool_or(surely) FILTER (what = 'claim') AS claim
    FROM placed GROUP BY ALL
),
-- How far each of these reaches: of a contact after that nobody can say yet that there was none.
complaints_reach AS (
    SELECT agency_id, max(received_on) AS until FROM complaints GROUP BY ALL
),
claims_reach AS (
    SELECT agency_id, max(day) AS until FROM (
        SELECT agency_id, reported_on AS day FROM shown_claims
        UNION ALL
        SELECT v.agency_id, v.valued_on FROM claim_valuations v
        SEMI JOIN shown_claims c ON c.agency_id = v.agency_id AND c.claim_id = v.claim_id
    ) GROUP BY ALL
),
-- Owed, complete and in time. What has not come is neither before it is due, by the last day of data.
owed AS (
    SELECT d.agency_id, d.source, d.contact_id, d.document,
           CASE WHEN fields_filled IS NOT NULL AND submitted_at IS NOT NULL
                    THEN fields_filled >= fields_required
                WHEN submitted_at IS NULL AND CAST(due_at AS DATE) <= last_day THEN FALSE
           END AS complete,
           CASE WHEN submitted_at IS NOT NULL THEN submitted_at <= due_at
                WHEN CAST(due_at AS DATE) <= last_day THEN FALSE END AS in_time
    FROM documents d JOIN last_days USING (agency_id, source)
    WHERE d.required = 'yes'
),
-- Of a form the one row; of reports on force the documents, else the force reports themselves.
form_owed AS (SELECT * FROM owed WHERE document = 'crisis_form'),
reports_owed AS (
    SELECT agency_id, source, contact_id, in_time FROM owed WHERE document = 'force_report'
    UNION ALL
    SELECT f.agency_id, f.source, f.contact_id,
           CASE WHEN report_filed_at IS NOT NULL THEN report_filed_at <= report_due_at
                WHEN CAST(report_due_at AS DATE) <= last_day THEN FALSE END
    FROM force_events f JOIN last_days USING (agency_id, source)
    WHERE report_due_at IS NOT NULL AND display_only IS DISTINCT FROM 'yes'
      AND NOT EXISTS (FROM documents d WHERE d.agency_id = f.agency_id AND d.source = f.source
                      AND d.document = 'force_report')
),
reported AS (
    SELECT agency_id, source, contact_id,
           CASE WHEN bool_or(in_time IS FALSE) THEN FALSE
                WHEN bool_and(in_time IS TRUE) THEN TRUE END AS in_time
    FROM reports_owed GROUP BY ALL
),
-- Complete as the law wants it: on the form prescribed, and with all four statements.
hold_forms AS (
    SELECT agency_id, source, contact_id,
           CASE WHEN bool_or(complete IS FALSE) THEN FALSE
                WHEN bool_and(complete IS TRUE) THEN TRUE END AS complete
    FROM (
        SELECT *, CASE
                   WHEN 'no' IN (on_prescribed_form, states_belief_of_danger, states_nature_of_danger,
                                 states_observations, states_facts_of_notice) THEN FALSE
                   WHEN on_prescribed_form = 'yes' AND states_belief_of_danger = 'yes'
                        AND states_nature_of_danger = 'yes' AND states_observations = 'yes'
                        AND states_facts_of_notice = 'yes' THEN TRUE END AS complete
        FROM holds
    ) GROUP BY ALL
),
joined AS (
    SELECT k.*,
           CASE WHEN s.force_category IS NOT TRUE THEN NULL
                WHEN k.force_used = 'no' THEN 0
                -- Force of no reportable rank is force of a level not known.
                WHEN k.force_used = 'yes' THEN nullif(f.force_rank, 0) END AS force_level,
           CASE WHEN s.injury_severity_and_cause IS NOT TRUE THEN NULL
                WHEN u.gravely_hurt THEN TRUE
                WHEN u.perhaps_gravely_hurt THEN NULL
                WHEN (k.subject_injured = 'no' OR k.subject_injured = 'yes' AND u.subject_hurt)
                     AND (k.officer_injured = 'no' OR k.officer_injured = 'yes' AND u.officer_hurt)
                THEN FALSE END AS gravely_hurt,
           -- A person's other contacts are not counted; without a person nobody can say.
           CASE WHEN k.person_key IS NOT NULL THEN coalesce(t.first_of_person, FALSE) END
               AS first_of_person,
           CAST(k.contact_at AS DATE) AS contact_day, l.last_day, t.days_to_next,
           s.referrals IS TRUE AS supplies_referrals,
           r.contact_id IS NOT NULL AS was_referred,
           CASE WHEN r.served_in_time THEN TRUE WHEN r.none_served THEN FALSE END
               AS referral_served,
           s.holds IS TRUE AS supplies_holds,
           h.contact_id IS NOT NULL AS was_held,
           CASE WHEN h.admitted THEN TRUE WHEN h.none_admitted THEN FALSE END AS hold_admitted,
           CASE WHEN fb.complaint IS NOT NULL THEN nullif(fb.complaint, FALSE)
                WHEN CAST(k.contact_at AS DATE) <= cr.until THEN FALSE END AS complained_of,
           CASE WHEN fb.claim IS NOT NULL THEN nullif(fb.claim, FALSE)
                WHEN CAST(k.contact_at AS DATE) <= lr.until THEN FALSE END AS claimed_for,
           s.documents IS TRUE AS supplies_documents,
           s.documents IS TRUE OR s.force_reports IS TRUE AS supplies_reports,
           fo.contact_id IS NOT NULL AS owes_form, fo.complete AS form_is_complete,
           rp.contact_id IS NOT NULL AS owes_report, rp.in_time AS report_in_time,
           hf.complete AS hold_form_is_complete,
           coalesce(s.codes, 0) AS source_codes,
           e.disposition_codes,
           o.officer_key, o.primary_certified, o.primary_enhanced, o.any_certified,
           o.service_years,
           CASE WHEN s.names_team AND o.officers_known > 0 THEN o.officers_known END AS officers_known,
           CASE WHEN s.names_team AND o.officers_known > 0 THEN o.officers_certified END
               AS officers_certified,
           coalesce(said(k.primary_officer_cit), o.primary_certified) AS primary_is_cit,
           s.primary_officer_cit IS TRUE
               OR EXISTS (SELECT 1 FROM certified_agencies ca WHERE ca.agency_id = k.agency_id)
               AS supplies_primary,
           s.cit_arrived IS TRUE AS supplies_arrived,
           s.shift IS TRUE AS supplies_shift
    FROM contacts k
    LEFT JOIN supply s USING (agency_id, source)
    LEFT JOIN ended e USING (agency_id, source, contact_id)
    LEFT JOIN team o USING (agency_id, source, contact_id)
    LEFT JOIN forced f USING (agency_id, source, contact_id)
    LEFT JOIN hurt u USING (agency_id, source, contact_id)
    LEFT JOIN last_days l USING (agency_id, source)
    LEFT JOIN returns t USING (agency_id, source, contact_id)
    LEFT JOIN referred r USING (agency_id, source, contact_id)
    LEFT JOIN held h USING (agency_id, source, contact_id)
    LEFT JOIN followed_by fb USING (agency_id, source, contact_id)
    LEFT JOIN complaints_reach cr ON cr.agency_id = k.agency_id
    LEFT JOIN claims_reach lr ON lr.agency_id = k.agency_id
    LEFT JOIN form_owed fo USING (agency_id, source, contact_id)
    LEFT JOIN reported rp USING (agency_id, source, contact_id)
    LEFT JOIN hold_forms hf USING (agency_id, source, contact_id)
)
SELECT *,
       -- Not recorded as soon as one field the source supplies is blank: counting only its yes would
       -- put every blank form that happens to say yes elsewhere in one arm.
       CASE WHEN NOT supplies_primary AND NOT supplies_arrived THEN NULL
            WHEN supplies_primary AND primary_is_cit IS NULL THEN NULL
            WHEN supplies_arrived AND said(cit_arrived) IS NULL THEN NULL
            ELSE coalesce(primary_is_cit, FALSE) OR coalesce(said(cit_arrived), FALSE)
                 OR coalesce(any_certified, FALSE) END AS any_cit,
       coalesce(primary_is_cit, FALSE) OR coalesce(said(cit_arrived), FALSE)
           OR coalesce(any_certified, FALSE) AS cit_came
FROM joined;
