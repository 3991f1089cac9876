"""Writes the next migration: what the models have and the newest migration does not. ``make migration NAME="…"``.

It is a beginning: rows that are there already, and conditions of a CHECK that changed, are up to its reader.
"""

import os
import re
import subprocess
import sys
import tempfile
import textwrap
from typing import Any, Literal

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from sqlalchemy import BigInteger, Connection, MetaData, String
from sqlalchemy.types import TypeEngine

import models  # noqa: F401  (so that the metadata is complete)
from core.database.columns import Instant
from core.database.sessions import Base, connect
from core.schema.versions import MIGRATIONS, migrate, newest_revision

TITLE_LENGTH_MAX = 80
_TITLE = re.compile(r"[A-Za-z][A-Za-z0-9 ,.:;'()/+_-]*")

BIG_ID = 'BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")'
CODE_TEXT = """def code_text(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")"""


def upgrade_code(connection: Connection, metadata: MetaData) -> str:
    """Return the body of ``upgrade`` that makes the schema of ``connection`` that of ``metadata``; "pass" if it is."""
    context = MigrationContext.configure(connection, opts={"target_metadata": metadata})
    operations = produce_migrations(context, metadata).upgrade_ops
    assert operations is not None
    code = render_python_code(operations, render_as_batch=True, render_item=_rendered, migration_context=context)
    lines = [line for line in code.splitlines() if not line.lstrip().startswith("#")]
    return textwrap.dedent("\n".join(lines)).strip()


def migration_text(revision: str, down_revision: str, title: str, body: str) -> str:
    """Return the whole file."""
    parts = [
        f'"""{title[:1].upper()}{title[1:].rstrip(".")}."""\n\nimport sqlalchemy as sa\nfrom alembic import op\n',
        f'revision = "{revision}"\ndown_revision = "{down_revision}"\n',
        f"{BIG_ID}\n" if "BIG_ID" in body else "",
        "\ndef upgrade() -> None:\n" + "\n".join(f"    {line}" for line in body.splitlines()) + "\n",
        f"\n{CODE_TEXT}\n" if "code_text(" in body else "",
    ]
    return "\n".join(filter(None, parts))


def title_problem(title: str) -> str:
    """Return why a migration cannot have a title, which becomes a docstring and the name of a file; "" if it can."""
    if not title:
        return 'Say what it is for: make migration NAME="customers get a WeChat name"'
    if len(title) > TITLE_LENGTH_MAX:
        return f"The name has {len(title)} characters, and at most {TITLE_LENGTH_MAX} are possible: shorten it."
    if not _TITLE.fullmatch(title):
        return (
            "Name it in English: letters, digits, spaces and the signs , . : ; ' ( ) / + _ - and begin with a letter."
        )
    return ""


def main(title: str) -> None:
    """Write ``versions/NNNN_title.py`` and say where it is; exit with a sentence for an impossible title."""
    if problem := title_problem(title):
        sys.exit(problem)
    newest = newest_revision()
    revision = f"{int(newest) + 1:04}"
    with tempfile.TemporaryDirectory() as folder:
        engine = connect(f"sqlite:///{folder}/newest.db")
        migrate(engine)
        with engine.connect() as connection:
            body = upgrade_code(connection, Base.metadata)
        engine.dispose()
    if body == "pass":
        sys.exit("The models say nothing that the newest migration does not.")
    path = MIGRATIONS / "versions" / f"{revision}_{re.sub(r'[^a-z0-9]+', '_', title.lower()).strip('_')}.py"
    path.write_text(migration_text(revision, newest, title, body), encoding="utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", path], check=True)
    print(path.relative_to(MIGRATIONS.parent))


def _rendered(kind: str, found: Any, _context: Any) -> str | Literal[False]:
    """Return how a type of ours is written in a migration, which does not import the product; False for any other."""
    if kind != "type" or not isinstance(found, TypeEngine):
        return False
    if isinstance(found, Instant):
        return "sa.DateTime(timezone=True)"
    if isinstance(found, BigInteger) and "sqlite" in found._variant_mapping:
        return "BIG_ID"
    if isinstance(found, String) and "postgresql" in found._variant_mapping:
        return f"code_text({found.length})"
    return False


if __name__ == "__main__":
    main((sys.argv[1] if len(sys.argv) == 2 else os.environ.get("MIGRATION_NAME", "")).strip())
