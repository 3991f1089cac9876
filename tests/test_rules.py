"""House rules that no linter knows. A rule nobody checks is a wish.

Each test collects the places that break one rule; the place and the rule's words are all a reader needs.
"""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

from tests.support.source import FOLDERS, ROOMS, ROOT, dotted, modules, product_modules, texts
from tests.support.syntax import (
    attribute_calls,
    importers_of,
    inside_a_function,
    is_false,
    is_inexact,
    is_reason,
    keys_of,
    sqlalchemy_imports,
    values_of,
    words_of,
)

FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 400
MONEY = re.compile(
    r"(services/(\w+/)*(\w*(pricing|prices|ledger|credit|deposit|commission|rebate|settlement|payment|loan)\w*(/\w+)*)"
    r"|(services|models)/money/\w+|core/money\w*)\.py"
)

# Who may use statements the row filter does not cover, and how they keep to it themselves.
NARROWED_BY_HAND = {
    "services/backups/backup.py": "copies all rows, for whoever may operate the installation",
    "services/backups/move_places.py": "asks PostgreSQL about its login and sessions, for the operator of the machine",
    "services/backups/restore.py": "fills an empty database, for whoever may operate the installation",
    "services/backups/targets.py": "makes an empty database, for whoever may operate the installation",
    "services/installation/checks.py": "asks SQLite itself about the whole file, for the operator of the machine",
    "services/saving/rows.py": "asks visible_to() of the staged keys before it compares or writes",
}


# --- the database ---


def test_only_the_unit_of_work_commits_and_rolls_back():
    allowed = (
        "core/database/sessions.py",
        "core/schema/versions.py",  # migrations are no unit of work of anybody
        "core/transfer/",  # nor is the copy of a whole database
        "services/backups/targets.py",
    )

    wrong = attribute_calls({"commit", "rollback"}, allowed=allowed)

    assert wrong == []


def test_only_services_and_core_write_through_a_session():
    writes = {"add", "add_all", "delete", "merge", "bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings"}

    wrong = [
        module.place(call)
        for module in product_modules()
        if not module.stands_in("services/", "core/")
        for call in module.calls()
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in writes
        and dotted(call.func.value).split(".")[-1].lstrip("_").endswith("session")
    ]

    assert wrong == []


def test_only_services_and_core_make_statements_that_write():
    assert sqlalchemy_imports({"insert", "update", "delete"}, allowed=("services/", "core/")) == []


def test_pages_ask_services_instead_of_the_database():
    """What a page reads, a report and the API read too: it stands in ``services/<capability>/queries``."""
    wrong = [
        module.place(node)
        for module in product_modules()
        if module.stands_in("pages/")
        for node, package, name in module.imports()
        if package == "sqlalchemy" and name in {"select", "func", "text", "exists"}
    ]

    assert wrong == []


def test_rules_about_files_name_files_that_exist():
    counted = [module.path for module in product_modules() if MONEY.fullmatch(module.path)]

    assert [path for path in NARROWED_BY_HAND if not (ROOT / path).exists()] == []
    assert {"services/orders/pricing.py", "services/products/prices.py", "services/money/credit.py"} <= set(counted)


def test_statements_the_row_filter_does_not_cover_stand_where_they_are_looked_at():
    allowed = ("core/", *NARROWED_BY_HAND)

    wrong = sqlalchemy_imports({"text"}, allowed=allowed)
    wrong += attribute_calls({"exec_driver_sql"}, allowed=allowed)
    wrong += [
        module.place(node)
        for module in product_modules()
        if not module.stands_in(*allowed)
        for node in module.nodes()
        if isinstance(node, ast.Attribute) and node.attr == "__table__"
    ]

    assert wrong == []


def test_whoever_looks_past_the_row_filter_says_why_in_words():
    wrong = [
        module.place(value)
        for module in product_modules()
        for value in values_of(module, "see_all")
        if not module.stands_in("services/", "core/") or not is_reason(value)
    ]

    assert wrong == []


# --- time, network, people ---


def test_nobody_joins_an_alias_that_the_row_filter_would_miss():
    assert sqlalchemy_imports({"aliased"}, allowed=("services/installation/checks.py",)) == []


def test_the_clock_is_asked_in_one_place():
    names = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
    names |= {"datetime." + name for name in names} | {"func.now", "func.current_timestamp", "func.current_date"}

    wrong = [
        module.place(call)
        for module in product_modules()
        if not module.stands_in("core/clock.py")
        for call in module.calls()
        if dotted(call.func) in names
    ]

    assert wrong == []


def test_only_integrations_talk_to_the_network():
    network = re.compile(
        r"(httpx|requests|aiohttp|urllib3|urllib\.request|http\.client|socket|smtplib|ftplib|websockets"
        r"|geopy\.geocoders|geopy\.adapters)(\.|$)"
    )

    wrong = [
        module.place(node)
        for module in product_modules()
        if not module.stands_in("integrations/")
        for node, package, name in module.imports()
        if network.match(package) or network.match(f"{package}.{name}")
    ]

    assert wrong == []


def test_only_pages_and_app_know_the_user_interface():
    assert importers_of("nicegui", allowed=("pages/", "app.py")) == []


def test_pages_are_made_of_components():
    wrong = [
        module.place(node)
        for module in product_modules()
        if module.stands_in("pages/") and not module.stands_in("pages/components/")
        for node in module.nodes()
        if isinstance(node, ast.Attribute) and dotted(node.value) in {"ui", "nicegui.ui"}
    ]

    assert wrong == []


def test_elements_are_found_by_test_id_and_not_by_mark():
    wrong = [
        module.place(call)
        for module in modules()
        for call in module.calls()
        if isinstance(call.func, ast.Attribute) and call.func.attr == "mark" and dotted(call.func.value) != "pytest"
    ]

    assert wrong == []


