"""Labels and numbers that too few share: grouped, or set to the last value that enough share."""

from __future__ import annotations

import duckdb

from data.extract.policy import INCLUDED, RARE, Do
from data.sql import literal, one, quote

_CONTACT = "(agency_id, source, contact_id)"


class Labels:
    """What may stand in each grouped column, counted over the contacts in the table ``picked``."""

    def __init__(self, con: duckdb.DuckDBPyConnection, k: int, held: dict[str, set[str]]) -> None:
        self.con, self.k, self.held = con, k, held
        self._values: dict[tuple[str, str], str] = {}

    def prepare(self) -> None:
        """Count every grouped column once."""
        shift = self._frequent("encounters", "shift", "t.shift")
        self._values["encounters", "district"] = "p.place"
        self._values["encounters", "shift"] = self._shown("t.shift", shift)
        for table, rules in INCLUDED.items():
            for column, rule in rules.items():
                if column not in self.held.get(table, ()):
                    continue
                if rule.kind == "shift":
                    self._values[table, column] = self._shown(f"t.{column}", shift)
                elif rule.kind == "district":
                    self._values[table, column] = _district(table, column)
                elif rule.do is Do.LABEL:
                    found = self._frequent(table, column, f"t.{column}")
                    self._values[table, column] = self._shown(f"t.{column}", found)
                elif rule.do is Do.LABELS:
                    self._values[table, column] = self._each(table, column)
                elif rule.do is Do.ENDS:
                    self._values[table, column] = self._clamped(table, column)

    def value(self, table: str, column: str) -> str:
        """Return SQL for a grouped column of a table called ``t``."""
        return self._values[table, column]

    def _rows(self, table: str) -> str:
        """SQL for the rows of a table that are asked about."""
        if "contact_id" in self.held[table]:
            return f"store.main.{table} t SEMI JOIN picked USING {_CONTACT}"
        return f"store.main.{table} t"

    def _frequent(self, table: str, column: str, value: str) -> list[str]:
        """Return the values that enough contacts share; of a table without contacts, enough rows."""
        if column not in self.held.get(table, ()):
            return []
        counted = "count(DISTINCT t.contact_id)" if "contact_id" in self.held[table] else "count(*)"
        rows = self.con.execute(
            f"SELECT {value} AS v FROM {self._rows(table)} WHERE v IS NOT NULL"
            f" GROUP BY v HAVING {counted} >= {self.k} ORDER BY v"
        ).fetchall()
        return [row[0] for row in rows]

    @staticmethod
    def _shown(value: str, frequent: list[str]) -> str:
        known = (
            f"list_contains([{', '.join(map(literal, frequent))}], {value})"
            if frequent
            else "FALSE"
        )
        return f"CASE WHEN {value} IS NULL THEN NULL WHEN {known} THEN {value} ELSE {literal(RARE)} END"

    def _each(self, table: str, column: str) -> str:
        rows = self.con.execute(
            f"""SELECT v FROM (
                SELECT contact_id, unnest(string_split(t.{quote(column)}, ';')) AS v
                FROM {self._rows(table)})
            GROUP BY v HAVING count(DISTINCT contact_id) >= {self.k} ORDER BY v"""
        ).fetchall()
        shown = self._shown("x", [row[0] for row in rows])
        return (
            "array_to_string(list_sort(list_distinct(list_transform("
            f"string_split(t.{quote(column)}, ';'), lambda x: {shown}))), ';')"
        )

    def _clamped(self, table: str, column: str) -> str:
        """SQL for a whole number whose ends are those that k officers, or contacts, reach."""
        who = "officer_key" if "officer_key" in self.held[table] else "contact_id"
        whole = f"CAST(round(t.{quote(column)}) AS INTEGER)"
        lowest, highest = one(
            self.con,
            f"""SELECT list_sort(list(least))[{self.k}], list_reverse_sort(list(most))[{self.k}] FROM (
                SELECT min({whole}) AS least, max({whole}) AS most FROM {self._rows(table)}
                WHERE t.{quote(column)} IS NOT NULL GROUP BY {who})""",
        )
        if lowest is None or highest is None or lowest > highest:
            return "CAST(NULL AS INTEGER)"
        return (
            f"CASE WHEN t.{quote(column)} IS NOT NULL"
            f" THEN greatest({lowest}, least({highest}, {whole})) END"
        )


def _district(table: str, column: str) -> str:
    """SQL for a district as it is called in ``places`` (joined as ``w``): elsewhere it is rare."""
    blank = f"t.{column} IS NULL"
    if table == "calls":  # a call without one is like a contact without one
        blank += " AND w.agency_id IS NULL"
    return f"CASE WHEN {blank} THEN NULL WHEN w.agency_id IS NULL THEN {literal(RARE)} ELSE w.label END"
