from __future__ import annotations

import csv
import io
import json
import socket
from typing import Any

import pandas as pd
import panel as pn
import pytest

from dte_panel.errors import InputError
from dte_panel.looks import Theme, View
from dte_panel.shell import dashboard, evidence_page, help_page, safe, sheets, theme
from dte_panel.shell.library import Library
from dte_panel.shell.pages import Pages
from dte_panel.shell.parts import FindingsList, Table, Text
from dte_panel.shell.server import free_port, origins
from dte_panel.shell.state import State


def texts(root: Any) -> list[str]:
    return [part.text for part in root.select(Text)]


def opened(evidence: Any, samples: Any, page: str, **selection: str) -> Any:
    """The content of a page as a notebook gets it: drawn at once."""
    state = State(Library.of(evidence, samples.Shelf(samples.views())))
    state.go({"page": page, **selection})
    pages = Pages(state, None, 1.0, lambda _: None)
    content = pages.content(theme.LIGHT, "light", dark=False)
    pages.draw()
    assert pages.content(theme.LIGHT, "light", dark=False) is content, "kept"
    return content


def test_a_dashboard_in_a_notebook(evidence: Any, samples: Any) -> None:
    page = dashboard(evidence, registry=samples.Shelf(samples.views()))
    assert page.get_root() is not None
    found = page.main[0].select(FindingsList)[0]
    assert [s["word"] for s in found.sections] == ["fail", "error", "not_evaluated", "warn", "pass"]
    assert [s["open"] for s in found.sections] == [True, True, True, True, False]


def test_views_that_fail_say_so_and_the_others_go_on(evidence: Any, samples: Any) -> None:
    told = texts(opened(evidence, samples, "sick"))
    assert any(t.startswith("This view could not be drawn: it raised ValueError: no such thing") for t in told)
    assert "This view could not be drawn: it took longer than 1 s" in told
    assert any("SerializationError" in t for t in told)
    assert "still here" in told


def test_views_get_the_selection_and_empty_ones_say_why(evidence: Any, samples: Any) -> None:
    content = opened(evidence, samples, "drift", window="2019-02-01", cohort="sex: missing")
    assert "window 2019-02-01, cohort {'sex': None} " in texts(content)
    told = texts(opened(evidence, samples, "fairness"))
    assert "Not evaluated: no sensitive role is set: add roles.sensitive." in told
    assert "Nothing to show for this selection." in told
    broken = texts(opened(evidence, samples, "wreck"))
    assert any("no plugin 'wreck' is installed" in t for t in broken)


def test_a_view_has_a_table_twin(evidence: Any, samples: Any) -> None:
    twins = [t for t in opened(evidence, samples, "drift").select(Table) if t.folded]
    assert twins[0].caption == "Over time"
    assert [c["label"] for c in twins[0].columns] == [
        "Metric",
        "Column",
        "Window",
        "Value",
        "95 % interval",
        "n",
        "Verdict",
    ]
    assert twins[0].rows[0] == [
        "Population stability index",
        "car_value",
        "Current",
        "0.30",
        "[0.29, 0.32]",
        "5,000",
        "fail",
    ]


def test_evidence_is_searched_filtered_sorted_and_turned(evidence: Any) -> None:
    page = evidence_page.EvidencePage(State(Library.of(evidence), q="salary 2019-03"), lambda _: None)
    assert [row[1:4] for row in page._table.rows] == [["salary", "All rows", "2019-03-01"]]
    page.param.update(search="", provider="drift", result="fail")
    assert {row[7] for row in page._table.rows} == {"fail"}
    page._told({"sort": "-value"})
    assert page._table.rows[0][4] == "0.60"
    page._told({"choose": 0})
    sections = dict(page._drawer.item["sections"])
    assert ["Formula", "Σ x"] in sections["Definition"]
    assert sections["Where it came from"][0] == ["Data", f"c.parquet, 5,000 rows, SHA-256 {'ab' * 32}"]
    assert sections["Checks"][0][1].startswith("Fail: ")
    page._told({"step": 1})
    assert page.chosen == 1
    page._told({"step": -1})
    page._told({"step": -1})
    assert page.chosen == 0, "there is nothing before the first"
    page._told({"choose": -1})
    assert page._drawer.item == {}
    page._told({"shown": ["low", "metric", "no such column"]})
    assert [c["label"] for c in page._table.columns] == ["Metric", "Low"]
    page._told({"sort": "no such column"})
    assert page.order == "-value"
    page.param.update(provider="", result="", order="")
    page._turn(25)
    assert page._count.text == "26 to 48 of 48"


def test_downloads_have_what_is_found(evidence: Any) -> None:
    page = evidence_page.EvidencePage(State(Library.of(evidence), q="salary 2019-03"), lambda _: None)
    table = pd.read_parquet(page.as_parquet())
    assert table[["column", "window"]].to_numpy().tolist() == [["salary", "2019-03-01"]]
    assert pd.read_csv(page.as_csv())["value"].tolist() == table["value"].tolist()
    assert len(json.load(page.as_json())["measurements"]) == len(evidence.measurements)


def test_what_has_no_number_comes_last_both_ways(evidence: Any) -> None:
    catalogue = Library.of(evidence).subjects["loans"].catalogue
    for order in ("value", "-value"):
        found = catalogue.find()
        catalogue.sort(found, order)
        assert {catalogue.measurements[i].value for i in found[-2:]} == {None}
    assert [catalogue.measurements[i].metric for i in catalogue.find(result="error")] == ["fairness.worst"]


