"""City services as CPSV-AP 3.2.0 wants public services, and their APIs as DCAT wants data services.

========================  ============================================================================
record                    statement
========================  ============================================================================
publisher, owner          ``cv:hasCompetentAuthority``
operator, team            ``cv:hasParticipation`` with the role
phase, STEP               ``adms:status``; ``cv:isClassifiedBy``, as the target states
Smarts                    ``cv:thematicArea``, the themes of the catalogue
data that are taken in    ``cpsv:hasInput`` (Evidence)
data for others           ``cpsv:produces`` (Output); a dataset of the catalogue is named by ``rdfs:seeAlso``
linked services           ``cv:relatedService``, each described as well
APIs                      ``dcat:DataService``, :func:`data_services`
========================  ============================================================================

What the profile has no place for (governance, city OS, KPIs, evaluation) is in the record itself, at the API.

References
----------
CPSV-AP 3.2.0 (SEMIC), its SHACL shapes and context; DCAT 3, DataService. Seen 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rdflib import DCTERMS, FOAF, ORG, RDFS, SKOS, XSD, Graph, Literal, Namespace, URIRef

from catalog.errors import Label
from catalog.metadata.graph import add_label, add_links, add_node, iri, moment, new_graph, words
from catalog.metadata.site import Site
from catalog.metadata.terms import Terms
from catalog.metadata.vocabulary import ADMS, DCAT, OPENAPI
from catalog.model import CC_BY, COUNTRY, parse_period
from catalog.model.record import Name
from catalog.model.service import DataItem, Interface, Service
from catalog.reference import Reference
from catalog.reference.services import load_service_reference

CPSV = Namespace("http://purl.org/vocab/cpsv#")
CV = Namespace("http://data.europa.eu/m8g/")

#: a record, and when it was published (ISO 8601 with offset)
Published = tuple[Service, str]

_OPERATOR = Label("運営", "Operator")


def describe_services(
    site: Site, services: Iterable[Published], reference: Reference, *, only: str | None = None
) -> Graph:
    """Return the description of services.

    Parameters
    ----------
    site
        The site.
    services
        All services that are published.
    reference
        Labels of areas, Smarts and target states.
    only
        Id of the one service to describe, with those that it is linked with; all of them if None.
    """
    graph = new_graph()
    for prefix, namespace in (("cpsv", CPSV), ("cv", CV), ("org", ORG)):
        graph.bind(prefix, namespace)
    terms = Terms(graph, site, reference)
    known = {service.id: (service, published) for service, published in services}
    wanted = list(known) if only is None else _linked(known, only)
    for id in wanted:
        _describe(terms, *known[id], known=wanted)
    return graph


def data_services(terms: Terms, services: Iterable[Service]) -> list[URIRef]:
    """State the APIs of services as data services and return their IRIs."""
    return [_data_service(terms, one, place, api) for one in services for place, api in enumerate(one.interfaces)]


def _linked(known: dict[str, Published], id: str) -> list[str]:
    """Return a service and everything that it leads to by its links."""
    found = [id]
    for each in found:
        found += [one for one in known[each][0].linked_services if one in known and one not in found]
    return found


def _describe(terms: Terms, service: Service, published: str, known: Sequence[str]) -> None:
    graph, site = terms.graph, terms.site
    node = add_node(graph, site.service(service.id), CPSV.PublicService, label=service.name, by=DCTERMS.title)
    add_label(graph, node, DCTERMS.description, service.description)
    if service.note is not None:
        add_label(graph, node, SKOS.editorialNote, service.note)
    add_links(
        graph,
        node,
        {
            DCTERMS.identifier: words(service.id),
            DCTERMS.modified: moment(published) if published else None,
            DCTERMS.temporal: _time(terms, service),
            DCTERMS.audience: _concept(terms, "user_scope", service.users.scope if service.users else None),
            ADMS.status: _concept(terms, "service_phase", service.phase),
            FOAF.page: terms.document(service.url) if service.url else None,
            FOAF.isPrimaryTopicOf: terms.document(site.service_page(service.id)),
            RDFS.seeAlso: iri(f"{site.api}/services/{service.id}"),
            CV.contactPoint: _contact(terms, service),
            CV.hasCost: _cost(terms, service),
        },
    )
    many = {
        DCTERMS.language: [terms.language(lang) for lang in ("ja", "en")],
        DCTERMS.spatial: [terms.area(one) for one in service.areas],
        DCTERMS.source: [iri(one.url) for one in service.sources],
        CV.hasCompetentAuthority: _authorities(terms, service),
        CV.thematicArea: [_theme(terms, one) for one in service.smarts],
        CV.isClassifiedBy: _classes(terms, service),
        CV.hasParticipation: _participations(terms, service),
        CV.hasChannel: _channels(terms, service),
        CPSV.hasInput: [
            _data(terms, service, CV.Evidence, "input", n, one) for n, one in enumerate(service.data.inputs)
        ],
        CPSV.produces: [
            _data(terms, service, CV.Output, "output", n, one) for n, one in enumerate(service.data.outputs)
        ],
        CV.relatedService: [iri(site.service(one)) for one in service.linked_services if one in known],
    }
    for predicate, values in many.items():
        for value in values:
            graph.add((node, predicate, value))
    _add_keywords(terms, node, service)


def _part(terms: Terms, service: Service, fragment: str) -> str:
    return f"{terms.site.service_page(service.id)}#{fragment}"


def _name(terms: Terms, node: URIRef, predicate: URIRef, name: Name) -> None:
    """State a name in the languages in which it is recorded."""
    terms.graph.add((node, predicate, words(name.ja, "ja")))
    if name.en is not None:
        terms.graph.add((node, predicate, words(name.en, "en")))


def _concept(terms: Terms, codelist: str, code: str | None) -> URIRef | None:
    if code is None:
        return None
    found = load_service_reference().codelists[codelist]
    scheme = add_node(terms.graph, terms.site.named(codelist), SKOS.ConceptScheme, label=found.label, by=DCTERMS.title)
    known = found.find(code)
    label = known.label if known else Label(code, code)
    node = add_node(terms.graph, terms.site.named(f"{codelist}-{code}"), SKOS.Concept, label=label)
    terms.graph.add((node, SKOS.inScheme, scheme))
    return node


def _group(terms: Terms, smart: str) -> Label:
    """Return the name of a Smart; the id itself where a catalogue has one that this city does not."""
    return next((one.label for one in terms.reference.vision.groups if one.id == smart), Label(smart, smart))


def _theme(terms: Terms, smart: str) -> URIRef:
    node = add_node(terms.graph, terms.site.named(f"smart-{smart}"), SKOS.Concept, label=_group(terms, smart))
    terms.graph.add((node, SKOS.inScheme, terms.smarts()))
    return node


def _classes(terms: Terms, service: Service) -> list[URIRef]:
    vision = terms.reference.vision
    states = [one for one in vision.target_states if one.id in service.target_states]
    found = [add_node(terms.graph, terms.site.named(one.id), SKOS.Concept, label=one.summary) for one in states]
    if service.step is not None:
        step = vision.get_step(service.step)
        label = Label(f"STEP{step.number} {step.label.ja}", f"STEP {step.number}: {step.label.en}")
        found.append(add_node(terms.graph, terms.site.named(f"step-{step.number}"), SKOS.Concept, label=label))
    return found


def _authorities(terms: Terms, service: Service) -> list[URIRef]:
    """State the organisation that publishes the record, and the section that answers for the service."""
    publisher = service.publisher
    authority = add_node(terms.graph, terms.site.named(f"authority-{publisher.name}"), CV.PublicOrganisation)
    add_label(terms.graph, authority, SKOS.prefLabel, publisher.label)
    place = terms.area(_municipality(terms.reference, service))
    add_links(terms.graph, authority, {DCTERMS.spatial: place})
    if service.owner is None:
        return [authority]
    owner = add_node(terms.graph, _part(terms, service, "owner"), CV.PublicOrganisation)
    _name(terms, owner, SKOS.prefLabel, service.owner)
    add_links(terms.graph, owner, {DCTERMS.spatial: place})
    return [authority, owner]


def _municipality(reference: Reference, service: Service) -> str:
    """Return the municipality of the first area; the country if none is recorded."""
    area = reference.areas.find(service.areas[0]) if service.areas else None
    if area is not None and area.level == "designated_ward" and area.parent is not None:
        area = reference.areas.find(area.parent)
    return area.code if area is not None else COUNTRY


def _participations(terms: Terms, service: Service) -> list[URIRef]:
    found = []
    if service.operator is not None:
        operator = add_node(terms.graph, terms.site.named("role-operator"), SKOS.Concept, label=_OPERATOR)
        found.append(_participation(terms, service, "operator", service.operator, operator))
    if service.governance is not None:
        architect = service.governance.architect
        roles = [("architect", architect)] if architect else []
        members = [*roles, *((one.role, one.name) for one in service.governance.team)]
        for place, (role, name) in enumerate(members):
            concept = _concept(terms, "team_role", role)
            found.append(_participation(terms, service, f"team-{place}", name, concept))
    return found


def _participation(terms: Terms, service: Service, key: str, name: Name, role: URIRef | None) -> URIRef:
    agent = add_node(terms.graph, _part(terms, service, f"{key}-agent"), FOAF.Agent)
    _name(terms, agent, DCTERMS.title, name)
    terms.graph.add((agent, DCTERMS.identifier, words(f"{service.id}-{key}")))
    node = add_node(terms.graph, _part(terms, service, key), CV.Participation)
    _name(terms, node, DCTERMS.description, name)
    add_links(
        terms.graph,
        node,
        {DCTERMS.identifier: words(f"{service.id}-{key}"), CV.role: role, CV.hasParticipant: agent},
    )
    return node


def _channels(terms: Terms, service: Service) -> list[URIRef]:
    found = []
    for place, one in enumerate(service.channels):
        node = add_node(terms.graph, _part(terms, service, f"channel-{place}"), CV.Channel)
        links = {
            DCTERMS.identifier: words(f"{service.id}-channel-{place}"),
            DCTERMS.type: _concept(terms, "service_channel", one.kind),
            FOAF.page: terms.document(one.url) if one.url else None,
        }
        add_links(terms.graph, node, links)
        found.append(node)
    return found


def _contact(terms: Terms, service: Service) -> URIRef | None:
    if service.contact is None:
        return None
    contact = service.contact
    node = add_node(terms.graph, _part(terms, service, "contact"), CV.ContactPoint)
    links = {
        CV.email: words(contact.email) if contact.email else None,
        CV.telephone: words(contact.telephone) if contact.telephone else None,
        CV.contactPage: terms.document(contact.url) if contact.url else None,
    }
    add_links(terms.graph, node, links)
    return node


def _cost(terms: Terms, service: Service) -> URIRef | None:
    if service.cost is None:
        return None
    node = add_node(terms.graph, _part(terms, service, "cost"), CV.Cost, label=service.cost, by=DCTERMS.description)
    terms.graph.add((node, DCTERMS.identifier, words(f"{service.id}-cost")))
    return node


def _data(terms: Terms, service: Service, kind: URIRef, side: str, place: int, item: DataItem) -> URIRef:
    node = add_node(terms.graph, _part(terms, service, f"{side}-{place}"), kind)
    _name(terms, node, DCTERMS.title, item.name)
    if item.note is not None:
        add_label(terms.graph, node, DCTERMS.description, item.note)
    dataset = iri(terms.site.dataset(item.dataset)) if item.dataset else None
    links = {DCTERMS.identifier: words(f"{service.id}-{side}-{place}"), RDFS.seeAlso: dataset}
    add_links(terms.graph, node, links)
    return node


def _time(terms: Terms, service: Service) -> URIRef | None:
    if service.start is None and service.end is None:
        return None
    node = add_node(terms.graph, _part(terms, service, "time"), DCTERMS.PeriodOfTime)
    start = parse_period(service.start).start if service.start else None
    end = parse_period(service.end).end if service.end else None
    for predicate, day in ((DCAT.startDate, start), (DCAT.endDate, end)):
        if day is not None:
            terms.graph.add((node, predicate, Literal(day.isoformat(), datatype=XSD.date)))
    return node


def _add_keywords(terms: Terms, node: URIRef, service: Service) -> None:
    phase = load_service_reference().codelists["service_phase"].find(service.phase)
    groups = [_group(terms, one) for one in service.smarts]
    for label in [*groups, *([phase.label] if phase else [])]:
        add_label(terms.graph, node, DCAT.keyword, label)


def _data_service(terms: Terms, service: Service, place: int, api: Interface) -> URIRef:
    graph, site = terms.graph, terms.site
    title = Label(f"{service.name.ja}のAPI", f"API of {service.name.en}")
    node = add_node(graph, _part(terms, service, f"api-{place}"), DCAT.DataService, label=title, by=DCTERMS.title)
    add_label(graph, node, DCTERMS.description, api.about or service.description)
    add_links(
        graph,
        node,
        {
            DCAT.endpointURL: iri(api.endpoint),
            DCAT.endpointDescription: iri(api.openapi) if api.openapi else None,
            DCTERMS.conformsTo: terms.standard(OPENAPI, Label("OpenAPI 3.1", "OpenAPI 3.1")) if api.openapi else None,
            DCTERMS.publisher: terms.agent(service.publisher),
            DCAT.contactPoint: terms.contact(service.publisher),
            DCTERMS.accessRights: terms.public(),
            DCTERMS.license: terms.license(CC_BY),
            DCAT.landingPage: terms.document(site.service_page(service.id)),
        },
    )
    graph.add((node, DCAT.keyword, words(service.name.ja)))
    for smart in service.smarts:
        graph.add((node, DCAT.theme, _theme(terms, smart)))
    for dataset in api.datasets:
        graph.add((node, DCAT.servesDataset, iri(site.dataset(dataset))))
    return node
