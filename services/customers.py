"""Customers: saving from forms and worksheets, and bulk changes of stage."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from core.database.sessions import actor_of
from core.drafts import Drafts
from core.errors import CellProblem
from core.permissions import Permission
from models.accounts.users import User
from models.customers import Customer, CustomerStage
from models.partners.partners import Partner
from services.accounts.users import UNKNOWN_USER, refuse_left
from services.outcomes import Outcome
from services.partners.saving import UNKNOWN_PARTNER
from services.saving.lookups import look_up_references, match_keys
from services.saving.plans import Plan, Rows, Saved, SaveOptions
from services.saving.rows import save_rows

PLAN = Plan(
    subject="customers",
    model=Customer,
    keys=("code",),
    required=("name",),
    defaults={"stage": CustomerStage.LEAD.value},
    field_names={"owner_id": "owner", "partner_id": "partner"},
)
MATCHES = {"code": Customer.code, "phone": Customer.phone, "uscc": Customer.uscc, "name": Customer.name}


def save_customers(session: Session, drafts: Drafts, options: SaveOptions) -> Saved:
    """Add customers that are new, change those that differ. A partner's people add only to their own branch.

    Raises:
        NotPermitted: The actor may not edit customers.
        Conflict: ``rows.changed_meanwhile``.
    """
    actor = actor_of(session)
    actor.require(Permission.CUSTOMER_EDIT)
    drafts, problems = match_keys(session, PLAN, drafts, options, MATCHES)
    partners, unknown = look_up_references(session, drafts, "partner", Partner.code, UNKNOWN_PARTNER, Partner.path)
    owners, strangers = look_up_references(session, drafts, "owner", User.email, UNKNOWN_USER)
    gone = refuse_left(session, {row: found[0] for row, found in owners.items()}, "owner")
    problems = [*problems, *unknown, *strangers, *gone]
    drafts = drafts.without({problem.row for problem in problems})

    columns = {name: values for name, values in drafts.columns.items() if name not in {"partner", "owner"}}
    if "owner" in drafts.columns:
        columns["owner_id"] = [owners[row][0] if row in owners else None for row in drafts.rows]
    if "partner" in drafts.columns or not actor.is_brand:  # a partner's user adds to that partner
        own = (actor.partner_id, actor.partner_path)
        columns["partner_id"] = [partners.get(row, own)[0] for row in drafts.rows]
        columns["path"] = [partners.get(row, own)[1] for row in drafts.rows]
    saved = save_rows(session, PLAN, Rows(drafts.rows, drafts.columns["code"], columns), options)
    saved.problems = sorted([*problems, *saved.problems], key=_row)
    return saved


def _row(problem: CellProblem) -> int:
    return problem.row


def move_customers(session: Session, codes: Sequence[str], note: str, *, stage: str) -> list[Outcome]:
    """Move customers to a stage of the life cycle. ``note`` is not kept. Raises as ``save_customers``."""
    return _state(session, codes, "stage", stage)


def hand_over_customers(session: Session, codes: Sequence[str], note: str, *, owner: str) -> list[Outcome]:
    """Let another person look after customers, named by e-mail. ``note`` is not kept. Raises as ``save_customers``."""
    return _state(session, codes, "owner", owner)


def _state(session: Session, codes: Sequence[str], name: str, value: str) -> list[Outcome]:
    """State one field of many customers; return what became of each."""
    drafts = Drafts(list(range(1, len(codes) + 1)), {"code": list(codes), name: [value] * len(codes)})
    problems = {problem.row: problem.problem for problem in save_customers(session, drafts, SaveOptions()).problems}
    return [Outcome(code, problems.get(row)) for row, code in enumerate(codes, 1)]
