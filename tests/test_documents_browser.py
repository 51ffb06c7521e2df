"""The resource library in a real browser: files go in by button and by drop, are looked at, and reach the client."""

import base64

import pytest
from browsing import DESK, PHONE, web_client_is_idle
from world import build

PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Resources<<>>>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
LIBRARY = "/odoo/action-psa_crm.action_psa_document"


@pytest.fixture(scope="module")
def world(server):
    made = build(server, "library")
    made.ids["admin_login"] = made.portal_user(made.ids["grace"], "administrator")
    return made


def _document(world, name):
    fields = ("version_number", "portal_visibility", "download_ids", "client_id", "file_name")
    (document,) = world.tech.find("psa.document", [("name", "=", name)], *fields)
    return document


def test_files_become_documents_and_are_looked_at(world, new_page, look):
    page = new_page(login=f"tech.{world.slug}")
    page.goto(LIBRARY)
    page.wait_for_selector(".o_psa_document_upload")

    with page.expect_file_chooser() as chosen:
        page.click(".o_psa_document_upload")
    chosen.value.set_files([
        {"name": "Plan_one.pdf", "mimeType": "application/pdf", "buffer": PDF},
        {"name": "Plan_two.txt", "mimeType": "text/plain", "buffer": b"second plan"},
        {"name": "Nothing.txt", "mimeType": "text/plain", "buffer": b""},
    ])
    page.wait_for_selector(".o_kanban_record:has-text('Plan one')")
    page.wait_for_selector(".o_notification:has-text('Nothing.txt is empty')")
    look(page, "documents_kanban")

    web_client_is_idle(page)
    page.click(".o_kanban_record:has-text('Plan one')")
    page.wait_for_selector(".o_form_view [name=version_ids] .o_data_row")
    look(page, "documents_form")
    page.click("button[name=action_preview]:has-text('Preview')")
    page.wait_for_selector(".o-FileViewer iframe")
    page.frame_locator(".o-FileViewer iframe").locator(".page[data-loaded=true]").wait_for()
    look(page, "documents_preview")
    page.keyboard.press("Escape")
    assert len(_document(world, "Plan one")["download_ids"]) == 1

    with page.expect_download() as download:
        page.click(".o_statusbar_buttons button[name=action_download]")
    assert download.value.suggested_filename == "Plan_one.pdf"
    assert len(_document(world, "Plan one")["download_ids"]) == 2


def test_a_dropped_file_becomes_a_document(world, new_page, look):
    page = new_page(login=f"tech.{world.slug}")
    page.goto(LIBRARY)
    page.wait_for_selector(".o_psa_document_upload")
    web_client_is_idle(page)

    files = page.evaluate_handle(
        """() => {
            const transfer = new DataTransfer();
            transfer.items.add(new File(["dropped"], "Dropped_here.txt", {type: "text/plain"}));
            return transfer;
        }"""
    )
    page.dispatch_event("body", "dragenter", {"dataTransfer": files})
    page.wait_for_selector(".o_psa_document_dropzone")
    look(page, "documents_drop")
    page.dispatch_event(".o_psa_document_dropzone", "drop", {"dataTransfer": files})

    # One document: its form opens.
    page.wait_for_selector(".o_form_view [name=version_ids] .o_data_row")
    assert _document(world, "Dropped here")["file_name"] == "Dropped_here.txt"


def test_a_new_version_is_added_and_the_old_one_restored(world, new_page, look):
    (document,) = world.tech.create("psa.document", [{
        "upload_name": "Agreement.pdf", "upload": base64.b64encode(PDF).decode(), "client_id": world.ids["client"],
    }])
    page = new_page(login=f"tech.{world.slug}")
    page.goto(f"{LIBRARY}/{document}")
    page.click("button[name=action_add_version]")
    with page.expect_file_chooser() as chosen:
        page.click(".modal [name=file] .o_select_file_button")
    chosen.value.set_files({"name": "Agreement_2.txt", "mimeType": "text/plain", "buffer": b"second"})
    page.fill(".modal [name=comment] input", "Signed")
    page.click(".modal button[name=action_add]")
    page.wait_for_selector("[name=version_ids] .o_data_row:has-text('Signed')")

    page.click("[name=version_ids] .o_data_row:has-text('Agreement.pdf') button[name=action_restore]")
    page.click(".modal .btn-primary")
    page.wait_for_selector("[name=version_ids] .o_data_row:has-text('Restored from version 1')")
    look(page, "documents_versions")

    assert _document(world, "Agreement")["version_number"] == 3


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["390px", "1400px"])
def test_the_client_finds_and_saves_it_on_the_portal(world, new_page, look, viewport):
    name = f"Service levels {viewport['width']}"
    world.tech.create("psa.document", [{
        "name": name, "upload_name": "levels.pdf", "upload": base64.b64encode(PDF).decode(),
        "client_id": world.ids["client"], "portal_visibility": "everybody", "description": "Hours and targets " + "x" * 120,
    }])
    page = new_page(viewport, world.ids["admin_login"])
    page.goto("/my/documents", wait_until="networkidle")
    look(page, f"portal_documents_{viewport['width']}")

    with page.expect_download() as download:
        page.click(f".o_psa_document_row:has-text('{name}') a.btn")
    assert download.value.suggested_filename == "levels.pdf"
    assert len(_document(world, name)["download_ids"]) == 1
