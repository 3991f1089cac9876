"""The product in a process of its own, shared by the files of this folder; each test brings records of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.database.sessions import connect
from tests.pages.orders.ordering_rows import stock_range
from tests.pages.staff_rows import customers
from tests.support.server import serving_copy


@pytest.fixture(scope="package")
def product_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder that the product keeps its database and files in."""
    return tmp_path_factory.mktemp("product")


@pytest.fixture(scope="package")
def product_server(sqlite_template: Path, product_folder: Path) -> Iterator[str]:
    """Serve the product with a range to order from and forty customers; give its address."""
    with serving_copy(sqlite_template, product_folder) as address:
        stock_range()
        customers(40)
        yield address


@pytest.fixture
def address(product_server: str, product_folder: Path) -> Iterator[str]:
    """Connect this process to the database of the product that is served; give the address."""
    engine = connect(f"sqlite:///{product_folder / 'qudao.db'}")
    yield product_server
    engine.dispose()
