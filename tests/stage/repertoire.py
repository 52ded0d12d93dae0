"""What is played on stage: every scenario of the policy's, and those that are our own. But for those in which somebody
gives another plan: that comes over the control server, which has no part on stage.
"""

from pathlib import Path

from minipod.config.toml import loads
from minipod.supervisor.scenario import Scenario, parse

_OWN = Path(__file__).with_name("scenarios")
_POLICY = Path(__file__).parents[1] / "policy" / "scenarios"
_ALL = {
    "-".join(path.relative_to(folder).with_suffix("").parts): parse(loads(path.read_text(encoding="utf-8")))
    for folder in (_POLICY, _OWN)
    for path in sorted(folder.rglob("*.toml"))
}
SCENARIOS: dict[str, Scenario] = {name: scenario for name, scenario in _ALL.items() if not scenario.plans}
