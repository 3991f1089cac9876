"""Every component on a few pages with made-up data: what the browser tests look at.

Run it by hand with ``python -m tests.pages.components.gallery_main`` and open http://127.0.0.1:8123/gallery/list.
"""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, get_args

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse
from nicegui import app, ui

from core.access import Actor
from core.permissions import Role
from pages.components.base.buttons import button, link_button
from pages.components.base.design_tokens import Tone
from pages.components.base.elements import Tag
from pages.components.base.theme import serve_assets
from pages.components.base.toasts import toast, toast_undo
from pages.components.forms.dialogs import confirm, drawer
from pages.components.forms.fields import (
    FormField,
    check_field,
    choice_field,
    date_field,
    number_field,
    search_field,
    text_field,
)
from pages.components.forms.file_drop import file_drop
from pages.components.layout import content as parts
from pages.components.layout import shell as page_shell
from pages.components.layout.progress import Progress, ProgressBar
from pages.components.layout.records import Cell, Change, LineColumn, TimelineEntry, line_table, timeline
from pages.components.layout.views import ListItem, SplitView, View, tabs, view_tabs
from pages.components.lists.data_grid import DataGrid, data_grid
from pages.components.lists.filters import Filter, filter_bar
from pages.components.lists.grid_spec import GridAction, GridColumn, GridSpec, Selection
from pages.web.rendering import render
from tests.pages.components.gallery_door import Door
from tests.support.small_product import run_pages

PLACES = ["上海静安", "杭州西湖", "重庆渝中", "武汉江汉", "深圳南山", "成都锦江"]
REGIONS = ["重庆", "上海", "湖北", "四川", "浙江", "广东"]
STATUSES = ["rejected", "shipped", "approved", "submitted"]
CHIPS = {
    "draft": ("草稿", "draft"),
    "submitted": ("待审批", "pending"),
    "approved": ("已通过", "approved"),
    "shipped": ("已发货", "shipped"),
    "rejected": ("已驳回", "rejected"),
}
ROWS = 100_000
START = datetime(2026, 11, 22, 7, 39, tzinfo=UTC)
ACTOR = Actor("李敏", Role.OPERATIONS, person="li.min@example.com")
NAV = [
    page_shell.NavGroup(
        "工作台",
        [
            page_shell.NavItem("approvals", "待我审批", "/gallery/approvals", icon="approvals"),
            page_shell.NavItem("orders", "订单", "/gallery/list", icon="orders"),
            page_shell.NavItem("customers", "客户", "/gallery/record", icon="customers"),
        ],
    ),
    page_shell.NavGroup(
        "渠道",
        [
            page_shell.NavItem("partners", "代理与门店", "/gallery/parts", icon="partners"),
            page_shell.NavItem("stores", "门店定位", "/gallery/parts", icon="stores"),
            page_shell.NavItem("imports", "导入", "/gallery/parts", icon="imports"),
        ],
    ),
    page_shell.NavGroup(
        "资金",
        [
            page_shell.NavItem("ledger", "账本与返利", "/gallery/parts", icon="ledger"),
            page_shell.NavItem("deposits", "保证金", "/gallery/parts", icon="prices"),
        ],
    ),
]
COLUMNS = [
    GridColumn("number", "订单号", width=170, pinned=True, link=True),
    GridColumn("buyer", "客户"),
    GridColumn("region", "区域", width=110),
    GridColumn("status", "状态", width=130, format="chip", chip=CHIPS),
    GridColumn("total", "金额", width=150, format="money"),
    GridColumn("placed_at", "下单时间", width=160, format="datetime"),
    GridColumn("tags", "标签", width=150, format="tags", shown=False),
]


def main(port: int) -> None:
    """Serve the gallery on ``port`` of this machine."""
    build(app)
    run_pages(port, title="Qudao")


