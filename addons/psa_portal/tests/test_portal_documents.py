from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from .common import TestTicketPortalCommon

MAX_LIST_QUERIES = 20


@tagged("post_install", "-at_install")
class TestPortalDocuments(TestTicketPortalCommon):
    """The documents a client finds on the portal."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sla = cls._document("Service levels", portal_visibility="everybody", description="Hours and targets")
        cls.contract = cls._document("Managed services contract", portal_visibility="approvers", type="contract")
        cls.internal = cls._document("Margins", portal_visibility="hidden")
        cls.handbook = cls._document("Handbook", portal_visibility="everybody", client_id=False, type="manual")
        cls.strangers = cls._document("Cold store plan", portal_visibility="everybody", client_id=cls.other_client.id)
        cls.documents = cls.sla | cls.contract | cls.internal | cls.handbook | cls.strangers

    @classmethod
    def _document(cls, name, type="sla", content=None, **values):  # noqa: A002
        document = cls.env["psa.document"].create({
            "name": name,
            "type_id": cls.env.ref(f"psa_crm.document_type_{type}").id,
            "client_id": cls.client.id,
            "company_id": cls.company.id,
            **values,
        })
        document._add_version(f"{name}.txt", content or f"content of {name}".encode())
        return document

    def _list(self, **params):
        response = self.url_open("/my/documents", params=params)
        self.assertEqual(response.status_code, 200)
        return response.text

    def _assert_lists(self, text, *documents):
        for document in self.documents:
            self.assertEqual(document.name in text, document in documents, f"{document.name} in the list")

    def test_who_sees_and_downloads_which_document(self):
        # user: SLA, contract for approvers, internal, handbook of the company, of another client
        matrix = [
            (self.employee, True, False, False, True, False),
            (self.administrator, True, True, False, True, False),
            (self.stranger, False, False, False, True, True),
        ]
        for user, *expected in matrix:
            self._sign_in(user)
            listed = self._list()
            for document, visible in zip(self.documents, expected, strict=True):
                with self.subTest(user=user.login, document=document.name):
                    before = len(document.download_ids)
                    file = self.url_open(f"/my/documents/{document.id}/download")
                    self.assertEqual(document.name in listed, visible)
                    self.assertEqual(file.status_code, 200 if visible else 404)
                    self.assertEqual(f"content of {document.name}" in file.text, visible)
                    document.invalidate_recordset(["download_ids"])
                    self.assertEqual(len(document.download_ids) - before, int(visible))

    def test_the_download_is_logged_as_one_of_the_portal(self):
        self._sign_in(self.employee)

        self.url_open(f"/my/documents/{self.sla.id}/download")

        self.assertRecordValues(self.sla.download_ids, [{
            "user_id": self.employee.id, "channel": "portal", "kind": "download", "version_number": 1,
            "client_id": self.client.id, "company_id": self.company.id,
        }])

    def test_the_portal_has_the_current_version_only(self):
        first = self.sla.current_version_id
        self.sla._add_version("new.txt", b"the new text")
        self._sign_in(self.administrator)

        self.assertEqual(self.url_open(f"/my/documents/{self.sla.id}/download").content, b"the new text")
        for version in (first, self.sla.current_version_id):
            self.assertEqual(self.url_open(f"/psa/documents/version/{version.id}").status_code, 404)
            attachment = version.sudo().attachment_id
            self.assertNotIn("text", self.url_open(f"/web/content/{attachment.id}").headers.get("Content-Disposition", ""))
            self.assertNotIn(attachment.raw, self.url_open(f"/web/content/{attachment.id}").content)

    def test_a_visitor_is_sent_to_the_sign_in(self):
        self._sign_in(None)

        for url in ("/my/documents", f"/my/documents/{self.sla.id}/download"):
            self.assertIn("/web/login", self.url_open(url).url)

    def test_a_portal_user_of_no_client_sees_nothing(self):
        stray = self._portal_user("stray", self.env["res.partner"], "base.group_portal")
        self._sign_in(stray)

        self._assert_lists(self._list())
        self.assertEqual(self.url_open(f"/my/documents/{self.handbook.id}/download").status_code, 404)

    def test_expired_documents_are_behind_their_filter(self):
        self.sla.date_end = fields.Date.today() - timedelta(days=2)
        self._sign_in(self.administrator)

        self._assert_lists(self._list(), self.contract, self.handbook)
        self._assert_lists(self._list(filterby="expired"), self.sla)
        self._assert_lists(self._list(filterby="all"), self.sla, self.contract, self.handbook)

    def test_search_in_name_and_description(self):
        self._sign_in(self.administrator)

        self._assert_lists(self._list(search="HANDB"), self.handbook)
        self._assert_lists(self._list(search="targets"), self.sla)
        self.assertIn("No document matches", self._list(search="zzz"))

    def test_grouping_by_type(self):
        self._sign_in(self.administrator)

        text = self._list(groupby="type")

        self.assertEqual(text.count("<tbody"), 3)
        self._assert_lists(text, self.sla, self.contract, self.handbook)

    def test_sorting(self):
        self._sign_in(self.administrator)

        text = self._list(sortby="newest")

        self.assertLess(text.index(self.handbook.name), text.index(self.sla.name))

    def test_what_is_not_offered_falls_back_to_the_default(self):
        self._sign_in(self.employee)

        self._assert_lists(self._list(sortby="id; drop table", filterby="x", groupby="client_id"), self.sla, self.handbook)

    def test_an_empty_list_says_so(self):
        self.documents.portal_visibility = "hidden"
        self._sign_in(self.employee)

        self.assertIn("no documents for you yet", self._list())

    def test_the_tile_counts_what_is_valid(self):
        for user, expected in ((self.employee, 2), (self.administrator, 3)):
            self._sign_in(user)
            answer = self.url_open("/my/counters", json={"params": {"counters": ["psa_document_count"]}})
            self.assertEqual(answer.json()["result"]["psa_document_count"], expected)

    def test_the_number_of_queries_is_small_and_does_not_grow(self):
        def create_documents(count, start):
            documents, _refusals = self.env["psa.document"]._create_from_files(
                [(f"file {index}.txt", b"%d" % index) for index in range(start, start + count)],
                {"client_id": self.client.id, "portal_visibility": "everybody", "company_id": self.company.id},
            )
            self.assertEqual(len(documents), count)

        create_documents(25, 0)
        self._sign_in(self.administrator)
        self._list()
        few = self._count_queries()
        create_documents(50, 25)
        many = self._count_queries()

        self.assertLessEqual(few, MAX_LIST_QUERIES)
        self.assertEqual(many, few)

    def _count_queries(self):
        """How many queries one more visit to the list takes, as a server that is warm."""
        self.env.flush_all()
        # Now and then the bus cleans up behind a request; that is not the list's doing.
        with patch("random.random", lambda: 1):
            before = self.cr.sql_log_count
            self._list()
            return self.cr.sql_log_count - before
