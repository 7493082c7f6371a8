"""Hold service records against the reference data.

Two strengths. :func:`check_codes` finds codes and ids that do not exist: such a record cannot be filtered and linked,
so it is refused. :func:`check_step` finds facts that do not fit the stated STEP of roll-out, and only says so: the
steps are a direction of the vision, not a rule for the people who record services.

A step is compared row by row (services, organisation, users, administration, data platform). Each rule of
``services.yml`` looks at one fact of the record; :data:`FACTS` says how the fact is found. A fact that is not recorded
breaks no rule.

References
----------
Draft vision of Chiba City, page 25: the table of the three steps.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.errors import Label, UnknownCode
from catalog.model.codelist import unknown_code
from catalog.model.service import Service
from catalog.reference.loader import Reference, load_reference
from catalog.reference.services import ServiceReference, StepRule, load_service_reference


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFinding:
    """A fact of a record that does not fit its STEP."""

    #: id of the row of the step
    row: str
    #: name of the fact
    fact: str
    #: its value
    value: str
    #: the STEP that the record states
    step: int
    #: the steps that the value fits
    fits: tuple[int, ...]
    #: what is said, what the step looks like
    message: Label
    expected: Label

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON."""
        return {
            "row": self.row,
            "fact": self.fact,
            "value": self.value,
            "step": self.step,
            "fits": list(self.fits),
            "message": self.message.to_dict(),
            "expected": self.expected.to_dict(),
        }


def check_step(service: Service) -> tuple[StepFinding, ...]:
    """Return the facts that do not fit the stated STEP, in the order of the rows; empty if none is stated."""
    return tuple(_find_misfits(service, service.step)) if service.step is not None else ()


def iter_facts(service: Service) -> Iterator[tuple[StepRule, str]]:
    """Yield (rule, value) of every fact that is recorded and that a rule knows, in the order of the rows."""
    for rule in load_service_reference().step_rules:
        value = FACTS[rule.fact](service)
        if value is not None and value in rule.values:
            yield rule, value


def _find_misfits(service: Service, step: int) -> Iterator[StepFinding]:
    return (_finding(step, rule, value) for rule, value in iter_facts(service) if step not in rule.values[value].steps)


def _finding(step: int, rule: StepRule, value: str) -> StepFinding:
    row = load_reference().vision.get_step(step).get_row(rule.row)
    fit = rule.values[value]
    fits = Label("、".join(f"STEP{one}" for one in fit.steps), ", ".join(f"STEP {one}" for one in fit.steps))
    where = Label(f"（{fits.ja}の姿）", f" (as in {fits.en})") if fit.steps else Label("", "")
    return StepFinding(
        row=rule.row,
        fact=rule.fact,
        value=value,
        step=step,
        fits=fit.steps,
        message=Label(
            f"STEP{step}だが、{rule.label.ja}は「{fit.label.ja}」{where.ja}",
            f"STEP {step}, but {rule.label.en}: {fit.label.en}{where.en}",
        ),
        expected=Label(
            f"STEP{step}の{row.label.ja}: {row.summary.ja}", f"STEP {step}, {row.label.en}: {row.summary.en}"
        ),
    )


def _combination(service: Service) -> str:
    return "linked" if service.linked_services else "single"


def _coverage(service: Service) -> str | None:
    if service.spread is not None and service.spread.places:
        return "several"
    if len(service.areas) != 1:
        return "several" if service.areas else None
    area = load_reference().areas.find(service.areas[0])
    whole = area is not None and area.is_municipality and service.sub_area is None
    return "city" if whole else "part"


def _body(service: Service) -> str | None:
    if service.governance is None:
        return None
    bodies = len(service.governance.area_bodies)
    team = "team" if service.governance.team else None
    return {0: team, 1: "one_body"}.get(bodies, "several_bodies")


def _architect(service: Service) -> str | None:
    governance = service.governance
    if governance is None or not (governance.team or governance.area_bodies or governance.architect):
        return None
    named = governance.architect or any(one.role == "architect" for one in governance.team)
    return "named" if named else "missing"


