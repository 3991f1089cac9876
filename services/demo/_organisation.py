"""Organisation of the demo brand: departments with their heads, and positions of its people."""

from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.drafts import Drafts
from models.accounts.departments import Department
from services.accounts.users import save_users
from services.demo._names import PREFIX
from services.organisation.departments import save_departments
from services.saving.plans import SaveOptions


class DepartmentSpec(NamedTuple):
    """A department. ``parent`` and ``head`` name others; "" for none."""

    code: str
    name: str
    parent: str
    head: str


class Post(NamedTuple):
    """A person's department, position and manager."""

    email: str
    department: str
    position: str
    manager: str | None


UNITS = (
    DepartmentSpec(f"{PREFIX}-ZB", "总部", "", "yan@demo.example"),
    DepartmentSpec(f"{PREFIX}-QD", "渠道部", f"{PREFIX}-ZB", "ling@demo.example"),
    DepartmentSpec(f"{PREFIX}-XS", "销售一组", f"{PREFIX}-QD", "wei@demo.example"),
    DepartmentSpec(f"{PREFIX}-SC", "市场部", f"{PREFIX}-ZB", "tao@demo.example"),
    DepartmentSpec(f"{PREFIX}-CW", "财务部", f"{PREFIX}-ZB", "mei@demo.example"),
    DepartmentSpec(f"{PREFIX}-RS", "人力资源部", f"{PREFIX}-ZB", "he@demo.example"),
    DepartmentSpec(f"{PREFIX}-IT", "信息技术部", f"{PREFIX}-ZB", "xu@demo.example"),
)
"""Those above come first."""
POSTS = (
    Post("yan@demo.example", f"{PREFIX}-ZB", "总经理", None),
    Post("ling@demo.example", f"{PREFIX}-QD", "渠道运营经理", "yan@demo.example"),
    Post("wei@demo.example", f"{PREFIX}-XS", "大区销售经理", "ling@demo.example"),
    Post("tao@demo.example", f"{PREFIX}-SC", "市场经理", "yan@demo.example"),
    Post("mei@demo.example", f"{PREFIX}-CW", "财务主管", "yan@demo.example"),
    Post("he@demo.example", f"{PREFIX}-RS", "人事主管", "yan@demo.example"),
    Post("xu@demo.example", f"{PREFIX}-IT", "信息技术主管", "yan@demo.example"),
    Post("gu@demo.example", f"{PREFIX}-IT", "系统管理员", "xu@demo.example"),
)


def add_departments(session: Session) -> list[int]:
    """Add the departments and put the brand's people, who are there already, into them; return the row numbers."""
    codes = [one.code for one in UNITS]
    rows = list(range(1, len(UNITS) + 1))
    stated: dict[str, list[Any]] = {
        "code": codes,
        "name": [one.name for one in UNITS],
        "parent": [one.parent or None for one in UNITS],
    }
    save_departments(session, Drafts(rows, stated), SaveOptions()).or_refuse()
    posts: dict[str, list[Any]] = {name: [getattr(one, name) for one in POSTS] for name in Post._fields}
    save_users(session, Drafts(list(range(1, len(POSTS) + 1)), posts), SaveOptions()).or_refuse()
    heads: dict[str, list[Any]] = {"code": codes, "manager": [one.head for one in UNITS]}
    save_departments(session, Drafts(rows, heads), SaveOptions()).or_refuse()
    return list(session.scalars(select(Department.id).where(Department.code.in_(codes)).order_by(Department.id)))