def build(server: FastAPI) -> None:
    """Add everything the gallery needs to ``server``."""
    serve_assets(server)
    server.add_middleware(Door)
    server.get("/grid/orders")(grid_orders)
    server.post("/upload")(upload)
    server.get("/gallery/plain/{name}")(plain)
    page_shell.LocalizedPage("/gallery/list")(list_page)
    page_shell.LocalizedPage("/gallery/approvals")(approvals_page)
    page_shell.LocalizedPage("/gallery/record")(record_page)
    page_shell.LocalizedPage("/gallery/parts")(parts_page)


def row(at: int) -> dict[str, Any]:
    return {
        "number": f"SO-202611-{ROWS - at:06}",
        "buyer": f"{PLACES[at % 6]}{300 - at % 300}号店",
        "region": REGIONS[at * 7 % 6],
        "status": STATUSES[at * 3 % 4],
        "total": f"{at * 7919 % 9_000_000 / 100:.2f}" if at % 9 else f"-{at % 700}.00",
        "placed_at": (START - timedelta(minutes=61 * at)).isoformat(),
        "tags": ["大客户", "华东"] if at % 5 else [],
    }


def matching(request: Request) -> list[int]:
    wanted = request.query_params.get("status")
    statuses = wanted.split(",") if wanted else STATUSES
    text = request.query_params.get("q", "")
    found = [at for at in range(ROWS) if STATUSES[at * 3 % 4] in statuses]
    return [at for at in found if text in row(at)["buyer"]] if text else found


def grid_orders(request: Request, offset: int = 0, limit: int = 100) -> JSONResponse:
    if request.query_params.get("q") == "broken":
        return JSONResponse({"code": "grid.broken", "message": "这个筛选条件无法读取，请换一个。"}, 422)
    found = matching(request)
    sort = request.query_params.get("sort", "")
    if sort in ("number", "placed_at"):
        found = found[::-1]
    rows = [row(at) for at in found[offset : offset + limit]]
    sums = {"total": "4500188489.53"} if len(found) == ROWS else {"total": "1234567.80"}
    return JSONResponse({"rows": rows, "total": len(found), "total_is_exact": True, "sums": sums})


async def upload(request: Request) -> JSONResponse:
    size = sum([len(part) async for part in request.stream()])
    if not size:
        return JSONResponse({"code": "imports.empty", "message": "文件是空的。"}, 422)
    return JSONResponse({"file": "f1", "bytes": size, "name": request.headers["X-File-Name"]})


def plain(request: Request, name: str) -> HTMLResponse:
    words = {"title": "没有这一页", "sentence": "地址可能写错了，或者记录 <b> 已移走。", "advice": "请从导航重新进入。"}
    return render(f"{name}.html", request=request, status=200, code=404, reference="E-20261122-0007", **words)


def order_grid() -> DataGrid:
    spec = GridSpec(
        "orders",
        "订单",
        COLUMNS,
        sort="-placed_at",
        sums=["total"],
        count_label="共 {count} 单",
        empty_title="还没有订单",
        empty_text="代理下单后会出现在这里，也可以导入历史订单。",
        empty_action=("导入订单", "/orders/import"),
    )
    actions = [
        GridAction("approve", "同意", say_chosen, look="primary"),
        GridAction("reject", "驳回", say_chosen, look="danger"),
    ]
    return data_grid(spec, actions=actions)


def say_chosen(selection: Selection) -> None:
    toast(f"{selection.count}: {'+'.join(selection.keys)} {selection.all_matching} {selection.query}")


def list_page() -> None:
    with shell("订单", "orders", fill=True):
        with parts.page_header("订单", "100,000 单"):
            link_button("导出当前视图", "/orders/export", testid="action-export")
            link_button("导入订单", "/orders/import", testid="action-import")
            button("新建订单", look="primary", testid="action-new")
        view_tabs(
            [
                View("", "全部"),
                View("waiting", "待审批", "status=submitted"),
                View("large", "大额（≥ ¥5 万）", "total=50000.."),
                View("mine", "浙江区 · 我的", "region=浙江"),
            ]
        )
        with parts.stack().classes("qd-fill"):
            filter_bar(
                [
                    Filter("status", "状态", "choice", {code: label for code, (label, _tone) in CHIPS.items()}),
                    Filter("region", "区域", "choice", {region: region for region in REGIONS}),
                    Filter("placed_at", "下单时间", "date"),
                    Filter("total", "金额", "number"),
                ],
                search="订单号或客户",
            )
            order_grid()


