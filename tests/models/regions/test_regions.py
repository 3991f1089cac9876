import pytest

from core.i18n import use_language
from models.regions.resolving import Certainty, code_range, find_in_address, region, regions_below, resolve, search
from models.regions.table import table


def current():
    return [one for one in table().regions.values() if one.status == "current"]


def code_of(text):
    resolution = resolve(text)
    return resolution.region.code if resolution.region else None


def found(address):
    return [(one.region.code, one.certainty) for one in find_in_address(address)]


def test_a_region_knows_its_name_its_place_and_a_point_in_it():
    west_lake = region("330106")

    assert (west_lake.name, west_lake.full_name) == ("西湖区", "浙江省 杭州市 西湖区")
    assert (west_lake.level, west_lake.parent, west_lake.status) == (3, "330100", "current")
    assert (west_lake.latitude, west_lake.longitude) == (30.259463, 120.130194)
    assert region("999999") is None


def test_there_are_34_provinces_333_cities_and_2974_counties():
    levels = [one.level for one in current()]

    assert [levels.count(level) for level in (1, 2, 3)] == [34, 333, 2974]


def test_placeholder_cities_are_passed_over():
    assert region("110105").parent == "110000"
    assert region("110105").full_name == "北京市 朝阳区"
    assert region("429004").parent == "420000"
    assert len(regions_below("110000")) == 16
    assert regions_below("110100") == ()
    assert "省直辖" not in "".join(one.name for one in regions_below("420000"))


def test_a_city_without_counties_is_one_region_and_a_leaf():
    leaves = [one.code for one in current() if one.level == 2 and one.is_leaf]

    assert leaves == ["441900", "442000", "460400", "620200"]
    assert code_of("620201") == "620200"


def test_regions_below_are_valid_ones_and_every_valid_region_is_below_its_parent():
    listed = [one.code for parent in ("", *table().regions) for one in regions_below(parent)]

    assert sorted(listed) == sorted(one.code for one in current())
    assert [one.code for one in regions_below("")][:3] == ["110000", "120000", "130000"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("330000", ("330000", "340000")),
        ("330100", ("330100", "330200")),
        ("330106", ("330106", "330107")),
        ("441900", ("441900", "442000")),
        ("429000", ("429000", "429100")),
    ],
)
def test_a_code_range_holds_the_region_and_what_is_inside(code, expected):
    assert code_range(code) == expected


@pytest.mark.parametrize("wrong", ["", "33", "3301061", "33010a", "３３０１０６"])
def test_a_code_range_is_only_of_six_digits(wrong):
    with pytest.raises(ValueError, match="region code"):
        code_range(wrong)


def test_every_valid_region_lies_in_the_range_of_its_parent():
    outside = [one.code for one in current() if one.parent and not inside(one.code, code_range(one.parent))]

    assert outside == []


def inside(code, bounds):
    return bounds[0] <= code < bounds[1]


def test_every_valid_region_is_resolved_by_its_code_and_its_full_name():
    wrong = [
        (one.code, text)
        for one in current()
        for text in (one.code, one.full_name, one.full_name.replace(" ", ""), one.full_name.replace(" ", "/"))
        if code_of(text) != one.code or resolve(text).notice
    ]

    assert wrong == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("330106001", "330106"),
        ("330106001003", "330106"),
        (" 330106 ", "330106"),
        ("３３０１０６", "330106"),
        ("浙江/杭州/西湖", "330106"),
        ("杭州 西湖区", "330106"),
        ("杭州西湖", "330106"),
        ("浙江省诸暨市", "330681"),
        ("北京市市辖区朝阳区", "110105"),
        ("北京市北京市朝阳区", "110105"),
        ("湖北省省直辖县级行政区划仙桃市", "429004"),
        ("广西自治区南宁市", "450100"),
        ("新疆", "650000"),
        ("恩施", "422800"),
        ("吉林市", "220200"),
        ("浦东", "310115"),
        ("石家庄市高新技术产业开发区", "130171"),
        ("香港", "810000"),
    ],
)
def test_a_region_is_understood_in_many_spellings(text, code):
    assert code_of(text) == code
    assert resolve(text).problem is None


@pytest.mark.parametrize(("text", "code"), [("海南", "460000"), ("吉林", "220000"), ("长沙", "430100")])
def test_a_short_name_means_the_province_or_the_region_that_contains_the_other(text, code):
    assert code_of(text) == code


@pytest.mark.parametrize(
    ("text", "code", "notice"),
    [
        ("110103", "110101", "regions.replaced"),
        ("110104", "110102", "regions.replaced"),
        ("310108", "310106", "regions.replaced"),
        ("310103", "310101", "regions.replaced"),
        ("310119", "310115", "regions.replaced"),
        ("320584", "320509", "regions.replaced"),
        ("510124", "510117", "regions.replaced"),
        ("320503", "320508", "regions.replaced"),
        ("220381", "220184", "regions.replaced"),
        ("469003", "460400", "regions.replaced"),
        ("431121", "431181", "regions.replaced"),
        ("北京市崇文区", "110101", "regions.replaced"),
        ("四平市公主岭市", "220184", "regions.replaced"),
        ("襄樊市", "420600", "regions.renamed"),
        ("万盛区", "500110", "regions.renamed"),
        ("110100", "110000", "regions.placeholder"),
        ("429000", "420000", "regions.placeholder"),
        ("330101", "330100", "regions.placeholder"),
    ],
)
def test_what_is_no_longer_valid_leads_to_its_one_heir_with_a_notice(text, code, notice):
    assert code_of(text) == code
    assert resolve(text).notice.code == notice


