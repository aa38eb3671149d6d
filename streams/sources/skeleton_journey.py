"""A definition to begin with: stages, endings and one breakage from what was discovered, with cases that hold."""

import json
import re
from collections.abc import Iterator
from math import ceil

from streams.sources.discover import Discovery, Step
from streams.sources.wording import slug

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_WORDS = frozenset(("true", "false", "null", "yes", "no", "on", "off"))
_MOST_STAGES = 6
_OFTEN = 0.05  # of the journeys: less is no beginning, no stage and no rule
_SLACK_M = 60  # minutes
_UNITS = (("d", 1_440, 10), ("h", 60, 4), ("m", 1, 0))  # unit, its minutes, from how many of them on it is used


def definition_text(name: str, found: Discovery) -> str:
    """-> YAML that `journeys check` and `journeys test` take as it is."""
    return "\n".join([*_Writer(name, found).lines(), ""])


def scalar(text: str) -> str:
    """Text as YAML has it, quoted where it would be something else."""
    return text if _PLAIN.fullmatch(text) and text.lower() not in _WORDS else json.dumps(text, ensure_ascii=False)


def listed(texts: list[str]) -> str:
    return scalar(texts[0]) if len(texts) == 1 else f"[{', '.join(map(scalar, texts))}]"


def duration(minutes: int) -> str:
    """A whole number of the largest unit that is fine enough, rounded up."""
    unit, length, _ = next(each for each in _UNITS if minutes >= each[1] * each[2])
    return f"{max(1, ceil(minutes / length))}{unit}"


def minutes_of(text: str) -> int:
    return int(text[:-1]) * next(length for unit, length, _ in _UNITS if unit == text[-1])


