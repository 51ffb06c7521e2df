from odoo import models
from odoo.fields import Domain

from ..core import export_limits
from ..core.export_model import ExportError
from .psa_accounting_map import FORMATS


class PsaAccountingExport(models.Model):
    """What is in the way of an export, named with what helps."""

    _inherit = "psa.accounting.export"

    def _psa_problems(self):
        """Return the documents that cannot be exported in this format, each with the reason in words."""
        self.ensure_one()
        moves = self.move_ids
        documents = self._psa_documents(moves)
        problems = self._psa_currency_problems() + self._psa_tax_problems()
        for problem in export_limits.find_problems(self.format, documents, self._psa_known_customers()):
            move = moves[problem.place]
            problems.append((move, self._psa_problem_text(move.name, problem.why, problem.subject, problem.limit)))
        crowded = {move for move, __ in problems}
        for move, document in zip(moves, documents, strict=True):
            # What is named above is not refused once more in other words.
            if move not in crowded:
                try:
                    self._psa_write_documents([document])
                except ExportError as error:
                    problems.append((move, self._psa_problem_text(move.name, error.why, "", error.difference or 0)))
        return problems

    def _psa_currency_problems(self):
        home = self.company_id.currency_id
        return [
            (
                move,
                self.env._(
                    "%(document)s is in %(currency)s. IIF files know the home currency %(home)s only: enter it in QuickBooks by hand.",
                    document=move.name,
                    currency=move.currency_id.name,
                    home=home.name,
                ),
            )
            for move in self.move_ids
            if self.format == "iif" and move.currency_id != home
        ]

    def _psa_tax_problems(self):
        problems = []
        for move in self.move_ids if self.format != "iif" else ():
            crowded = self._psa_lines(move).filtered(lambda line: len(line.tax_ids) > 1)
            if crowded:
                text = self.env._(
                    "%(document)s: “%(line)s” has several taxes, %(format)s takes one for each line. Use a group of taxes.",
                    document=move.name,
                    line=(crowded[0].name or "").split("\n")[0],
                    format=self._psa_format_name(),
                )
                problems.append((move, text))
        return problems

    def _psa_format_name(self):
        return dict(FORMATS)[self.format]

    def _psa_problem_text(self, document, why, subject="", limit=0):
        """Return in words why a document cannot go, and what helps."""
        values = {"document": document, "subject": subject, "limit": limit, "format": self._psa_format_name()}
        if why == "name_formula":
            return self.env._(
                "%(document)s: “%(subject)s” starts with a sign that makes it a formula in a spreadsheet. Rename it in the other "
                "program, and fill that name in under Names.", **values
            )  # fmt: skip
        if why == "name_character":
            return self.env._(
                "%(document)s: %(format)s takes no line break, tab, colon, semicolon or quotation mark in the name “%(subject)s”. "
                "Fill in under Names what it is called there.", **values
            )  # fmt: skip
        if why == "name_long":
            return self.env._(
                "%(document)s: %(format)s takes %(limit)s characters of a name, “%(subject)s” is longer. Fill in under Names "
                "what it is called there.", **values
            )  # fmt: skip
        if why == "name_twice":
            return self.env._(
                "%(document)s: there are two customers “%(subject)s” here, which %(format)s would take for one. Fill in under "
                "Names what each is called there.", **values
            )  # fmt: skip
        if why == "number_twice":
            return self.env._(
                "%(document)s: IIF files take 11 characters of a number, and those are the same as of %(subject)s. Leave one of "
                "them out and enter it in QuickBooks by hand.", **values
            )  # fmt: skip
        return {
            "number_formula": self.env._(
                "%(document)s: its number starts with a sign that makes it a formula in a spreadsheet. Enter it by hand.", **values
            ),
            "number_long": self.env._(
                "%(document)s: %(format)s takes %(limit)s characters of a number. Enter it by hand, and shorten the "
                "journal's sequence.", **values
            ),
            "rows": self.env._(
                "%(document)s has more than the %(limit)s lines that %(format)s takes. Group its lines, or enter it by hand.", **values
            ),
            "negative": self.env._(
                "%(document)s: %(format)s takes no negative amounts, as of “%(subject)s”. Enter it by hand.", **values
            ),
            "taxes": self.env._(
                "%(document)s has several taxes, QuickBooks Desktop takes one for an invoice. Use a group of taxes, or enter it "
                "by hand.", **values
            ),
            "more_than_cents": self.env._("%(document)s has amounts of less than a cent, which %(format)s does not know.", **values),
        }.get(why) or self.env._(
            "%(document)s: its lines and taxes differ from its total by %(limit)s. Enter it by hand.", **values
        )  # fmt: skip

    def _psa_customers_to_name(self):
        """Return the customers, as (kind, id), that cannot go by the name they have here."""
        known = self._psa_known_customers()
        clients = self.env["res.partner"].union(*(self._psa_client(move) for move in self.move_ids))
        for client in clients:
            known.setdefault((client.name or "").strip().casefold(), set()).add(client.id)
        return {
            ("customer", client.id)
            for client in clients
            for name in [(client.name or "").strip()]
            if len(known[name.casefold()]) > 1 or export_limits.name_problem(self.format, "customer", name, is_own=True)
        }

    def _psa_known_customers(self):
        """Return ``{name in small letters: ids of those that went by it in this format before}``."""
        names = {(self._psa_client(move).name or "").strip() for move in self.move_ids}
        if not names:
            return {}
        named = self.env["psa.accounting.map"].sudo().search(
            [("company_id", "=", self.company_id.id), ("format", "=", self.format), ("kind", "=", "customer")]
        )
        lines = self.env["psa.accounting.export.line"].sudo().search(
            Domain("company_id", "=", self.company_id.id)
            & Domain("format", "=", self.format)
            & Domain("is_left_out", "=", False)
            & Domain("move_id.commercial_partner_id.name", "in", list(names))
            & Domain("move_id.commercial_partner_id", "not in", named.filtered("name").partner_id.ids)
        )
        known = {}
        for client in lines.move_id.commercial_partner_id:
            known.setdefault((client.name or "").strip().casefold(), set()).add(client.id)
        return known
