import pytest

from models.regions._phone_places import place_given_out


@pytest.mark.parametrize(
    ("phone", "code"),
    [("13912345678", "320400"), ("+86 139-1234-5678", "320400"), ("8613800138000", "110000"), ("19900000000", None)],
)
def test_a_mobile_tells_where_it_was_given_out(phone, code):
    place = place_given_out(phone)

    assert (place.code if place else None) == code


@pytest.mark.parametrize("phone", ["", "1380013", "010-12345678", "+1 3912345678", "139123456789"])
def test_what_is_no_mainland_mobile_tells_nothing(phone):
    assert place_given_out(phone) is None