def approvals_page() -> None:
    with shell("待我审批", "approvals", fill=True):
        with parts.page_header("待我审批", "12 件 · 2 件超时"):
            parts.keys_hint({"J K": "上下", "A": "同意", "R": "驳回"})
            button("批量同意")
        view_tabs(
            [
                View("", "待处理", count=12),
                View("sent", "我发起的"),
                View("done", "已处理"),
                View("cc", "抄送我", count=5),
            ]
        )
        items = [
            ListItem(
                f"A{n}",
                f"杭州西湖{n}号店",
                parts.money_text(3_744_000 + n * 1_248_000),
                f"特价单 · 低于授权价 {n + 3}%",
                "已超时 3 小时" if n < 2 else "已等 2 小时",
                n < 2,
            )
            for n in range(12)
        ]
        split = SplitView(items, lambda key: draw_approval(split, key), label="待处理")
        ui.timer(0.01, lambda: split.open("A0", leave_list=False), once=True)


def draw_approval(split: SplitView, key: str) -> None:
    with split.detail():
        with parts.row():
            Tag("h2", f"特价订单 SO-202611-{key}", "qd-heading")
            parts.chip("待审批 · 第 2/3 步", "pending")
        parts.kv(
            {
                "客户": "杭州西湖0号店（二级代理 浙江恒源）",
                "发起人": "销售 · 王磊 11-22 09:14",
                "信用余额": "¥86,200.00（本单后 ¥48,760.00）",
                "区域": "浙江 / 杭州，未越区",
                "触发规则": "低于授权价 5% 以上，需大区经理",
                "近 90 天": "14 单 · ¥42.3 万 · 退货 0.8%",
            }
        )
        line_table(
            [
                LineColumn("sku", "SKU"),
                LineColumn("name", "商品"),
                LineColumn("quantity", "数量", "right"),
                LineColumn("allowed", "授权价", "right"),
                LineColumn("price", "本单价", "right"),
                LineColumn("total", "小计", "right"),
            ],
            [
                {
                    "sku": f"QH-50{n}",
                    "name": "有机山茶油礼盒 500ml×2",
                    "quantity": str(12 * (n + 1)),
                    "allowed": "¥118.00",
                    "price": Cell("¥109.00  −7.6%", tone="danger"),
                    "total": parts.money_text(130_800 * (n + 1)),
                }
                for n in range(5)
            ],
            caption="订单明细",
        )
    with split.bar():
        button("同意", say_approved, look="primary", key="a", testid="action-approve")
        button("驳回", ask_reason, look="danger", key="r", testid="action-reject")
        for label in ("退回到…", "转交", "加签", "抄送"):
            button(label)


def say_approved() -> None:
    toast_undo("已同意 1 单", lambda: toast("已撤销"))


async def ask_reason() -> None:
    answer = await confirm(
        "驳回 1 单？", "代理会收到驳回原因，可以修改后重新提交。", yes="驳回", danger=True, reason="原因"
    )
    if answer is not None:
        toast(f"已驳回：{answer}")


