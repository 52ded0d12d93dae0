"""Whatever is written as YAML is read as what it was."""

import yaml
from hypothesis import given
from hypothesis import strategies as st

from minipod.kube.export_yaml import to_yaml

_TEXTS = st.one_of(
    st.text(max_size=8), st.text("ab \n\t:#-\"'|>%@", max_size=12),
    st.sampled_from("yes No on NULL ~ 1 1.5 0x1 1e3 .inf 2001-01-01 12:30 = << - ? true a: #x".split(" ")),
)  # fmt: skip
_VALUES = st.recursive(
    st.one_of(_TEXTS, st.integers(), st.booleans()),
    lambda inner: st.one_of(
        st.dictionaries(_TEXTS, inner, max_size=3),
        st.lists(st.one_of(_TEXTS, st.integers(), st.dictionaries(_TEXTS, inner, max_size=2)), max_size=3),
    ),
    max_leaves=6,
)


@given(document=st.dictionaries(_TEXTS, _VALUES, min_size=1, max_size=3), remarks=st.lists(st.text(max_size=5)))
def test_whatever_is_written_is_read(document, remarks):
    assert list(yaml.safe_load_all(to_yaml([document, document], remarks))) == [document, document]
