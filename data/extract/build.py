"""The tables of an extract as queries over a snapshot: new keys, moved dates, grouped labels.

Everything that knows an old key is in memory, in temporary tables that nothing spills to disk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import duckdb

from data.errors import UserError
from data.extract import columns, crowd, labels
from data.extract.columns import Column
from data.extract.policy import (
    ENCOUNTERS,
    INCLUDED,
    KEY_LETTERS,
    MOST_WEEKS,
    OFFICER_WITHHELD_FIRST,
    RARE,
    WITHHELD,
    WITHHELD_FIRST,
    Do,
    Rule,
)
from data.sql import literal, one, quote

CONTACT = ("agency_id", "source", "contact_id")
_USING = f"USING ({', '.join(CONTACT)})"
_SEPARATOR = chr(31)
_OFFSET = KEY_LETTERS + 1
"""First hexadecimal digit of a hash that the offset is made from: none of those of the key."""


@dataclass(frozen=True)
class Asked:
    """What is asked of an extract: ``k`` people to a class, dates kept or shifted, days inclusive."""

    k: int
    dates: str = "shift"
    start: date | None = None
    end: date | None = None

    @property
    def shifted(self) -> bool:
        """Whether each person's dates are moved."""
        return self.dates == "shift"


@dataclass(frozen=True)
class Table:
    """One table of an extract: its columns, and the query that gives its rows in a random order."""

    name: str
    sql: str
    columns: tuple[Column, ...]
    held: bool


@dataclass
class Built:
    """The tables of an extract, what was withheld to make them, and what the snapshot lacked."""

    tables: list[Table] = field(default_factory=list)
    withheld: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    missing_tables: list[str] = field(default_factory=list)
    missing_columns: list[str] = field(default_factory=list)


def build(
    con: duckdb.DuckDBPyConnection,
    asked: Asked,
    secret: str,
    progress: Callable[[str], None] = lambda stage: None,
) -> Built:
    """Return the tables of an extract of the snapshot attached as ``store``.

    Raises ``UserError`` where what is asked about has fewer than ``k`` people.
    """
    return _Builder(con, asked, secret, progress).build()