#: name of a fact -> how it is found in a record; None if it is not recorded
FACTS: Mapping[str, Callable[[Service], str | None]] = {
    "combination": _combination,
    "coverage": _coverage,
    "phase": lambda service: service.phase,
    "body": _body,
    "architect": _architect,
    "user_scope": lambda service: service.users.scope if service.users else None,
    "city_role": lambda service: service.governance.city_role if service.governance else None,
    "city_os_stage": lambda service: service.city_os.stage if service.city_os else None,
}


def check_codes(service: Service) -> tuple[UnknownCode, ...]:
    """Return an error for each code and id that does not exist; each names the value, its place and the nearest."""
    reference, services = load_reference(), load_service_reference()
    known = _known(reference, services)
    return tuple(
        _placed(unknown_code(known[list_id][0], value, known[list_id][1]), pointer)
        for pointer, list_id, value in _iter_codes(service)
        if value not in known[list_id][1]
    )


def _placed(error: UnknownCode, pointer: str) -> UnknownCode:
    error.context["pointer"] = pointer
    return error


def _known(reference: Reference, services: ServiceReference) -> dict[str, tuple[Label, Collection[str]]]:
    vision = reference.vision
    lists: dict[str, tuple[Label, Collection[str]]] = {
        one.id: (Label(f"{one.label.ja}のコード", f"code of {one.id}"), one.ids) for one in services.codelists.values()
    }
    frequency = reference.codelists["frequency"]
    return {
        **lists,
        "frequency": (Label("頻度のコード", "code of frequency"), frequency.ids),
        "smart": (Label("スマート", "Smart"), [one.id for one in vision.groups]),
        "target_state": (Label("目指す姿", "target state"), [one.id for one in vision.target_states]),
        "indicator": (Label("指標", "indicator"), [one.id for one in reference.indicator_set.indicators]),
        "area": (Label("地域コード", "area code"), [one.code for one in reference.areas]),
    }


def _iter_codes(service: Service) -> Iterator[tuple[str, str, str]]:
    """Yield (JSON Pointer, code list, code) of every code in a record."""
    yield "/phase", "service_phase", service.phase
    many = (
        ("smarts", "smart", service.smarts),
        ("target_states", "target_state", service.target_states),
        ("areas", "area", service.areas),
    )
    for name, list_id, values in many:
        yield from ((f"/{name}/{place}", list_id, one) for place, one in enumerate(values))
    for place, change in enumerate(service.phase_history):
        yield f"/phase_history/{place}/phase", "service_phase", change.phase
    for place, channel in enumerate(service.channels):
        yield f"/channels/{place}/kind", "service_channel", channel.kind
    yield from _kpi_codes(service)
    yield from _data_codes(service)
    yield from _governance_codes(service)


def _kpi_codes(service: Service) -> Iterator[tuple[str, str, str]]:
    for place, one in enumerate(service.kpis):
        yield f"/kpis/{place}/kind", "kpi_kind", one.kind
        if one.indicator is not None:
            yield f"/kpis/{place}/indicator", "indicator", one.indicator


def _data_codes(service: Service) -> Iterator[tuple[str, str, str]]:
    lists = {"basis": "data_basis", "frequency": "frequency", "method": "data_method"}
    for side in ("inputs", "internal", "outputs"):
        for place, item in enumerate(getattr(service.data, side)):
            for name, list_id in lists.items():
                if getattr(item, name) is not None:
                    yield f"/data/{side}/{place}/{name}", list_id, getattr(item, name)


def _governance_codes(service: Service) -> Iterator[tuple[str, str, str]]:
    if service.users is not None and service.users.scope is not None:
        yield "/users/scope", "user_scope", service.users.scope
    if service.city_os is not None:
        yield "/city_os/stage", "city_os_stage", service.city_os.stage
    if service.governance is None:
        return
    if service.governance.city_role is not None:
        yield "/governance/city_role", "city_role", service.governance.city_role
    for place, one in enumerate(service.governance.team):
        yield f"/governance/team/{place}/role", "team_role", one.role
