import pytest
from hypothesis import given
from hypothesis import strategies as st

from casekeep.identity.contacts import Reached, clean_email, clean_phone
from casekeep.kernel.errors import InputNotValid


@pytest.mark.parametrize(
    ("given_as", "kept"),
    [(" Pat@Example.ORG ", "pat@example.org"), ("a+b@c.d.example", "a+b@c.d.example")],
)
def test_an_email_has_one_spelling(given_as: str, kept: str) -> None:
    assert clean_email(given_as) == kept


@pytest.mark.parametrize(
    "email",
    ["", "pat", "@example.org", "pat@", "a b@c.d", "a@b@c.d", "a@b..c", "a\x00@b.c",
     "\ud800@b.c", "a\u200b@b.c", "a@b.c\nbcc: x@y.z", "x" * 65 + "@b.c", "a@" + "b" * 253],
)  # fmt: skip
def test_what_is_no_email_is_refused_and_not_repeated(email: str) -> None:
    with pytest.raises(InputNotValid) as refused:
        clean_email(email)
    assert str(refused.value) == "email is not an email address"


@given(st.text(max_size=40))
def test_a_cleaned_email_stays_as_it_is(text: str) -> None:
    try:
        email = clean_email(text + "@example.org")
    except InputNotValid:
        return
    assert clean_email(email) == email
    assert email.isprintable()


@pytest.mark.parametrize(
    ("given_as", "kept"),
    [("+1 (415) 555-0123", "+14155550123"), (" +49 30 123456 ", "+4930123456"),
     ("+15550100123", "+15550100123")],
)  # fmt: skip
def test_a_phone_number_has_one_spelling(given_as: str, kept: str) -> None:
    assert clean_phone(given_as) == kept


@pytest.mark.parametrize("phone", ["", "415 555 0123", "+", "+1", "+999123", "pat", "+1415\x00"])
def test_what_is_no_phone_number_is_refused(phone: str) -> None:
    with pytest.raises(InputNotValid, match="country code"):
        clean_phone(phone)


def test_exactly_one_way_to_reach_somebody() -> None:
    assert str(Reached.at("A@b.example", None)) == "a@b.example"
    assert str(Reached.at(None, "+1 415 555 0123")) == "+14155550123"
    for email, phone in ((None, None), ("a@b.example", "+14155550123"), ("", None)):
        with pytest.raises(InputNotValid):
            Reached.at(email, phone)
