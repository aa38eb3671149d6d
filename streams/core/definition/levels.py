"""In which order rules are judged that look at the breakages of others."""

from collections.abc import Mapping, Sequence


class Cycle(ValueError):
    """Rules that wait for one another; `rules` are those on the way round."""

    def __init__(self, rules: Sequence[str]) -> None:
        super().__init__(" -> ".join([*rules, rules[0]]))
        self.rules = tuple(rules)


def levels(breaks: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Rules (JOURNEY.RULE) by what they look at: a level looks only at those before it.  Raises Cycle.

    `breaks`: JOURNEY.RULE names one, JOURNEY.* and * every rule that does not itself, directly or not, look at such a group:
    so that `*` never means the rule in which it stands.
    """
    needed = _needed(breaks)
    left, found = dict.fromkeys(breaks), []
    while left:
        level = [rule for rule in left if not needed[rule] & left.keys()]
        if not level:
            raise Cycle(_way_round(needed, set(left)))
        found.append(level)
        for rule in level:
            del left[rule]
    return found


def _needed(breaks: Mapping[str, Sequence[str]]) -> dict[str, set[str]]:
    single = {rule: {name for name in names if name in breaks} for rule, names in breaks.items()}
    grouping = {rule for rule, names in breaks.items() if any(name.endswith("*") for name in names)}
    size = -1
    while size != len(grouping):
        size = len(grouping)
        grouping |= {rule for rule, names in single.items() if names & grouping}
    return {
        rule: single[rule]
        | {each for name in names if name.endswith("*") for each in breaks if names_it(name, each) and each not in grouping}
        for rule, names in breaks.items()
    }


def names_it(breaks: str, rule: str) -> bool:
    """Whether `breaks` names a rule (JOURNEY.RULE), or a group that it may belong to."""
    return rule.startswith(breaks.removesuffix("*")) if breaks.endswith("*") else breaks == rule


def _way_round(needed: Mapping[str, set[str]], left: set[str]) -> list[str]:
    way = [min(left)]
    while True:
        following = min(needed[way[-1]] & left)
        if following in way:
            return way[way.index(following) :]
        way.append(following)
