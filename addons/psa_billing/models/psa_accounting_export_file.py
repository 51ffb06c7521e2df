from odoo import models
from odoo.tools import html2plaintext

from ..core import export_csv, export_iif, export_model
from ..tools import to_decimal

# Journal items that are no line of the document.
OTHER_LINES = ("payment_term", "tax", "line_section", "line_subsection", "line_note", "cogs")


class PsaAccountingExport(models.Model):
    """From journal items to documents with the other program's names, and from these to files."""

    _inherit = "psa.accounting.export"

    def _psa_wanted(self):
        """Return the set of (kind, id) that need a name before these documents can go."""
        self.ensure_one()
        wanted = self._psa_customers_to_name()
        has_untaxed = has_taxes = False
        for move in self.move_ids:
            lines = self._psa_lines(move)
            products = {("item", line.product_id.id) for line in lines if line.product_id}
            taxes = {("tax", tax.id) for tax in lines.tax_ids}
            terms = {("term", move.invoice_payment_term_id.id)} if move.invoice_payment_term_id else set()
            if self.format == "iif":
                accounts = (lines | self._psa_tax_lines(move) | self._psa_receivables(move)).account_id
                tax_names = {("tax", self._psa_tax(line).id) for line in self._psa_tax_lines(move)}
                wanted |= {("account", account.id) for account in accounts} | products | tax_names | terms
            elif self.format == "qbo":
                wanted |= products | taxes | terms
                has_untaxed = has_untaxed or bool(lines.filtered(lambda line: not line.tax_ids))
                has_taxes = has_taxes or bool(taxes)
            else:
                wanted |= {("account", account.id) for account in lines.account_id} | taxes
                if lines.filtered(lambda line: not line.tax_ids):
                    wanted.add(("untaxed", 0))
        # With VAT or GST each line has a code; where there is sales tax, a line has it or not.
        if has_untaxed and has_taxes and (self.company_id.account_fiscal_country_id or self.company_id.country_id).code != "US":
            wanted.add(("untaxed", 0))
        return wanted

    def _psa_missing(self):
        """Return the rows of the mapping that lack a name; names not asked for yet are not in it."""
        Map = self.env["psa.accounting.map"]
        wanted = self._psa_wanted()
        rows = Map.search([("company_id", "=", self.company_id.id), ("format", "=", self.format), ("is_missing", "=", True)])
        return rows.filtered(lambda row: row._psa_key() in wanted)

    def _psa_files(self, moves):
        """Return the files of these documents: list of (name, content, mimetype). Several come together as one more, too."""
        self.ensure_one()
        stem = f"{self.format}-{self.date_from:%Y%m%d}-{self.date_to:%Y%m%d}-{self.id}"
        parts = self._psa_write_documents(self._psa_documents(moves.sorted(lambda move: (move.invoice_date, move.id))))
        if self.format == "iif":
            return [(f"{stem}.iif", parts[""], "text/plain")]
        files = [(f"{stem}-{part}.csv", content) for part, content in parts.items()]
        together = [(f"{stem}.zip", export_model.archive(files), "application/zip")] if len(files) > 1 else []
        return [(name, content, "text/csv") for name, content in files] + together

    def _psa_write_documents(self, documents):
        """Return ``{part: content}`` of the files of documents."""
        if self.format == "iif":
            return {"": export_iif.write(documents)}
        write = export_csv.write_qbo if self.format == "qbo" else export_csv.write_xero
        return write(documents, self.date_style)

    def _psa_documents(self, moves):
        """Return documents as the writers read them, with the other program's names."""
        names = self.env["psa.accounting.map"]._psa_names(self.company_id, self.format)
        return [self._psa_document(move, names) for move in moves]

    def _psa_lines(self, move):
        return move.line_ids.filtered(lambda line: line.display_type not in OTHER_LINES)

    def _psa_tax_lines(self, move):
        return move.line_ids.filtered(lambda line: line.display_type == "tax")

    def _psa_receivables(self, move):
        return move.line_ids.filtered(lambda line: line.display_type == "payment_term")

    def _psa_tax(self, line):
        """Return the tax that people chose: the group, not its part."""
        return line.group_tax_id or line.tax_line_id

    def _psa_document(self, move, names):
        """Return a document as the writers read it."""
        sign = -1 if move.move_type == "out_invoice" else 1
        currency = move.currency_id

        def amount_of(line):
            return to_decimal(currency.round(sign * line.amount_currency))

        def name_of(kind, record, default=""):
            return names.get((kind, record.id), default) if record else default

        lines = self._psa_lines(move)
        taxes = self._psa_tax_lines(move)
        receivables = self._psa_receivables(move)
        by_line = export_model.spread(
            sum((amount_of(line) for line in taxes), to_decimal(0)),
            [to_decimal(currency.round(line.price_total - line.price_subtotal)) for line in lines],
        )
        partner, client = move.partner_id, self._psa_client(move)
        untaxed = names.get(("untaxed", 0), "")
        return export_model.Document(
            number=move.name,
            is_credit=move.move_type == "out_refund",
            customer=name_of("customer", client, (client.name or "").strip()),
            date=move.invoice_date,
            due_date=move.invoice_date_due or move.invoice_date,
            currency=currency.name,
            receivable=name_of("account", receivables[:1].account_id),
            total=to_decimal(currency.round(-sign * sum(receivables.mapped("amount_currency")))),
            lines=tuple(
                export_model.Line(
                    description=line.name or "",
                    quantity=to_decimal(line.quantity) if line.display_type == "product" else to_decimal(1),
                    price_unit=self._psa_price(line, amount_of(line)),
                    amount=amount_of(line),
                    account=name_of("account", line.account_id),
                    item=name_of("item", line.product_id),
                    tax=name_of("tax", line.tax_ids[:1], untaxed),
                    tax_amount=tax_amount,
                    is_taxed=any(line.tax_ids.flatten_taxes_hierarchy().mapped("amount")),
                    service_date=line.deferred_start_date if "deferred_start_date" in line._fields else None,
                )
                for line, tax_amount in zip(lines, by_line, strict=True)
            ),
            taxes=tuple(
                export_model.TaxLine(
                    name=name_of("tax", self._psa_tax(line)), account=name_of("account", line.account_id), amount=amount_of(line)
                )
                for line in taxes
            ),
            term=name_of("term", move.invoice_payment_term_id),
            reference=move.ref or "",
            memo=html2plaintext(move.narration or "").strip(),
            email=partner.email or client.email or "",
            address=tuple(filter(None, (partner.street, partner.street2))),
            city=partner.city or "",
            region=partner.state_id.code or "",
            postal_code=partner.zip or "",
            country=partner.country_id.name or "",
            customer_id=client.id,
            is_own_name=("customer", client.id) not in names,
            untaxed=untaxed,
        )

    def _psa_client(self, move):
        return move.commercial_partner_id.sudo()

    def _psa_price(self, line, amount):
        """Return the price of one unit after discount and without taxes."""
        if line.display_type != "product" or not line.quantity:
            return amount
        return (amount / to_decimal(line.quantity)).quantize(to_decimal(0.000001))
