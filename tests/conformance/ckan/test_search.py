"""``package_search``: the queries that clients send, the facets they show."""

from __future__ import annotations

import uuid

import pytest


@pytest.fixture(scope="module")
def shelf(site):
    """Return the names of five datasets that are found by a field of their own, and that field."""
    mark = uuid.uuid4().hex
    organizations = [f"o1-{mark[:8]}", f"o2-{mark[:8]}"]
    for name, title in zip(organizations, ("統計局", "環境局"), strict=True):
        site.post("organization_create", {"name": name, "title": title})
    group = f"g-{mark[:8]}"
    site.post("group_create", {"name": group, "title": "労働"})
    rows = [
        ("unemployment", "完全失業率（年次）", "労働力調査から", 0, ["労働", "labour force"], "cc-by", "CSV"),
        ("population", "人口 推計", "年齢別の人口", 0, ["人口"], "cc-by", "XLSX"),
        ("cards", "マイナンバーカード取得状況", "申請と取得", 0, ["行政"], "cc-zero", "CSV"),
        ("survey", "市民アンケート", "暮らしの満足度 survey of citizens", 1, ["暮らし"], "cc-by", "CSV"),
        ("air", "大気の測定", "air quality PM2.5", 1, ["環境"], "other-at", "JSON"),
    ]
    for name, title, notes, owner, tags, license_id, form in rows:
        site.post(
            "package_create",
            {
                "name": f"{name}-{mark[:8]}",
                "title": title,
                "notes": notes,
                "owner_org": organizations[owner],
                "license_id": license_id,
                "tags": [{"name": tag} for tag in tags],
                "groups": [{"name": group}] if name == "unemployment" else [],
                "extras": [{"key": "shelf", "value": mark}, {"key": "rank", "value": str(len(name))}],
                "resources": [{"url": f"https://example.org/{name}", "format": form, "name": f"{name} file"}],
            },
        )
    return mark


@pytest.fixture(scope="module")
def names(site, shelf):
    """Return a function that searches the shelf and returns the names without what makes them unique."""

    def find(**given):
        filters = [f"shelf:{shelf}", *given.pop("fq_list", [])]
        found = site.post("package_search", {"rows": 100, "fq_list": filters, **given}, token="").result
        return sorted(item["name"].rsplit("-", 1)[0] for item in found["results"])

    return find


ALL = ["air", "cards", "population", "survey", "unemployment"]


def test_an_answer_has_the_keys_of_ckan(site, shapes):
    assert sorted(site.post("package_search", {"rows": 1}).result) == shapes["keys"]["search"]


@pytest.mark.parametrize("q", ["", "*:*", '""'])
def test_an_empty_query_finds_everything(names, q):
    assert names(q=q) == ALL


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("完全失業率", ["unemployment"]),
        ("人口 推計", ["population"]),
        ("air quality", ["air"]),
        ("title:人口", ["population"]),
        ("title:人口 OR name:air*", ["air", "population"]),
        ("tags:労働", ["unemployment"]),
        ('tags:"labour force"', ["unemployment"]),
        ("tags:labour\\ force", ["unemployment"]),
        ("tags:(労働 OR 環境)", ["air", "unemployment"]),
        ("+license_id:cc-by +res_format:CSV", ["survey", "unemployment"]),
        ("license_id:cc-by AND NOT res_format:CSV", ["population"]),
        ("license_id:cc-by -res_format:CSV", ["population"]),
        ("license_id:(cc-zero other-at)", ["air", "cards"]),
        ("tags:(+労働 環境)", []),
        ("tags:労働 tags:環境", []),
        ("license_id:(cc-zero OR other-at)", ["air", "cards"]),
        ("(tags:労働 OR tags:人口) AND res_format:XLSX", ["population"]),
        ("res_format:X*", ["population"]),
        ("license_id:cc-?y", ["population", "survey", "unemployment"]),
        ("license_id:*", ALL),
        ("rank:[4 TO 5]", ["cards"]),
        ("rank:{3 TO 6}", ["cards"]),
        ("extras_rank:5", ["cards"]),
        ("capacity:public AND state:active", ALL),
        ("private:true", []),
        ("dataset_type:dataset", ALL),
    ],
)
def test_a_query_finds_what_solr_finds(names, q, expected):
    assert names(q=q) == expected


def test_a_query_is_also_a_filter(names):
    assert names(fq="(tags:労働 OR tags:環境)") == ["air", "unemployment"]
    assert names(fq_list=["tags:労働 OR tags:環境"]) == ["air", "unemployment"]
    assert names(fq="+tags:労働 +res_format:JSON") == []


def test_several_filters_must_all_hold(names):
    assert names(fq_list=["license_id:cc-by", "res_format:CSV"]) == ["survey", "unemployment"]


