import itertools

from odoo import api, models, tools
from odoo.fields import Command
from odoo.tools import SQL

SEQUENCE_CODE = "psa.ticket"


class ResCompany(models.Model):
    _inherit = "res.company"

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        companies.sudo()._psa_create_ticket_sequence()
        return companies

    def _psa_prepare_service_company(self, owner):
        """Give the new company a desk with a queue, and the desk an address if the company has a mail domain."""
        result = super()._psa_prepare_service_company(owner)
        self._psa_create_first_desk()
        return result

    def _psa_create_first_desk(self):
        """Make a desk and its queue for a company that has none."""
        self.ensure_one()
        queue = self.env["psa.queue"].sudo().create({"name": self.env._("Service Desk"), "company_id": self.id})
        desk = self.env["psa.desk"].sudo().with_company(self).create({
            "name": self.env._("Service Desk"),
            "code": "SD",
            "company_id": self.id,
            "default_queue_id": queue.id,
            "queue_ids": [Command.set(queue.ids)],
        })
        if self.alias_domain_id:
            # The domain may be one for all companies, so the company is part of the address.
            desk.alias_name = self._psa_free_alias_name("support", self.name)

    @api.model
    def _psa_free_alias_name(self, *parts):
        """Return the part before the @ of an address nobody has yet, made of these words."""
        Alias = self.env["mail.alias"].sudo()
        name = Alias._sanitize_alias_name("-".join(parts).encode("ascii", "ignore").decode().replace(".", "").lower())
        taken = set(Alias.search([("alias_name", "=like", f"{name}%")]).mapped("alias_name"))
        candidates = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
        return next(candidate for candidate in candidates if candidate not in taken)

    def _psa_create_ticket_sequence(self):
        """Give each company its own ticket numbers, drawn from a PostgreSQL sequence: gaps allowed, nobody waits."""
        Sequence = self.env["ir.sequence"].sudo().with_context(active_test=False)
        done = Sequence.search([("code", "=", SEQUENCE_CODE), ("company_id", "in", self.ids)]).company_id
        last_numbers = self._psa_last_ticket_numbers(self - done)
        Sequence.create([
            {
                "name": self.env._("Ticket numbers of %s", company.name),
                "code": SEQUENCE_CODE,
                "implementation": "standard",
                "prefix": "T",
                "padding": 5,
                "number_next": last_numbers.get(company.id, 0) + 1,
                "company_id": company.id,
            }
            for company in self - done
        ])
        self.env.registry.clear_cache()

    @api.model
    def _psa_last_ticket_numbers(self, companies):
        """Return {company id: highest number among its tickets}, so that a sequence made anew goes on from there."""
        if not companies:
            return {}
        self.env["psa.ticket"].flush_model(["number", "company_id"])
        return dict(self.env.execute_query(SQL(
            r"""SELECT company_id, max(substring(number FROM '(\d{1,15})$')::bigint)
                  FROM psa_ticket WHERE company_id IN %s AND number ~ '\d$' GROUP BY company_id""",
            companies._ids,
        )))

    @api.model
    @tools.ormcache("company_id")
    def _psa_ticket_sequence(self, company_id):
        """Return (sequence id, prefix, suffix, padding) of the company's ticket numbers; cached."""
        sequence = self.env["ir.sequence"].sudo().search(
            [("code", "=", SEQUENCE_CODE), ("company_id", "=", company_id)], limit=1
        )
        return (sequence.id, sequence.prefix or "", sequence.suffix or "", sequence.padding)

    def _psa_draw_ticket_numbers(self, count):
        """Return ``count`` new ticket numbers of this company, drawn in one query."""
        self.ensure_one()
        company = self.sudo()
        sequence_id, prefix, suffix, padding = company._psa_ticket_sequence(company.id)
        if not sequence_id:
            # Somebody deleted it: make it again, one at a time so that two workers do not make two.
            company.lock_for_update()
            company._psa_create_ticket_sequence()
            sequence_id, prefix, suffix, padding = company._psa_ticket_sequence(company.id)
        if "%" in prefix or "%" in suffix:
            prefix, suffix = self.env["ir.sequence"].sudo().browse(sequence_id)._get_prefix_suffix()
        rows = self.env.execute_query(SQL(
            "SELECT nextval(%s) FROM generate_series(1, %s)", f"ir_sequence_{sequence_id:03d}", count
        ))
        return [f"{prefix}{number:0{padding}d}{suffix}" for (number,) in rows]

    def _psa_skip_ticket_numbers(self, numbers):
        """Move the company's sequence past ``numbers`` that came from elsewhere (an import), so they never collide."""
        self.ensure_one()
        company = self.sudo()
        sequence_id, prefix, suffix, __ = company._psa_ticket_sequence(company.id)
        bodies = [
            number[len(prefix):len(number) - len(suffix)]
            for number in numbers
            if number.startswith(prefix) and number.endswith(suffix)
        ]
        highest = max((int(body) for body in bodies if body.isdecimal() and len(body) <= 15), default=0)
        if sequence_id and highest:
            name = f"ir_sequence_{sequence_id:03d}"
            self.env.execute_query(SQL(
                "SELECT setval(%s, GREATEST(last_value, %s)) FROM %s", name, highest, SQL.identifier(name)
            ))
