"""The lists of words that two languages share."""

import pytest

from minipod.supervisor.generate import ENUMS


@pytest.mark.parametrize("words", ENUMS, ids=lambda words: words.__name__)
def test_each_word_has_its_own_meaning_and_its_position_as_number(words):
    assert list(words.__members__) == [word.name for word in words]  # Enum makes one of two that mean the same
    assert [word.number for word in words] == list(range(len(words)))
