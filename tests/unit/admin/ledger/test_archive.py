import pytest

from services.admin.ledger import archive

IDS = ["b" * 24, "a" * 24]


def test_an_archive_is_read_as_it_was_written_and_the_same_batches_make_the_same_one():
    name, text = archive.dump(IDS)
    assert archive.parse(name, text.encode()) == set(IDS)
    assert archive.dump(reversed(IDS)) == (name, text)
    assert archive.is_archive(name)
    assert not archive.is_archive(IDS[0])


@pytest.mark.parametrize("body", ["", "[]", archive.dump(["c" * 24])[1], archive.dump(IDS)[1] + " "])
def test_what_is_not_what_its_name_says_is_no_archive(body):
    name, _ = archive.dump(IDS)
    with pytest.raises(ValueError, match="another"):
        archive.parse(name, body.encode())