def test_the_csv_cannot_be_a_formula(samples: Any) -> None:
    evil = samples.sample(mark="")
    cell = "=HYPERLINK(1)"
    evidence = type(evil).from_json(json.loads(evil.dumps().replace("car_value", cell)))
    rows = list(csv.DictReader(io.StringIO(sheets.as_csv(evidence.shared().frame()))))
    assert {row["column"] for row in rows} == {f"'{cell}", "salary", ""}
    assert all(float(row["value"]) for row in rows if row["value"])


def test_file_names_are_plain() -> None:
    assert sheets.slug("../a b<c>") == "a-b-c"
    assert sheets.slug("///") == "subject"


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # Bokeh's own, with pandas 3.1
def test_text_stays_text(samples: Any) -> None:
    attack = samples.ATTACK
    assert safe.viewable(attack).text == attack
    frame = safe.viewable(pd.DataFrame({attack: [attack], "n": [1234.5]}))
    assert [c["label"] for c in frame.columns] == [attack, "n"]
    assert frame.rows == [[attack, "1,234"]]
    assert safe.viewable(pn.pane.Markdown(attack)).renderer_options == {"html": False}
    assert safe.viewable(pn.Card("x", title=attack)).title == safe.safe(attack)
    tabulator = safe.viewable(pn.widgets.Tabulator(pd.DataFrame({attack: [1]}), formatters={attack: "html"}))
    assert tabulator.titles[attack] == safe.safe(attack)
    assert tabulator.formatters == {}
    assert safe.viewable(None) is None
    assert safe.viewable([None]) is None


def test_verdicts_in_a_views_table_get_their_badges() -> None:
    table = safe.viewable(pd.DataFrame({"verdict": ["pass", "not evaluated"], "x": [float("nan"), 2.0]}))
    assert table.columns[0]["kind"] == "verdict"
    assert table.rows == [["pass", "–"], ["not_evaluated", "2"]]


def test_a_theme_can_give_colours_and_nothing_else(samples: Any) -> None:
    night = samples.Shelf({}).themes()[0]
    tokens = theme.tokens_of(night, dark=True)
    assert (tokens["bg"], tokens["accent"], tokens["text"]) == ("#000000", "#00d787", theme.DARK["text"])
    odd = Theme("odd", "Odd", dark=False, tokens={"bg": "url(http://x)", "surface": "rgb(1, 2, 3)"})
    assert theme.tokens_of(odd, dark=False)["bg"] == theme.LIGHT["bg"]
    assert theme.tokens_of(odd, dark=False)["surface"] == "rgb(1, 2, 3)"
    assert set(theme.LIGHT) == set(theme.DARK)


def test_a_taken_port_is_replaced_by_a_free_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port("127.0.0.1", port) != port
    assert free_port("127.0.0.1", port) == port
    with pytest.raises(InputError, match="cannot listen"):
        free_port("192.0.2.1", 1)
    everywhere = "0.0.0.0"  # noqa: S104 - nothing listens there, it is about the names
    assert origins(everywhere, 80, ["x:1"]) == ["127.0.0.1:80", "localhost:80", "x:1"]


def test_a_page_without_the_role_that_it_needs_says_so_once(evidence: Any, samples: Any) -> None:
    def never(_: Any) -> Any:
        raise AssertionError("it has nothing to draw")

    needy = [View(i, f"View {i}", [], never, needs=("sensitive",)) for i in "ab"]
    shelf = samples.Shelf({"drift": needy, "fairness": [*needy, View("c", "C", [], lambda _: "c is here")]})

    def told(page: str) -> list[str]:
        state = State(Library.of(evidence, shelf))
        state.go({"page": page})
        pages = Pages(state, None, 1.0, lambda _: None)
        content = pages.content(theme.LIGHT, "light", dark=False)
        pages.draw()
        return texts(content)

    alone = told("drift")
    assert alone[0] == "No sensitive role is set"
    assert sum("sensitive" in text for text in alone) == 2
    assert any("View a, View b" in text for text in alone)
    mixed = told("fairness")
    assert mixed.count("No sensitive role is set: add roles.sensitive to trust.yaml.") == 2
    assert "c is here" in mixed


def test_what_a_bound_function_gives_is_kept_in_place_and_said() -> None:
    from bokeh.plotting import figure

    pick = pn.widgets.IntInput(value=1)
    bound = [
        pn.bind(lambda i: f"<b>{i}</b>", pick),
        pn.bind(lambda i: {"Numbers": pd.DataFrame({"n": [i]})}, pick),
        pn.bind(lambda i: figure(height=100 + i), pick),
    ]
    shown = safe.viewable(bound)
    text, table = shown.select(Text)[0], shown.select(Table)[0]
    assert (text.text, text.kind, table.rows) == ("<b>1</b>", "live", [["1"]])
    drawn = [pane.object.height for pane in shown.select(pn.pane.Bokeh)]
    pick.value = 2
    assert shown.select(Text)[0] is text
    assert shown.select(Table)[0] is table
    assert (text.text, table.rows) == ("<b>2</b>", [["2"]])
    assert [pane.object.height for pane in shown.select(pn.pane.Bokeh)] == [h + 1 for h in drawn] == [102]


def test_a_bound_function_is_called_once_for_each_change() -> None:
    pick, seen = pn.widgets.IntInput(value=1), []
    shown = safe.viewable([pn.bind(lambda i: seen.append(i) or f"{i}", pick)])
    pick.value = 2
    assert seen == [1, 2]
    assert shown.select(Text)[0].text == "2"


def test_help_explains_every_metric_of_the_evidence(evidence: Any) -> None:
    tables = [t for t in help_page.page(State(Library.of(evidence)), None).select(Table) if t.caption == "Metrics"]
    assert [row[1] for row in tables[0].rows] == sorted(evidence.metrics)
    assert tables[0].rows[0][2:] == ["What it means.", "Σ x"]