class _Writer:
    def __init__(self, name: str, found: Discovery) -> None:
        self.name, self.found = name, found
        self.opens = [action for action, number in found.firsts.items() if number >= _OFTEN * found.instances] or list(
            found.firsts
        )[:1]
        self.stages = [
            step for step in found.steps
            if step.before != step.after and step.instances >= _OFTEN * found.instances and step.before not in found.endings
        ][:_MOST_STAGES]  # fmt: skip
        self.step = self._slowest()
        self.within = duration(ceil(self.step.p95_s / 60)) if self.step else "1d"

    def _slowest(self) -> Step | None:
        """Of the frequent steps the one in which journeys wait longest, all together."""
        able = [step for step in self.stages if step.after not in self.opens]
        return max(able, key=lambda step: step.waited_s, default=None)

    def lines(self) -> Iterator[str]:
        found = self.found
        yield f"# A skeleton from {found.instances:,} journeys, {found.touchpoints:,} touchpoints: every line is yours to change."
        yield "# docs/language.md has all words; `throughline journeys check` and `journeys test` say whether it holds."
        yield f"journey: {self.name}"
        yield "version: 1"
        yield "about: What this journey is, and when it is broken."
        yield f"instance: {scalar(found.instance)}  # one journey for each value of this identifier"
        yield from self._opening()
        yield from self._closing()
        yield from self._stages()
        yield from self._breakages()
        yield from self._cases()

    def _opening(self) -> Iterator[str]:
        yield f"# Begin with: {self._counted(self.found.firsts)}"
        yield f"opens: {listed(self.opens)}"

    def _counted(self, numbers: dict[str, int]) -> str:
        told = ", ".join(f"{' '.join(action.split())} {number:,}" for action, number in list(numbers.items())[:6])
        return told + (", …" if len(numbers) > 6 else "")

    def _closing(self) -> Iterator[str]:
        yield f"# End with: {self._counted(self.found.lasts)}"
        if not self.found.endings:
            yield "# closes: {done: ACTION}  # no action ends most of the journeys that have it: name what closes one"
            return
        used: set[str] = set()
        outcomes = (f"{_named(slug(action, 'ended'), used)}: {scalar(action)}" for action in self.found.endings)
        yield f"closes: {{{', '.join(outcomes)}}}"
        stopped = sum(each.instances for each in self.found.unfinished)
        if stopped:
            yield f"# {stopped:,} journeys stopped elsewhere; to close them after a silence:"
        yield "# expires: 30d"

    def _stages(self) -> Iterator[str]:
        if not self.stages:
            return
        yield "stages:  # from the first of one to the first of the other; the figures are of one right after the other"
        used: set[str] = set()
        for step in self.stages:
            name = _named(f"{slug(step.before, 'step')}_to_{slug(step.after, 'step')}", used)
            told = f"{step.count:,} times, p50 {duration(ceil(step.p50_s / 60))}, p95 {duration(ceil(step.p95_s / 60))}"
            yield f"  {name}: {{from: {scalar(step.before)}, to: {scalar(step.after)}}}  # {told}"

    def _breakages(self) -> Iterator[str]:
        yield "breakages:"
        step = self.step
        if step is None:
            yield "  # no step is frequent enough to take a limit from: this one is yours to choose"
            yield "  nothing_follows:"
            yield "    about: Nothing else happened within a day."
            yield f"    absence: {{after: {listed(self.opens)}, of: {{not: {listed(self.opens)}}}, within: {self.within}}}"
            return
        yield f"  # Here journeys wait longest, {duration(ceil(step.waited_s / 60))} in all.  95 of 100 took {self.within} at most;"
        yield "  # a limit that you promise is better than one that was merely usual."
        yield f"  {self._rule()}:"
        yield f"    about: {json.dumps(self._about(step), ensure_ascii=False)}"
        kept = {step.before, step.after, *self.opens}  # a `*` in what a file has would stand for any text
        until = [action for action in self.found.endings if action not in kept and "*" not in action]
        more = f", until: {listed(until)}" if until else ""
        yield f"    absence: {{after: {scalar(step.before)}, of: {scalar(step.after)}, within: {self.within}{more}}}"
        yield "    severity: warning  # info, warning or critical"
        yield "    # owner: TEAM"

    def _about(self, step: Step) -> str:
        return f"After {' '.join(step.before.split())} there was no {' '.join(step.after.split())} within {self.within}."

    def _rule(self) -> str:
        return f"no_{slug(self.step.after, 'step')}_in_time" if self.step else "nothing_follows"

    def _cases(self) -> Iterator[str]:
        """Each is a story with the breakages that it must lead to; times count from its beginning."""
        limit, opening = minutes_of(self.within), self.opens[0]
        yield "cases:  # small stories that must hold: `throughline journeys test` runs them"
        if self.step is None:
            yield from _case("nothing follows", [(0, opening)], limit + _SLACK_M, self._rule(), "open")
            return
        given = [(0, opening)] if self.step.before == opening else [(0, opening), (1, self.step.before)]
        waits_m = given[-1][0]
        usual = min(limit, int(self.step.p50_s / 60))
        end = waits_m + limit + 2 * _SLACK_M
        after = self.step.after
        yield from _case("as it usually goes", [*given, (waits_m + usual, after)], end, self._rule(), "0")
        yield from _case("it does not come", given, end, self._rule(), "open")
        yield from _case("it comes too late", [*given, (waits_m + limit + 1, after)], end, self._rule(), "recovered")


def _case(name: str, given: list[tuple[int, str]], at_m: int, rule: str, expected: str) -> Iterator[str]:
    yield f"  - name: {name}"
    yield f"    given: [{', '.join(f'[{minutes}m, {scalar(action)}]' for minutes, action in given)}]"
    yield f"    at: {at_m}m"
    yield f"    expect: {{{rule}: {expected}}}"


def _named(wanted: str, used: set[str]) -> str:
    found, number = wanted, 1
    while found in used:
        number += 1
        found = f"{wanted}_{number}"
    used.add(found)
    return found
