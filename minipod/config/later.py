"""Keys that minipod will have and does not have yet: known by name, so that they are refused as such and not as typing
mistakes. Imported only when an unknown key was found.
"""

from minipod.config.keys import POD, TOP, UNITS

_OF_UNITS = (
    "env_file env_from secrets groups limits nice oom_score_adj no_new_privileges capabilities "
    "volumes labels image"
)

LATER: dict[str, frozenset[str]] = {
    TOP: frozenset("volume hosts preset image".split()),
    POD: frozenset(),
    **dict.fromkeys(UNITS, frozenset(_OF_UNITS.split())),
}