def record_page() -> None:
    with shell("SO-202611-000123", "orders"):
        crumbs = {"订单": "/gallery/list"}
        with parts.page_header("SO-202611-000123", "¥37,440.00", chip_text="待审批", tone="pending", crumbs=crumbs):
            button("打印")
            button("撤回", look="danger")
            button("同意", look="primary")
        parts.steps(
            [
                parts.Step("提交", "王磊 11-22 09:14", "done"),
                parts.Step("区域经理", "陈晨 11-22 10:02", "done"),
                parts.Step("财务", "等待 2 小时", "current"),
                parts.Step("发货"),
                parts.Step("完成"),
            ]
        )
        with parts.columns() as (content, rail):
            with content, parts.panel("基本信息"):
                parts.kv({"客户": "西湖0号店", "信用": lambda: parts.money_amount(-120_00), "备注": None, "数量": 1234})
            with rail, parts.panel("历史"):
                timeline(
                    [
                        TimelineEntry("陈晨", "同意了订单", START, note="价格在授权内", tone="ok"),
                        TimelineEntry(
                            "王磊",
                            "修改了收货地址",
                            START - timedelta(hours=2),
                            changes=[Change("电话", "138 0013 8000", "139 0013 9000")],
                            source="屏幕",
                        ),
                    ]
                )


def parts_page() -> None:
    with shell("部件", "partners"):
        with parts.page_header("部件", "一页看全"):
            button("危险", look="danger")
            button("次要", look="quiet")
            button("不可用", enabled=False)
        with parts.tiles():
            note = "↑ 12.4% · 目标 1.2 亿"
            parts.stat_tile("本月销售", 123_456_780_00, note=note, trend="up", href="/gallery/list", cents=True)
            parts.stat_tile("待审批", 12, note="2 件超时", trend="down")
            parts.stat_tile("门店", 8_431)
        parts.notice("有 2 处需要修改：", "danger", items=["手机号少一位", "地区不明确"])
        parts.notice("3 条新记录，刷新后可见。")
        with parts.panel("新客户"):
            fields = form_fields()
            with parts.row():
                check = partial(fields["phone"].refuse, "手机号应为 11 位")
                button("保存", check, look="primary", testid="action-save")
                button("删除", ask_deletion, look="danger", testid="action-delete")
        file_drop(
            "/upload",
            title="把文件拖到这里",
            hint="xlsx、xls、csv…，最大 200 MB；表头叫什么都可以。",
            on_done=lambda answer: toast(f"收到 {answer['bytes']} 字节"),
        )
        ProgressBar(Progress("正在导入客户.xlsx", 42_000, 100_000, 95))
        with parts.panel("页签"), tabs(["明细", "历史"]) as panels:
            with panels[0]:
                parts.paragraph("第一页")
            with panels[1]:
                parts.paragraph("第二页")
        with parts.panel("状态"), parts.row():
            for tone in get_args(Tone):
                parts.chip(tone, tone)
        with (
            parts.panel("空"),
            parts.empty_state("还没有客户", "拖入任何 Excel，先看会发生什么，再决定。"),
        ):
            button("导入客户", look="primary")
        with drawer("历史") as show:
            parts.paragraph("抽屉里的内容")
        button("打开抽屉", show, testid="action-drawer")


def form_fields() -> dict[str, FormField]:
    async def search(text: str) -> dict[str, str]:
        return {f"P{n}": f"{place}代理" for n, place in enumerate(PLACES) if text in place or text == "dl"}

    with parts.form():
        fields = [
            text_field("name", "名称", "杭州恒源", required=True, hint="与营业执照一致"),
            text_field("phone", "电话", "1380013800", required=True),
            choice_field("stage", "阶段", {"lead": "线索", "won": "成交"}, "lead"),
            search_field("partner", "所属代理", search),
            number_field("credit", "授信额度", "50000.00", sign="¥", hint="空白表示不限"),
            date_field("from", "生效日期", "2026-11-22"),
            text_field("note", "备注", multiline=True),
            check_field("news", "接收通知", True),
        ]
    return {field.name: field for field in fields}


async def ask_deletion() -> None:
    await confirm("删除批次 12？", "不能撤销。", yes="删除", danger=True, type_to_confirm="批次12")


def shell(title: str, current: str, *, fill: bool = False) -> Any:
    return page_shell.shell(
        title,
        current=current,
        actor=ACTOR,
        nav=NAV,
        counts={"approvals": 12},
        role_label="运营",
        fill=fill,
    )