class _Builder:
    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        asked: Asked,
        secret: str,
        progress: Callable[[str], None],
    ) -> None:
        self.con, self.asked, self.secret, self.progress = con, asked, secret, progress
        self.held = columns.held(con)
        self.built = Built()
        self.labels = labels.Labels(con, asked.k, self.held)

    def build(self) -> Built:
        self._choose()
        self.progress("contacts hidden among others")
        self._hide_contacts()
        self._hide_officers()
        self._pick_calls()
        self.progress("rare labels grouped")
        self.labels.prepare()
        self._table("encounters", ENCOUNTERS)
        for name, rules in INCLUDED.items():
            self._table(name, rules)
        self._say_what_is_missing()
        return self.built

    # Keys

    def _digest(self, kind: str, value: str) -> str:
        """SQL for the hash of a number; NULL where there is none."""
        return f"sha256({literal(self.secret + kind + _SEPARATOR)} || {value})"

    def _key(self, kind: str, value: str) -> str:
        return f"substr({self._digest(kind, value)}, 1, {KEY_LETTERS})"

    def _few(self, kind: str, value: str, table: str, column: str) -> str:
        """SQL for the key of one of a few numbers: hashed once here, not once for every row."""
        found = self.con.execute(
            f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY ALL"
        ).fetchall()
        keyed = {
            v: hashlib.sha256((self.secret + kind + _SEPARATOR + v).encode()).hexdigest()
            for (v,) in found
        }
        cases = " ".join(
            f"WHEN {literal(v)} THEN {literal(k[:KEY_LETTERS])}" for v, k in keyed.items()
        )
        return f"CASE {value} {cases} END" if cases else "CAST(NULL AS VARCHAR)"

    # What is chosen, and what is withheld of it

    def _choose(self) -> None:
        """Make ``chosen``: the contacts asked about, of agencies where k people can be found."""
        asked, there = self.asked, self.held["encounters"]
        quasi = ", ".join(
            f"{'e.' + c if c in there else 'CAST(NULL AS VARCHAR)'} AS {c}"
            for c in (*WITHHELD_FIRST, "district")
        )
        tests = [
            f"e.contact_date {sign} {literal(day.isoformat())}::DATE"
            for sign, day in ((">=", asked.start), ("<=", asked.end))
            if day
        ]
        self.con.execute(
            f"""CREATE TEMP TABLE chosen AS
            SELECT {", ".join(f"e.{c}" for c in CONTACT)}, k.incident_id, e.person_key,
                   coalesce('p' || e.person_key, 'c' || e.contact_id) AS who, {quasi}
            FROM store.main.encounters e JOIN store.main.contacts k {_USING}
            {"WHERE " + " AND ".join(tests) if tests else ""}"""
        )
        few = self.con.execute(
            "SELECT agency_id, count(*) FROM chosen GROUP BY 1"
            f" HAVING count(DISTINCT who) < {asked.k}"
        ).fetchall()
        for agency, n in few:
            self.con.execute("DELETE FROM chosen WHERE agency_id = ?", [agency])
            self.built.notes.append(
                f"an agency with fewer than {asked.k} people is left out whole: {n:,} contacts"
            )
        if not one(self.con, "SELECT count(*) FROM chosen")[0]:
            raise UserError(
                f"fewer than {asked.k} people in what was asked: none of it can leave the store;"
                " ask about a longer period"
            )
        self.agency = self._few("agency", "t.agency_id", "chosen", "agency_id")
        sources = "SELECT source FROM chosen"
        if "source_columns" in self.held:
            sources += " UNION SELECT source FROM store.main.source_columns"
        self.source = self._few("source", "t.source", f"({sources})", "source")

    def _hide_contacts(self) -> None:
        """Make ``picked``: every contact asked about with its keys, its offset and what is withheld."""
        con, k = self.con, self.asked.k
        crowd.group_rare(con, "chosen", "agency_id", "district", "who", k, "places")
        con.execute(
            "CREATE TEMP TABLE placed AS SELECT c.agency_id, p.label AS place, c.who,"
            f" {', '.join('c.' + q for q in WITHHELD_FIRST)} FROM chosen c"
            f" JOIN places p ON {crowd.same('c', 'p', ('agency_id', 'district'))}"
        )
        crowd.withhold(con, "placed", ("agency_id", "place"), WITHHELD_FIRST, "who", k, "combos")
        con.execute("DROP TABLE placed")
        digests = f"""SELECT c.*, p.label AS place,
            {self._digest("contact", "c.contact_id")} AS contact,
            {self._digest("person", "c.person_key")} AS person
            FROM chosen c JOIN places p ON {crowd.same("c", "p", ("agency_id", "district"))}"""
        con.execute(
            f"""CREATE TEMP TABLE picked AS SELECT d.agency_id, d.source, d.contact_id, d.incident_id,
                substr(d.contact, 1, {KEY_LETTERS}) AS contact,
                substr(d.person, 1, {KEY_LETTERS}) AS person,
                {self._key("incident", "d.incident_id")} AS incident, d.place, m.level,
                {self._days("coalesce(d.person, d.contact)")} AS days
            FROM ({digests}) d JOIN combos m
                ON m.agency_id = d.agency_id AND m.place IS NOT DISTINCT FROM d.place
                AND {crowd.same("d", "m", WITHHELD_FIRST)}"""
        )
        cells = ", ".join(f"count({c}) FILTER (level > {i})" for i, c in enumerate(WITHHELD_FIRST))
        sizes = f"SELECT c.*, m.level FROM chosen c JOIN picked m {_USING}"
        found = one(con, f"SELECT count(*) FILTER (level > 0), {cells} FROM ({sizes})")
        self.built.withheld["encounters rows"] = found[0]
        for column, n in zip(WITHHELD_FIRST, found[1:], strict=True):
            self.built.withheld[f"encounters.{column}"] = n
        con.execute("DROP TABLE chosen")

    def _days(self, digest: str) -> str:
        """SQL for a person's offset in days: whole weeks, as many back as forward, never none."""
        if not self.asked.shifted:
            return "0"
        draw = f"CAST('0x' || substr({digest}, {_OFFSET}, 8) AS UBIGINT) % {2 * MOST_WEEKS}"
        return (
            f"7 * (CAST({draw} AS INTEGER) - {MOST_WEEKS}"
            f" + CASE WHEN {draw} >= {MOST_WEEKS} THEN 1 ELSE 0 END)"
        )

    def _hide_officers(self) -> None:
        """Make ``crews`` (agencies with k officers) and ``staff`` (their officers, cut to years)."""
        con, k, there = self.con, self.asked.k, self.held.get("officers", set())
        named = " UNION ".join(
            f"SELECT agency_id, officer_key FROM store.main.{name}"
            for name in ("officers", "certifications")
            if name in self.held
        )
        con.execute("CREATE TEMP TABLE crews (agency_id VARCHAR, officers BIGINT)")
        if named:
            con.execute(
                f"INSERT INTO crews SELECT agency_id, count(*) FROM ({named})"
                " WHERE agency_id IN (SELECT agency_id FROM picked) GROUP BY 1"
            )
        for _, n in con.execute(f"SELECT * FROM crews WHERE officers < {k}").fetchall():
            self._leave_out_officers(n)
        con.execute(f"DELETE FROM crews WHERE officers < {k}")
        if "officers" not in self.held:
            return
        cut = {"left_year": "left_month", "hired_year": "hired_month"}
        listed = ", ".join(
            f"{f'year({cut[c]})' if c in cut else c} AS {c}"
            if cut.get(c, c) in there
            else f"NULL AS {c}"
            for c in OFFICER_WITHHELD_FIRST
        )
        con.execute(
            f"""CREATE TEMP TABLE staffed AS SELECT agency_id, officer_key, {listed}
            FROM store.main.officers SEMI JOIN crews USING (agency_id)"""
        )
        crowd.withhold(
            con, "staffed", ("agency_id",), OFFICER_WITHHELD_FIRST, "officer_key", k, "ranks"
        )
        con.execute(
            "CREATE TEMP TABLE staff AS SELECT s.*, m.level FROM staffed s"
            f" JOIN ranks m ON {crowd.same('s', 'm', ('agency_id', *OFFICER_WITHHELD_FIRST))}"
        )
        most = len(OFFICER_WITHHELD_FIRST)
        for (n,) in con.execute(
            f"SELECT count(*) FROM staff WHERE level > {most} GROUP BY agency_id"
        ).fetchall():
            self._leave_out_officers(n)
        con.execute(
            f"DELETE FROM crews WHERE agency_id IN (SELECT agency_id FROM staff WHERE level > {most});"
            f" DELETE FROM staff WHERE level > {most}"
        )
        cells = ", ".join(
            f"count({c}) FILTER (level > {i})" for i, c in enumerate(OFFICER_WITHHELD_FIRST)
        )
        found = one(con, f"SELECT count(*) FILTER (level > 0), {cells} FROM staff")
        self.built.withheld["officers rows"] = found[0]
        for column, n in zip(OFFICER_WITHHELD_FIRST, found[1:], strict=True):
            self.built.withheld[f"officers.{column}"] = n

    def _leave_out_officers(self, n: int) -> None:
        self.built.notes.append(
            f"an agency with {n:,} officers, fewer than {self.asked.k}: officers and certifications"
            " of it are left out"
        )

    def _pick_calls(self) -> None:
        """Make ``dialled``: the calls asked about, moved as the contact of their incident is."""
        if "calls" not in self.held:
            return
        asked = self.asked
        tests = [
            f"CAST(t.received_at AS DATE) {sign} {literal(day.isoformat())}::DATE"
            for sign, day in ((">=", asked.start), ("<=", asked.end))
            if day
        ]
        wanted = f"({' AND '.join(tests)} OR i.incident_id IS NOT NULL)" if tests else "TRUE"
        self.con.execute(
            f"""CREATE TEMP TABLE dialled AS
            SELECT t.agency_id, t.call_id, substr(t.digest, 1, {KEY_LETTERS}) AS call,
                   coalesce(i.days, {self._days("t.digest")}) AS days
            FROM (SELECT *, {self._digest("call", "call_id")} AS digest FROM store.main.calls) t
            LEFT JOIN (SELECT agency_id, incident_id, arg_min(days, contact) AS days FROM picked
                       WHERE incident_id IS NOT NULL GROUP BY ALL) i USING (agency_id, incident_id)
            WHERE {wanted} AND t.agency_id IN (SELECT agency_id FROM picked)"""
        )

    # The tables

    def _table(self, name: str, rules: dict[str, Rule]) -> None:
        there = self.held.get(name, set())
        described = columns.of(name, rules, there)
        listed = [f"{self._value(c, rules, name)} AS {quote(c.name)}" for c in described]
        if name not in self.held:
            empty = ", ".join(f"CAST(NULL AS {c.sql_type}) AS {quote(c.name)}" for c in described)
            self.built.tables.append(
                Table(name, f"SELECT {empty} WHERE FALSE", described, held=False)
            )
            return
        keys = columns.key(name)
        grouped = [c.name for c in described if c.name in keys and c.do is Do.LABEL]
        distinct = "DISTINCT " if grouped else ""
        rest = [c.name for c in described if c.name not in keys]
        for column in grouped if name in ("districts", "shifts") else ():
            # The rare ones are one row, of which nothing more can be said.
            listed = [
                f"CASE WHEN {self.labels.value(name, column)} = {literal(RARE)} THEN NULL"
                f" ELSE {v.rpartition(' AS ')[0]} END AS {quote(c.name)}"
                if c.name in rest
                else v
                for c, v in zip(described, listed, strict=True)
            ]
        first = [c for c in ("contact_id", "call_id", "officer_key") if c in keys][:1]
        order = [*first, *(c for c in keys if c not in first)] or [c.name for c in described]
        sql = (
            f"SELECT {distinct}{', '.join(listed)} FROM {self._from(name)}"
            f" ORDER BY {', '.join(map(quote, order))}"
        )
        self.built.tables.append(Table(name, sql, described, held=True))

    def _from(self, name: str) -> str:
        """SQL for what a table is made from: its rows as ``t``, and what else is known of them."""
        table = f"store.main.{name} t"
        if name == "disposition_codes":
            return table
        officers = ""
        if "officer_key" in self.held[name]:
            officers = f" LEFT JOIN ({self._officers()}) o ON o.old = t.officer_key"
        if name == "encounters" or "contact_id" in self.held[name]:
            return f"{table} JOIN picked p {_USING}{officers}"
        if name in ("calls", "call_units"):
            places = ""
            if name == "calls":
                places = (
                    " LEFT JOIN places w ON w.agency_id = t.agency_id"
                    " AND w.district IS NOT DISTINCT FROM t.district_id"
                )
            return f"{table} JOIN dialled p USING (agency_id, call_id){places}{officers}"
        if name == "officers":
            return f"{table} JOIN staff p USING (agency_id, officer_key){officers}"
        kept = "crews" if name == "certifications" else "picked"
        table = f"{table} SEMI JOIN (SELECT DISTINCT agency_id FROM {kept}) g USING (agency_id)"
        if name in ("districts", "events"):
            table = (
                f"(SELECT t.* FROM {table}) t LEFT JOIN places w"
                " ON w.agency_id = t.agency_id AND w.district = t.district_id"
            )
        elif officers:
            table = f"(SELECT t.* FROM {table}) t"
        return table + officers

    def _officers(self) -> str:
        """SQL for the keys of all officers: each is hashed once, not for every contact."""
        if not getattr(self, "_officers_made", False):
            self._officers_made = True
            everywhere = " UNION ".join(
                f"SELECT officer_key FROM store.main.{name}"
                for name in ("encounters", *INCLUDED)
                if "officer_key" in self.held.get(name, set())
            )
            self.con.execute(
                "CREATE TEMP TABLE officer_keys AS SELECT officer_key AS old,"
                f" {self._key('officer', 'officer_key')} AS new"
                f" FROM ({everywhere}) WHERE officer_key IS NOT NULL"
            )
        return "SELECT old, new FROM officer_keys"

    def _value(self, column: Column, rules: dict[str, Rule], table: str) -> str:
        """SQL for one column of a table."""
        if not column.held:
            return f"CAST(NULL AS {column.sql_type})"
        if column.name == WITHHELD:
            first = WITHHELD_FIRST if table == "encounters" else OFFICER_WITHHELD_FIRST
            shown = ", ".join(literal(c) for c in first)
            return f"CASE WHEN p.level > 0 THEN array_to_string([{shown}][:p.level], ';') END"
        rule, own = rules[column.of], f"t.{quote(column.of)}"
        if table == "officers" and column.name in OFFICER_WITHHELD_FIRST:
            own = f"p.{column.name}"
        if rule.do is Do.KEY:
            return self._key_of(rule.kind, own, table)
        if rule.do in (Do.LABEL, Do.LABELS, Do.ENDS):
            return self.labels.value(table, column.of)
        moved = f"{own} + to_days(CAST(p.days AS INTEGER))" if self.asked.shifted else own
        value = {
            Do.MOMENT: moved,
            Do.YEAR_OF: "year(t.contact_date + CAST(p.days AS INTEGER))"
            if self.asked.shifted
            else own,
            Do.MONTH: f"date_trunc('month', {own})",
            Do.JOINED: f"array_to_string({own}, ';')",
            Do.HERE: f"CASE WHEN {own} = t.agency_id THEN 'this agency'"
            f" WHEN {own} IS NOT NULL THEN 'other' END",
        }.get(rule.do, own)
        if rule.withheld:
            first = WITHHELD_FIRST if table == "encounters" else OFFICER_WITHHELD_FIRST
            value = f"CASE WHEN p.level <= {first.index(column.name)} THEN {value} END"
        return f"CAST({value} AS {column.sql_type})"

    def _key_of(self, kind: str, own: str, table: str) -> str:
        """SQL for a key: from where it was made already, if it was."""
        if kind == "agency":
            return self.agency
        if kind == "source":
            return self.source
        if kind == "officer":
            return "o.new"
        if kind == "contact":
            return "p.contact"
        if kind == "call":
            return "p.call"
        if table == "encounters":
            return f"p.{kind}"
        return self._key(kind, own)

    def _say_what_is_missing(self) -> None:
        tables = self.built.tables
        self.built.missing_tables = [t.name for t in tables if not t.held]
        self.built.missing_columns = [
            f"{t.name}.{c.name}" for t in tables if t.held for c in t.columns if not c.held
        ]
