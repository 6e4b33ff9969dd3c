"""What researchers write every day: each must run unchanged over the de-identified copy."""

from __future__ import annotations

QUERIES = [
    "SELECT count(*) FROM encounters",
    "FROM encounters LIMIT 5",
    "SELECT district, count(*) AS n FROM encounters GROUP BY district ORDER BY n DESC",
    "SELECT district, count(*) AS n FROM encounters GROUP BY ALL ORDER BY ALL",
    "SELECT exposure_primary, avg(outcome_force::INT) AS rate FROM encounters GROUP BY 1 ORDER BY 1",
    "SELECT exposure_primary, count(*) FILTER (WHERE outcome_force) AS events,"
    " count(outcome_force) AS n FROM encounters WHERE exposure_primary IS NOT NULL GROUP BY 1",
    "SELECT date_trunc('month', contact_date) AS month, count(*) FROM encounters GROUP BY 1 ORDER BY 1",
    "SELECT year(contact_date) AS y, quarter(contact_date) AS q, count(*) FROM encounters GROUP BY 1, 2",
    "SELECT dayname(contact_date) AS d, count(*) FROM encounters GROUP BY 1 HAVING count(*) > 1",
    "SELECT quantile_cont(officer_minutes, [0.1, 0.5, 0.9]) FROM encounters",
    "SELECT median(officer_minutes), mad(officer_minutes), stddev_samp(officer_minutes) FROM encounters",
    "SELECT approx_quantile(officer_minutes, 0.5) FROM encounters",
    "SELECT regr_slope(officer_minutes, force_level), regr_intercept(officer_minutes, force_level),"
    " regr_r2(officer_minutes, force_level) FROM encounters",
    "SELECT corr(officer_minutes, force_level), covar_samp(officer_minutes, force_level) FROM encounters",
    "SELECT histogram(force_level) FROM encounters",
    "SELECT mode(district), arg_max(district, officer_minutes) FROM encounters",
    "SELECT string_agg(DISTINCT district, ', ' ORDER BY district) FROM encounters",
    "SELECT list(DISTINCT district) FROM encounters",
    "SELECT bool_or(outcome_arrest), bool_and(outcome_arrest) FROM encounters",
    "SELECT entropy(district), kurtosis(officer_minutes), skewness(officer_minutes) FROM encounters",
    "WITH m AS (SELECT date_trunc('month', contact_date) AS month, count(*) AS n FROM encounters GROUP BY 1)"
    " SELECT month, n, avg(n) OVER (ORDER BY month ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM m",
    "SELECT contact_id, row_number() OVER (PARTITION BY person_key ORDER BY contact_at) AS visit"
    " FROM encounters QUALIFY visit = 2",
    "SELECT contact_date, lag(contact_date) OVER (ORDER BY contact_date) AS before FROM encounters",
    "SELECT district, rank() OVER (ORDER BY count(*) DESC) FROM encounters GROUP BY district",
    "SELECT ntile(4) OVER (ORDER BY officer_minutes) AS quarter, officer_minutes FROM encounters",
    "SELECT sum(count(*)) OVER (ORDER BY contact_date) FROM encounters GROUP BY contact_date",
    "PIVOT encounters ON exposure_primary USING count(*) GROUP BY district",
    "PIVOT (SELECT district, force_level FROM encounters) ON force_level USING count(*)",
    "SELECT * FROM (PIVOT dispositions ON disposition IN ('referred_provider', 'other') USING count(*))",
    "UNPIVOT (SELECT sum(outcome_force::INT) AS force, sum(outcome_arrest::INT) AS arrest FROM encounters)"
    " ON force, arrest INTO NAME outcome VALUE n",
    "SELECT d.disposition, count(*) FROM encounters e JOIN dispositions d"
    " USING (agency_id, source, contact_id) GROUP BY 1 ORDER BY 2 DESC",
    "SELECT count(*) FROM encounters e LEFT JOIN dispositions d USING (contact_id) WHERE d.contact_id IS NULL",
    "SELECT count(*) FROM encounters SEMI JOIN dispositions USING (contact_id)",
    "SELECT count(*) FROM encounters ANTI JOIN dispositions USING (contact_id)",
    "SELECT count(*) FROM (SELECT contact_at AS t FROM encounters) a"
    " ASOF JOIN (SELECT contact_at AS t FROM encounters) b ON a.t > b.t",
    "SELECT * FROM encounters e, LATERAL (SELECT count(*) AS n FROM dispositions d"
    " WHERE d.contact_id = e.contact_id) LIMIT 3",
    "SELECT CASE WHEN officer_minutes < 30 THEN 'short' ELSE 'long' END AS size, count(*) FROM encounters"
    " GROUP BY 1",
    "SELECT district, exposure_primary, count(*) FROM encounters GROUP BY CUBE (district, exposure_primary)",
    "SELECT district, exposure_primary, count(*) FROM encounters"
    " GROUP BY GROUPING SETS ((district), (exposure_primary), ())",
    "SELECT district, count(*) FROM encounters GROUP BY ROLLUP (district)",
    "SELECT * EXCLUDE (agency_id) REPLACE (upper(district) AS district) FROM encounters LIMIT 2",
    "SELECT COLUMNS('outcome_.*') FROM encounters LIMIT 2",
    "SELECT min(COLUMNS('exposure_.*')) FROM encounters",
    "SELECT * FROM encounters USING SAMPLE 1 PERCENT (bernoulli, 7)",
    "SELECT district FROM encounters UNION SELECT 'none' EXCEPT SELECT 'North' ORDER BY 1",
    "WITH RECURSIVE n AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM n WHERE x < 20) SELECT sum(x) FROM n",
    "SELECT d::DATE AS day, count(e.contact_id) FROM range(DATE '2024-01-01', DATE '2024-02-01',"
    " INTERVAL 1 DAY) r(d) LEFT JOIN encounters e ON e.contact_date = d::DATE GROUP BY 1 ORDER BY 1",
    "SELECT exposure_primary, outcome_force, count(*) FROM encounters GROUP BY ALL ORDER BY ALL NULLS LAST",
    "SELECT list_sum(list_transform([1, 2, 3], lambda x: x * 2)), {'a': 1}.a, map {'k': 2}['k']",
    "SELECT strftime(contact_date, '%Y-%m') AS m, format('{:.1f}', avg(officer_minutes)) FROM encounters"
    " GROUP BY 1",
    "SELECT coalesce(district, 'not recorded'), try_cast('x' AS INT), nullif(1, 1) FROM encounters LIMIT 1",
    "SUMMARIZE SELECT officer_minutes, force_level FROM encounters",
    "VALUES (1, 'a'), (2, 'b')",
    "SELECT (SELECT max(officer_minutes) FROM encounters) - min(officer_minutes) FROM encounters",
]