def test_organisations_and_groups_are_filtered_by_name(names, shelf):
    first, second = f"o1-{shelf[:8]}", f"o2-{shelf[:8]}"
    assert names(fq=f"organization:{second}") == ["air", "survey"]
    assert names(fq=f"(organization:{first} OR organization:{second})") == ALL
    assert names(fq=f"-organization:{first}") == ["air", "survey"]
    assert names(fq=f"groups:g-{shelf[:8]}") == ["unemployment"]


def test_owner_org_is_filtered_by_id(site, names, shelf):
    owner = site.post("organization_show", {"id": f"o2-{shelf[:8]}"}).result["id"]
    assert names(fq=f'+owner_org:"{owner}"') == ["air", "survey"]


def test_a_harvester_asks_for_what_changed_since_a_moment(site, names, shelf):
    shown = site.post("package_show", {"id": f"cards-{shelf[:8]}"}).result
    moment = shown["metadata_modified"]
    assert "cards" in names(fq=f"metadata_modified:[{moment[:19]}Z TO *]")
    assert names(fq="metadata_modified:[2100-01-01T00:00:00.123456Z TO *]") == []
    assert names(fq="metadata_modified:[* TO NOW+1DAY]") == ALL
    assert names(fq="metadata_modified:[NOW-1DAY TO NOW+1DAY]") == ALL


def test_pages_do_not_overlap_and_end_with_an_empty_one(site, shelf):
    seen = []
    for start in (0, 2, 4, 6):
        given = {"fq": f"shelf:{shelf}", "rows": 2, "start": start, "sort": "id asc"}
        seen += [item["id"] for item in site.post("package_search", given).result["results"]]
    assert len(seen) == len(set(seen)) == 5
    assert seen == sorted(seen)


def test_no_rows_is_only_a_count(site, shelf):
    found = site.post("package_search", {"fq": f"shelf:{shelf}", "rows": 0}).result
    assert (found["count"], found["results"], found["facets"], found["search_facets"]) == (5, [], {}, {})


@pytest.mark.parametrize(
    "sort", ["name asc", "title_string desc", "metadata_modified desc", "metadata_created asc, id desc"]
)
def test_results_are_sorted(site, shelf, sort):
    found = site.post("package_search", {"fq": f"shelf:{shelf}", "sort": sort}).result
    assert found["sort"] == sort
    key = {"title_string": "title"}.get(sort.split()[0], sort.split()[0])
    values = [item[key] for item in found["results"]]
    assert values == sorted(values, reverse=" desc" in sort.split(",")[0])


def test_the_default_order_is_told(site):
    assert site.post("package_search", {"rows": 0}).result["sort"] == "score desc, metadata_modified desc"


def test_facets_count_values(site, shapes, shelf):
    fields = ["tags", "organization", "groups", "license_id", "res_format"]
    found = site.post("package_search", {"fq": f"shelf:{shelf}", "facet.field": fields, "rows": 0}).result
    assert found["facets"]["license_id"] == {"cc-by": 3, "cc-zero": 1, "other-at": 1}
    assert found["facets"]["res_format"] == {"CSV": 3, "JSON": 1, "XLSX": 1}
    assert next(iter(found["facets"]["res_format"])) == "CSV"
    assert set(found["search_facets"]) == set(fields)
    facet = found["search_facets"]["organization"]
    assert sorted(facet) == shapes["keys"]["search_facet"]
    assert sorted(facet["items"][0]) == shapes["keys"]["search_facet.item"]
    assert {item["display_name"]: item["count"] for item in facet["items"]} == {"統計局": 3, "環境局": 2}


def test_the_facet_fields_may_be_json_text(site, shelf):
    query = f'?fq=shelf:{shelf}&facet.field=["res_format"]&rows=0&facet.limit=1'
    found = site.get(f"/api/3/action/package_search{query}").json()["result"]
    assert found["facets"] == {"res_format": {"CSV": 3}}


def test_facets_can_be_limited_and_switched_off(site, shelf):
    given = {"fq": f"shelf:{shelf}", "facet.field": ["res_format"], "rows": 0}
    assert site.post("package_search", {**given, "facet.mincount": 2}).result["facets"] == {"res_format": {"CSV": 3}}
    assert site.post("package_search", {**given, "facet": "false"}).result["facets"] == {}


def test_a_facet_without_values_is_empty(site, shelf):
    found = site.post("package_search", {"fq": f"shelf:{shelf}", "facet.field": ["vocab_none"], "rows": 0}).result
    assert found["facets"] == {"vocab_none": {}}
    assert found["search_facets"] == {"vocab_none": {"title": "vocab_none", "items": []}}


