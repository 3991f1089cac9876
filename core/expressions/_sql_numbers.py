"""The algebra of whole numbers in SQL, equal to that of Python's integers.

SQLite makes a float of a number that leaves 64 bits, and of everything that is calculated from it: ``whole`` takes it
out at the end, because its parser refuses statements that are nested deeply. PostgreSQL calculates exactly, in NUMERIC,
and each step is bounded. Nothing is stated twice but the halves of a quotient.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Numeric, case, cast, func, literal
from sqlalchemy.orm import Session

from core.database.sessions import is_sqlite
from core.expressions._calculation import LIMIT


@dataclass(frozen=True, slots=True)
class SqlNumbers:
    """The algebra of one database; see ``core.expressions._calculation.Algebra``."""

    on_sqlite: bool

    @classmethod
    def of(cls, session: Session) -> "SqlNumbers":
        """Return the algebra of the database that a session talks to."""
        return cls(is_sqlite(session))

    def number(self, value: Any) -> Any:
        """Return a column or a whole number as an operand."""
        operand = literal(value, BigInteger()) if isinstance(value, int) else value
        return operand if self.on_sqlite else cast(operand, Numeric())

    def plus(self, left: Any, right: Any) -> Any:
        """Return the sum."""
        return self._bounded(left.op("+", precedence=7)(right))

    def minus(self, left: Any, right: Any) -> Any:
        """Return the difference."""
        return self._bounded(left.op("-", precedence=7)(right))

    def times(self, left: Any, right: Any) -> Any:
        """Return the product."""
        return self._bounded(left.op("*", precedence=8)(self.number(right) if isinstance(right, int) else right))

    def quotient(self, left: Any, right: Any) -> Any:
        """Return the quotient, rounded half away from zero."""
        divisor = func.nullif(self.number(right) if isinstance(right, int) else right, 0)
        halves = self._bounded(self._truncated(self.times(left, 2), divisor))
        return halves.op("-", precedence=7)(self._truncated(halves, self.number(2)))

    def _truncated(self, left: Any, right: Any) -> Any:
        """Return the quotient without its fraction."""
        return left.op("/", precedence=8)(right) if self.on_sqlite else func.div(left, right)

    def whole(self, value: Any) -> Any:
        """Return the result of a calculation, NULL if it left the range of 64 bits on the way."""
        return case((func.typeof(value) == "integer", value)) if self.on_sqlite else value

    def _bounded(self, value: Any) -> Any:
        if self.on_sqlite:
            return value
        least, most = (cast(literal(str(end)), Numeric()) for end in (-LIMIT - 1, LIMIT))
        return func.nullif(func.least(func.nullif(func.greatest(value, least), least), most), most)
