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

-- Did the contact end in one of the wanted dispositions? FALSE only where a disposition was recorded
-- and the source has a label for at least one of them: what it cannot say is not recorded.
CREATE OR REPLACE TEMP MACRO disposed(recorded, sayable, wanted) AS
    CASE WHEN list_has_any(recorded, wanted) THEN TRUE
         WHEN len(recorded) > 0 AND list_has_any(sayable, wanted) THEN FALSE END;

CREATE OR REPLACE TEMP VIEW encounter_facts AS
WITH supply AS (
    SELECT agency_id, source,
           list(table_name || '.' || column_name) AS supplied,
           coalesce(first(codes) FILTER (table_name = 'dispositions' AND column_name = 'disposition'),
                    []) AS source_codes,
           -- A source that only names the reporting officer says nothing about the rest of the team.
           bool_or(table_name = 'contact_officers' AND column_name = 'scene_role'
                   AND (codes IS NULL OR len(list_filter(codes, lambda c: c NOT IN ('reporting', 'lead'))) > 0))
               AS names_team
    FROM source_columns GROUP BY ALL
),
ended AS (
    SELECT agency_id, source, contact_id,
           list_sort(list(DISTINCT disposition)) AS disposition_codes
    FROM dispositions WHERE disposition IS NOT NULL GROUP BY ALL
),
certified_agencies AS (
    SELECT DISTINCT agency_id FROM certifications WHERE credential IN ('cit_40h', 'cit_enhanced')
),
on_scene AS (
    SELECT o.agency_id, o.source, o.contact_id, o.officer_key,
           o.scene_role IN ('reporting', 'lead') AS is_primary,
           CASE o.scene_role WHEN 'reporting' THEN 0 WHEN 'lead' THEN 1 ELSE 2 END AS rank,
           CASE WHEN ca.agency_id IS NOT NULL THEN
               bool_or(coalesce(c.credential IN ('cit_40h', 'cit_enhanced'), FALSE)) END AS certified,
           CASE WHEN ca.agency_id IS NOT NULL THEN
               bool_or(coalesce(c.credential = 'cit_enhanced', FALSE)) END AS enhanced
    FROM contact_officers o
    JOIN contacts k USING (agency_id, source, contact_id)
    LEFT JOIN certified_agencies ca ON ca.agency_id = o.agency_id
    LEFT JOIN certifications c
        ON c.agency_id = o.agency_id AND c.officer_key = o.officer_key
        AND c.credential IN ('cit_40h', 'cit_enhanced')
        AND c.certified_on <= CAST(k.contact_at AS DATE)
        AND (c.expires_on IS NULL OR CAST(k.contact_at AS DATE) < c.expires_on)
    GROUP BY o.agency_id, o.source, o.contact_id, o.officer_key, o.scene_role, ca.agency_id
),
officers AS (
    SELECT agency_id, source, contact_id,
           arg_min(officer_key, (rank, officer_key)) FILTER (is_primary) AS officer_key,
           arg_min(certified, (rank, officer_key)) FILTER (is_primary) AS primary_certified,
           arg_min(enhanced, (rank, officer_key)) FILTER (is_primary) AS primary_enhanced,
           bool_or(certified) AS any_certified,
           count(certified) AS officers_known,
           count(*) FILTER (certified) AS officers_certified
    FROM on_scene GROUP BY ALL
),
joined AS (
    SELECT k.*,
           coalesce(s.supplied, []) AS supplied,
           coalesce(s.source_codes, []) AS source_codes,
           e.disposition_codes,
           o.officer_key, o.primary_certified, o.primary_enhanced, o.any_certified,
           CASE WHEN s.names_team AND o.officers_known > 0 THEN o.officers_known END AS officers_known,
           CASE WHEN s.names_team AND o.officers_known > 0 THEN o.officers_certified END
               AS officers_certified,
           coalesce(said(k.primary_officer_cit), o.primary_certified) AS primary_is_cit,
           list_contains(coalesce(s.supplied, []), 'contacts.primary_officer_cit')
               OR EXISTS (SELECT 1 FROM certified_agencies ca WHERE ca.agency_id = k.agency_id)
               AS supplies_primary,
           list_contains(coalesce(s.supplied, []), 'contacts.cit_arrived') AS supplies_arrived
    FROM contacts k
    LEFT JOIN supply s USING (agency_id, source)
    LEFT JOIN ended e USING (agency_id, source, contact_id)
    LEFT JOIN officers o USING (agency_id, source, contact_id)
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
