"""The demo story is plausible: everybody and everything in it exists, and time runs forward."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

DEMO = Path(__file__).parents[2] / "demo"
CHAPTERS = json.loads((DEMO / "tickets.json").read_text(encoding="utf-8"))
DEFINED = {
    record.get("id")
    for path in DEMO.glob("*.xml")
    for record in ElementTree.parse(path).iter("record")
}


@pytest.fixture(params=CHAPTERS, ids=lambda chapter: chapter["key"])
def chapter(request):
    return request.param


def test_people_and_assets_of_a_ticket_exist(chapter):
    named = {chapter["contact"], *chapter.get("assets", ())}
    named |= {entry["by"] for entry in [*chapter.get("messages", ()), *chapter.get("times", ())]}
    named |= {f"tag_{tag.replace('-', '_')}" for tag in chapter.get("tags", ())}
    if "user" in chapter:
        named.add(chapter["user"])

    assert named <= DEFINED


def test_time_runs_forward_within_a_ticket(chapter):
    written = [message["hours_ago"] for message in chapter.get("messages", ())]

    assert written == sorted(written, reverse=True)
    assert all(0 < hours <= chapter["hours_ago"] for hours in written)
    assert all(0 < work["hours_ago"] <= chapter["hours_ago"] for work in chapter.get("times", ()))
    if "closed" in chapter:
        assert all(hours >= chapter["closed"] for hours in written)


def test_only_finished_tickets_have_an_end(chapter):
    assert ("closed" in chapter) == (chapter["stage"] in ("resolved", "closed", "cancelled"))


def test_the_story_is_broad_enough_to_look_around():
    assert len(CHAPTERS) >= 25
    assert len({chapter["key"] for chapter in CHAPTERS}) == len(CHAPTERS)
    assert {chapter["stage"] for chapter in CHAPTERS} == {
        "new", "open", "waiting", "on_hold", "resolved", "closed", "cancelled",
    }
    assert {chapter["priority"] for chapter in CHAPTERS} == {"critical", "high", "normal", "low"}
    assert any(message.get("internal") for chapter in CHAPTERS for message in chapter.get("messages", ()))