@pytest.mark.parametrize("text", ["330104", "江干区", "341400", "130103", "石家庄市桥东区", "450121"])
def test_a_region_that_was_divided_is_ambiguous(text):
    resolution = resolve(text)

    assert resolution.region is None
    assert resolution.problem.code == "regions.retired_unknown"


def test_every_retired_code_has_an_heir_or_is_refused():
    codes = [one.code for one in table().regions.values() if one.status == "retired"]
    uncertain = [code for code in codes if resolve(code).region is None]

    assert len(codes) == 510
    assert len(uncertain) == 29
    assert {resolve(code).problem.code for code in uncertain} == {"regions.retired_unknown"}
    assert {code_of(code) in {one.code for one in current()} for code in codes if code not in uncertain} == {True}


@pytest.mark.parametrize("text", ["朝阳区", "朝阳", "鼓楼区", "西湖区", "桥东区", "新城区"])
def test_a_name_that_several_regions_have_or_had_is_ambiguous(text):
    resolution = resolve(text)

    assert resolution.region is None
    assert resolution.problem.code == "regions.ambiguous"


@pytest.mark.parametrize(
    "text",
    ["", " ", "xyz", "市辖区", "县", "999999", "330199", "3301", "上海市朝阳区", "长宁路", "杭州西湖x", "杭" * 5000],
)
def test_what_means_no_region_is_said_to_be_unknown(text):
    resolution = resolve(text)

    assert resolution.region is None
    assert resolution.problem.code == "regions.unknown"


def test_a_problem_names_the_choices_in_both_languages():
    problem = resolve("鼓楼区").problem
    choices = "320106 江苏省南京市鼓楼区、320302 江苏省徐州市鼓楼区、350102 福建省福州市鼓楼区 …"

    with use_language("en"):
        assert problem.text == f"鼓楼区 can be {choices}: name its city or province too, or give the code."
    with use_language("zh_CN"):
        assert problem.text == f"“鼓楼区”可能是：{choices}。请写明所属省市，或填写行政区划代码。"


@pytest.mark.parametrize(
    ("address", "code", "certainty"),
    [
        ("北京市海淀区北四环西路66号", "110108", Certainty.SURE),
        ("浙江省诸暨市暨阳街道市南路85号", "330681", Certainty.SURE),
        ("中国上海市浦东新区张江", "310115", Certainty.SURE),
        ("苏州市沧浪区人民路", "320508", Certainty.SURE),
        ("东莞市东城区牛山工业园", "441900", Certainty.SURE),
        ("海淀区中关村南大街5号", "110108", Certainty.LIKELY),
        ("广州国际采购中心1401", "440100", Certainty.LIKELY),
        ("深圳南山科技园", "440305", Certainty.LIKELY),
        ("上海南京西路1266号", "310000", Certainty.LIKELY),
        ("哈尔滨道里区长江路", "230102", Certainty.LIKELY),
        ("深圳市科技园南区（南山区）", "440305", Certainty.LIKELY),
        ("某大厦 北京市朝阳区", "110105", Certainty.LIKELY),
        ("昆山花桥国际商务城", "320583", Certainty.POSSIBLE),
    ],
)
def test_an_address_says_where_it_is_and_how_sure_that_is(address, code, certainty):
    assert found(address) == [(code, certainty)]


@pytest.mark.parametrize(
    ("address", "codes"),
    [
        ("朝阳区建国路88号", ["110105", "220104"]),
        ("鼓楼区中山路", ["320106", "320302", "350102", "410204"]),
        ("上海市朝阳区某路", ["110105", "220104", "310000"]),
        ("杭州市江干区凤起东路", ["330102", "330114"]),
        ("西安高新区", ["220403", "231005", "610100"]),
    ],
)
def test_an_address_that_can_be_in_several_regions_has_all_as_candidates(address, codes):
    assert found(address) == [(code, Certainty.POSSIBLE) for code in codes]


@pytest.mark.parametrize(
    "address", ["", "南京东路100号", "中山路10号", "和平里", "天府大道中段666号", "开发区吉庆路28号"]
)
def test_a_street_named_after_a_city_says_nothing_of_where_it_is(address):
    assert found(address) == []


def test_what_was_read_of_an_address_is_shown():
    (candidate,) = find_in_address("北京朝阳建国路88号")

    assert candidate.matched == "北京朝阳"


def test_a_long_text_of_names_is_read_to_an_end():
    assert found("北京市" * 5000) == [("110000", Certainty.SURE)]
    assert found("朝阳区" * 5000) == [("110105", Certainty.POSSIBLE), ("220104", Certainty.POSSIBLE)]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("西湖", ["330106", "360103", "420112"]),
        ("杭州 西湖", ["330106"]),
        ("杭州市西湖", ["330106"]),
        ("33010", ["330100", "330102", "330105", "330106", "330108", "330109"]),
        ("襄樊", ["420600"]),
        ("崇文区", []),
        ('"', []),
        ("", []),
    ],
)
def test_a_picker_finds_regions_by_any_part_of_their_path(text, codes):
    assert [one.code for one in search(text)][:6] == codes


def test_a_picker_shows_no_more_than_its_limit():
    assert len(search("区")) == 20
    assert len(search("区", limit=3)) == 3