def test_no_key_is_evaluated_as_script_in_the_browser():
    wrong = [
        module.place(key)
        for module in product_modules()
        if not module.stands_in("pages/components/")
        for node in module.nodes()
        for key in keys_of(node)
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value.startswith(":")
    ]

    assert wrong == []


def test_arguments_of_events_are_looked_at_before_something_is_taken_out_of_them():
    wrong = [
        module.place(node)
        for module in product_modules()
        if module.stands_in("pages/")
        for node in module.nodes()
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "args"
    ]

    assert wrong == []


# --- money and safety ---


def test_no_binary_fraction_comes_near_money():
    wrong = [
        module.place(node)
        for module in product_modules()
        if MONEY.fullmatch(module.path)
        for node in module.nodes()
        if is_inexact(node)
    ]
    wrong += [
        module.place(node)
        for module in product_modules()
        if module.stands_in("models/") or MONEY.fullmatch(module.path)
        for node, package, name in module.imports()
        if package.startswith("sqlalchemy") and name in {"Numeric", "DECIMAL", "REAL"}
    ]

    assert wrong == []


def test_nothing_runs_text_as_code():
    forbidden = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "yaml.load", "yaml.unsafe_load"}
    unsafe = {"pickle", "shelve", "dill"}

    wrong = [
        module.place(call)
        for module in modules()
        for call in module.calls()
        if dotted(call.func) in forbidden
        or dotted(call.func).endswith(".read_pickle")
        or any(word.arg == "shell" and not is_false(word.value) for word in call.keywords)
    ]
    wrong += [
        module.place(node)
        for module in modules()
        for node, package, name in module.imports()
        if package.split(".")[0] in unsafe
    ]

    assert wrong == []


def test_errors_nobody_expected_are_swallowed_only_where_foreign_work_runs():
    # the last logs and answers each request
    allowed = (
        "core/jobs/worker.py", "core/jobs/schedule.py", "core/events/delivery.py", "importers/",
        "pages/web/_response_headers.py",
    )  # fmt: skip

    wrong = [
        module.place(node)
        for module in product_modules()
        if not module.stands_in(*allowed)
        for node in module.nodes()
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or dotted(node.type) in {"Exception", "BaseException"})
        and not (isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None)
    ]

    assert wrong == []


# --- order in the house ---


def test_nobody_imports_app():
    wrong = [
        module.place(node)
        for module in product_modules()
        for node, package, name in module.imports()
        if package == "app" or package.startswith("app.")
    ]

    assert wrong == []


def test_imports_stand_at_the_top():
    wrong = [
        module.place(node)
        for module in modules()
        if not module.stands_in("app.py", "api/cli/")
        for node, _, _ in module.imports()
        if inside_a_function(node)
    ]

    assert wrong == []


def test_functions_fit_on_a_screen():
    wrong = [
        f"{module.place(node)} {node.name} has {lines} lines"
        for module in modules()
        for node in module.nodes()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]

    assert wrong == []


def test_files_fit_in_a_head():
    wrong = [
        f"{path} has {lines} lines"
        for path, text in texts().items()
        if path.endswith((".py", ".js", ".css", ".html")) and (lines := len(text.splitlines())) > FILE_LINES_MAX
    ]

    assert wrong == []


def test_names_say_what_and_not_that_something_is_done():
    empty = re.compile(r"(^_*(do|handle|process)_)|(manager|helper|util)s?$", re.IGNORECASE)
    of_packages = {
        "process_bind_param",
        "process_result_value",
        "_handle_enabled_change",
    }  # overridden, not named by us

    wrong = [
        f"{module.place(node)} {node.name}"
        for module in product_modules()
        for node in module.nodes()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and empty.search(node.name)
        and node.name not in of_packages
    ]
    wrong += [module.path for module in product_modules() if empty.search(module.path.split("/")[-1][:-3])]

    assert wrong == []


def test_the_top_of_the_house_holds_the_rooms_and_nothing_else():
    made_by_tools = {"build", "dist", "__pycache__"}

    found = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}

    assert sorted(found - set(FOLDERS) - made_by_tools) == []


def test_every_room_is_a_package():
    assert [room for room in ROOMS if not (ROOT / room / "__init__.py").exists()] == []


def test_every_package_the_product_uses_is_a_stated_requirement():
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    required = {re.split(r"[^\w.-]", line)[0].lower().replace("_", "-") for line in stated}
    known = {*sys.stdlib_module_names, *ROOMS}
    distributions = packages_distributions()

    wrong = [
        f"{module.place(node)} {package}"
        for module in product_modules()
        for node, package, _ in module.imports()
        if (top := package.split(".")[0]) not in known
        and not {name.lower().replace("_", "-") for name in distributions.get(top, [])} & required
    ]

    assert wrong == []


def test_no_test_is_skipped_without_a_reason_in_words():
    skips = {"pytest.skip", "pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail", "pytest.xfail"}

    bare = [
        module.place(node)
        for module in modules()
        for node in module.nodes()
        if isinstance(node, ast.Attribute)
        and dotted(node) in skips | {"pytest.importorskip", "unittest.skip"}
        and not (isinstance(node.parent, ast.Call) and any(is_reason(value) for value in words_of(node.parent)))
    ]

    assert bare == []


def test_the_type_checker_reads_what_tests_share():
    """A pattern that matches the folder above leaves out all that is in it."""
    left_out = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]["exclude"]

    assert [one for one in left_out for path in ("tests/", "tests/support/") if re.search(one, path)] == []
    assert any(re.search(one, "tests/api/") for one in left_out)