def test_chosen_fields_are_answered_alone(site, shelf):
    found = site.post("package_search", {"fq": f"shelf:{shelf}", "fl": "id,name,title", "rows": 5}).result
    assert {tuple(sorted(item)) for item in found["results"]} == {("id", "name", "title")}


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"q": "title:(a"}, (409, "Search Error", ["message"])),
        ({"fq": "title:(a"}, (409, "Search Error", ["message"])),
        ({"q": "metadata_modified:[yesterday TO *]"}, (409, "Search Error", ["message"])),
        ({"sort": "nonsense"}, (400, "Search Query Error", ["message"])),
        ({"bogus": 1}, (400, "Search Query Error", ["message"])),
        ({"rows": "abc"}, (409, "Validation Error", ["rows"])),
        ({"rows": -1}, (409, "Validation Error", ["rows"])),
        ({"start": "abc"}, (409, "Validation Error", ["start"])),
        ({"facet.field": "not json"}, (409, "Validation Error", ["facet.field"])),
        ({"facet.limit": "abc"}, (409, "Validation Error", ["facet.limit"])),
    ],
)
def test_a_search_that_cannot_be_done_is_an_error(site, given, error):
    assert site.post("package_search", given).error == error


@pytest.mark.parametrize("q", ["unbalanced (", 'half "quoted', "C++", "~", "50%", "a/b"])
def test_what_people_type_never_fails(site, q):
    assert site.post("package_search", {"q": q, "rows": 0}).status == 200


def test_rows_are_at_most_a_thousand_and_more_is_no_error(site):
    assert site.post("package_search", {"rows": 100000, "fl": "id"}).status == 200


def test_parameters_of_extensions_are_tolerated(site):
    assert site.post("package_search", {"ext_colour": "blue", "rows": 0}).status == 200


@pytest.fixture
def release(site, dataset):
    """Return a dataset and the release package of it; there is a service as well."""
    if "shihyo" not in site.post("status_show").result["extensions"]:
        pytest.skip("this CKAN has no plugin for packages of the type release")
    described = dataset(title="交付状況")
    mark = {"key": "shihyo_release_of", "value": described["name"]}
    dataset(name=f"service-{described['name']}", type="service")
    return described, dataset(name=f"{described['name']}-r00001", type="release", extras=[mark])


def test_who_looks_for_datasets_finds_neither_releases_nor_services(site, organization, release):
    for given in (
        {"fq": f"organization:{organization}"},
        {"q": f"organization:{organization}", "sort": "id asc"},
        {"fq": f"-dataset_type:x organization:{organization}"},
    ):
        found = site.post("package_search", given, token="").result
        assert [one["name"] for one in found["results"]] == [release[0]["name"]]
        assert found["count"] == 1


@pytest.mark.parametrize("query", ["dataset_type:release", "+dataset_type:*", "shihyo_release_of:*"])
def test_releases_are_found_by_who_asks_for_them(site, organization, release, query):
    found = site.post("package_search", {"fq": f"+organization:{organization} {query}"}, token="").result
    assert release[1]["name"] in [one["name"] for one in found["results"]]


def test_services_are_found_by_who_asks_for_them(site, organization, release):
    found = site.post("package_search", {"fq": f"+organization:{organization} +dataset_type:service"}, token="").result
    assert [one["name"] for one in found["results"]] == [f"service-{release[0]['name']}"]


def test_files_of_a_release_are_uploaded_and_read(site, release):
    package = release[1]
    created = site.upload("resource_create", {"package_id": package["id"], "name": "表"}, "rates.csv", b"a\n1\n").result
    assert site.get(created["url"]).content == b"a\n1\n"
    again = f"{site.base_url}/dataset/{package['id']}/resource/{created['id']}/download/rates.csv"
    assert site.get(again).content == b"a\n1\n"


def test_tags_of_public_datasets_are_listed(site, shapes, shelf):
    tags = site.post("tag_list", token="").result
    assert {"労働", "labour force"} <= set(tags)
    shown = site.post("tag_show", {"id": "労働"}).result
    assert sorted(shown) == shapes["keys"]["tag"]
    assert site.post("tag_show", {"id": shown["id"]}).result == shown
    assert "労働" in site.post("tag_autocomplete", {"q": "労"}).result
    assert site.post("tag_show", {"id": "no such tag"}).error == (404, "Not Found Error", ["message"])
    assert site.post("tag_show").error == (409, "Validation Error", ["id"])
    all_fields = site.post("tag_list", {"all_fields": True, "query": "労働"}).result
    assert "労働" in [tag["name"] for tag in all_fields]


def test_datasets_of_a_tag_are_shown(site, shelf):
    shown = site.post("tag_show", {"id": "労働", "include_datasets": True}).result
    assert f"unemployment-{shelf[:8]}" in [item["name"] for item in shown["packages"]]
