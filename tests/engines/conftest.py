"""A warehouse of each engine, started once, that holds what a store holds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from data import warehouse
from data.store import Snapshot, Store
from data.warehouse import push
from tests.engines import servers
from tests.stores import simulated_store

CONTACTS = 3_000


@dataclass(frozen=True)
class Pair:
    """A store, and a warehouse that the store was pushed to."""

    engine: str
    root: Path
    url: str

    def settings(self, url: str | None = None, table: str = "") -> None:
        """Name a warehouse in the store's settings: another address or table, or this one's."""
        named = f'warehouse = "{url or self.url}"\nwarehouse_encounters = "{table or self.table}"\n'
        (self.root / "settings.toml").write_text(named)

    @property
    def table(self) -> str:
        """The table pushed to."""
        return "public.encounters" if self.engine == "postgres" else str(self.root / "encounters")

    @property
    def here(self) -> Snapshot:
        """The store's own snapshot."""
        return Store(self.root).current()

    @property
    def there(self) -> Snapshot:
        """The warehouse's table."""
        self.settings()
        return warehouse.open_table(Store(self.root))


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    pytest.importorskip("psycopg") if not servers.REQUIRED else None
    with servers.postgres() as url:
        os.environ["PGPASSWORD"] = servers.PASSWORD
        yield url
        del os.environ["PGPASSWORD"]


@pytest.fixture(scope="session")
def spark_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("pyspark") if not servers.REQUIRED else None
    with servers.spark(tmp_path_factory.mktemp("spark") / "cluster") as url:
        yield url


def pushed(engine: str, root: Path, url: str) -> Pair:
    """Push what a store holds to a warehouse."""
    pair = Pair(engine, root, url)
    pair.settings()
    push.push(Store(root), replace=True)
    return pair


@pytest.fixture(scope="session")
def postgres(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """A simulated agency, in a store and in PostgreSQL."""
    folder = tmp_path_factory.mktemp("postgres")
    return pushed("postgres", simulated_store(folder, CONTACTS), postgres_url)


@pytest.fixture(scope="session")
def spark(spark_url: str, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """The same agency in Parquet files, asked by Spark."""
    return pushed("spark", simulated_store(tmp_path_factory.mktemp("asked"), CONTACTS), spark_url)


@pytest.fixture(scope="module")
def asked(request: pytest.FixtureRequest) -> tuple[Snapshot, Snapshot]:
    """The store's snapshot and the warehouse's of the engine named by the test's parameter."""
    pair: Pair = request.getfixturevalue(request.param)
    return pair.here, pair.there
