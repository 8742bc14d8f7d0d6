"""x."""


def test_x(owner_db):
    assert owner_db
