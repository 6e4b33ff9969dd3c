"""Names of the columns that counts are keyed by, besides covariates."""

EXPOSURE = "exposure"
MONTH = "month"
OFFICER = "officer"
PERSON = "person"
