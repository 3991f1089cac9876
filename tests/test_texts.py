"""What may not stand in any file of the project. The forbidden words are put together here from halves."""

import re
import tomllib

from tests.support.source import ROOT, files, texts

FILE_BYTES_MAX = 3 * 1024 * 1024
SEEDS = ("data/", "LICENSE")  # other people's texts, kept as they came


def test_nothing_is_left_for_later():
    marks = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")) + r")\b")

    assert lines_with(marks) == []


def test_no_file_names_a_package_registry():
    hosts = ("py" + "pi.org", "python" + "hosted", "registry.npm" + "js", "deb.deb" + "ian.org", "proxy.go" + "lang")

    assert lines_with(re.compile("|".join(re.escape(host) for host in hosts))) == []


def test_no_file_names_a_folder_of_somebodys_machine():
    folders = ("wo" + "rk", "ro" + "ot", "ho" + r"me/\w+", "Us" + r"ers/\w+", "tm" + r"p/\w+")

    assert lines_with(re.compile(r"(?<![\w./}\]-])/(" + "|".join(folders) + ")/")) == []


def test_files_are_small_enough_to_be_read():
    assert [path.name for path in files() if path.stat().st_size > FILE_BYTES_MAX] == []


def test_texts_end_with_one_line_break_and_have_no_other_kind():
    wrong = [
        path
        for path, text in texts().items()
        if text and not path.startswith("data/") and ("\r" in text or not text.endswith("\n") or text.endswith("\n\n"))
    ]

    assert wrong == []


def test_every_requirement_has_one_tested_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = [line for line in texts()["constraints.txt"].splitlines() if line and not line.startswith("#")]
    pinned = {canonical(line.split("==")[0]) for line in pins}
    stated = [
        *project["dependencies"],
        *(line for group in project["optional-dependencies"].values() for line in group),
    ]

    assert [line for line in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*", line)] == []
    assert len(pinned) == len(pins)
    assert {canonical(re.split(r"[^\w.-]", line)[0]) for line in stated} <= pinned


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path}:{number} {found.group()}"
        for path, text in texts().items()
        if not path.startswith(SEEDS)
        for number, line in enumerate(text.splitlines(), 1)
        if (found := pattern.search(line))
    ]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
