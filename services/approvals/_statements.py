"""Prepared statements of cases. A case is found by its document, so it opens and closes without being read first."""

from typing import Any

from sqlalchemy import BigInteger, bindparam, case, cast, func, insert, literal_column, select, update

from core.database.columns import code_text
from core.database.prepared import Prepared
from models.approvals import ApprovalCase, ApprovalStep

_OPEN: Any = ApprovalCase.status == literal_column("'open'")  # not a parameter: the partial index is found by it
_WAITING: Any = ApprovalStep.state == literal_column("'waiting'")
_OF_DOCUMENT = (ApprovalCase.subject == bindparam("of_subject"), ApprovalCase.key == bindparam("of_key"), _OPEN)
_CODE = code_text(40)

WAITING_STEPS = Prepared(
    select(ApprovalStep.case_id, ApprovalStep.number, ApprovalStep.permission, ApprovalStep.partner_id)
    .join(ApprovalCase, ApprovalCase.id == ApprovalStep.case_id)
    .where(*_OF_DOCUMENT, _WAITING)
    .order_by(ApprovalStep.number)
)
ADD_STEP = Prepared(
    insert(ApprovalStep).from_select(
        ["case_id", "number", "permission", "partner_id", "state"],
        select(
            ApprovalCase.id,
            func.coalesce(
                select(func.max(ApprovalStep.number))
                .where(ApprovalStep.case_id == ApprovalCase.id)
                .correlate(ApprovalCase)
                .scalar_subquery(),
                0,
            )
            + 1,
            cast(bindparam("permission", type_=_CODE), _CODE),
            cast(bindparam("partner_id", type_=BigInteger), BigInteger),
            literal_column("'waiting'"),
        ).where(*_OF_DOCUMENT),
    )
)
DECIDE_STEP = Prepared(
    update(ApprovalStep)
    .where(ApprovalStep.case_id == bindparam("of_case"), ApprovalStep.number == bindparam("of_step"), _WAITING)
    .values(state=bindparam("to_state"))
)
DECIDE_STEP_AND_CANCEL_OTHERS = Prepared(
    update(ApprovalStep)
    .where(ApprovalStep.case_id == bindparam("of_case"), _WAITING)
    .values(
        state=case(
            (ApprovalStep.number == bindparam("of_step"), cast(bindparam("to_state", type_=_CODE), _CODE)),
            else_=literal_column("'cancelled'"),
        )
    )
)
END_STEPS = Prepared(
    update(ApprovalStep)
    .where(
        ApprovalStep.case_id == select(ApprovalCase.id).where(*_OF_DOCUMENT).scalar_subquery(),
        _WAITING,
    )
    .values(state=bindparam("to_state"))
)
CLOSE_CASE = Prepared(update(ApprovalCase).where(*_OF_DOCUMENT).values(status=bindparam("to_status")))
SET_DEADLINE = Prepared(update(ApprovalCase).where(*_OF_DOCUMENT).values(due_at=bindparam("to_due_at")))
