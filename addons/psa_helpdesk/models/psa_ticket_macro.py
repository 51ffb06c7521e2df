from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command, Domain
from odoo.tools import SQL, plaintext2html

from ..core import lifecycle, placeholders

PLAIN_FIELDS = ("stage_id", "queue_id", "type_id", "category_id", "subcategory_id", "priority_id", "severity_id")


class PsaTicketMacro(models.Model):
    """Several changes of a ticket in one click. Either all of them are made on all the tickets, or none."""

    _name = "psa.ticket.macro"
    _description = "Ticket Macro"
    _order = "sequence, id"
    _check_company_auto = True

    _company_idx = models.Index("(company_id, sequence, id)")
    _order_idx = models.Index("(sequence, id)")

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10, aggregator=None)
    active = fields.Boolean(default=True)
    description = fields.Text(translate=True, help="When to use the macro; shown before it runs.")
    desk_id = fields.Many2one(
        "psa.desk", index="btree_not_null", ondelete="cascade", check_company=True,
        help="Only tickets of this desk offer the macro, and its administrators keep it. Empty: every desk of the company does.",
    )
    company_id = fields.Many2one(
        "res.company", required=True, compute="_compute_company_id", store=True, readonly=False, precompute=True,
    )
    needs_confirmation = fields.Boolean("Ask First", help="Ask before the macro runs.")
    use_count = fields.Integer("Times Used", readonly=True, copy=False, aggregator="sum", help="On how many tickets the macro ran.")

    stage_id = fields.Many2one(
        "psa.ticket.stage", ondelete="restrict",
        domain="[('company_id', 'in', [False, company_id]), '|', ('desk_ids', '=', False), ('desk_ids', '=?', desk_id)]",
    )
    queue_id = fields.Many2one("psa.queue", ondelete="restrict", check_company=True, domain="[('company_id', '=', company_id)]")
    assignment = fields.Selection(
        [("me", "Who runs the macro"), ("user", "A certain person"), ("nobody", "Nobody")], "Assign to", help="Empty: stays as it is."
    )
    user_id = fields.Many2one(
        "res.users", "Person", ondelete="restrict", domain="[('share', '=', False), ('company_ids', 'in', company_id)]"
    )
    type_id = fields.Many2one("psa.ticket.option", ondelete="restrict", domain="[('attribute', '=', 'type')]")
    category_id = fields.Many2one("psa.ticket.option", ondelete="restrict", domain="[('attribute', '=', 'category')]")
    subcategory_id = fields.Many2one(
        "psa.ticket.option", ondelete="restrict",
        domain="[('attribute', '=', 'subcategory'), ('parent_id', '=', category_id)]",
    )
    priority_id = fields.Many2one("psa.ticket.option", ondelete="restrict", domain="[('attribute', '=', 'priority')]")
    severity_id = fields.Many2one("psa.ticket.option", ondelete="restrict", domain="[('attribute', '=', 'severity')]")
    tag_add_ids = fields.Many2many("psa.ticket.tag", "psa_macro_tag_add_rel", "macro_id", "tag_id", "Add Tags", check_company=True)
    tag_remove_ids = fields.Many2many(
        "psa.ticket.tag", "psa_macro_tag_remove_rel", "macro_id", "tag_id", "Remove Tags", check_company=True
    )
    deadline_hours = fields.Integer("Deadline in Hours", aggregator=None, help="Hours from now; 0 leaves the deadline as it is.")
    message_kind = fields.Selection(
        [("reply", "Answer to the client"), ("note", "Internal note")], "Write", help="Empty: nothing is written."
    )
    canned_response_id = fields.Many2one(
        "mail.canned.response", ondelete="restrict", domain="[('psa_scope', 'in', ('desk', 'company')), ('company_id', '=', company_id)]",
        help="Text in the client's language. Used instead of a text of the macro's own.",
    )
    message_body = fields.Text("Text", help="Placeholders such as {{ticket.number}} are filled in for each ticket.")
    is_resolving = fields.Boolean("Resolve", help="Move the ticket to its desk's stage for resolved work.")
    resolution = fields.Text(help="Told to the client as the resolution. Placeholders are filled in.")

    @api.depends("desk_id")
    def _compute_company_id(self):
        for macro in self:
            macro.company_id = macro.desk_id.company_id or macro.company_id or self.env.company

    @api.constrains("assignment", "user_id", "stage_id", "is_resolving", "message_kind", "canned_response_id", "message_body", "resolution")
    def _check_steps(self):
        for macro in self:
            if (macro.assignment == "user") != bool(macro.user_id):
                raise ValidationError(self.env._("Macro “%s”: choose the Person, or change Assign to.", macro.name))
            if macro.is_resolving and macro.stage_id:
                raise ValidationError(self.env._("Macro “%s” resolves the ticket: clear the Stage, or Resolve.", macro.name))
            if macro.resolution and not macro.is_resolving:
                raise ValidationError(self.env._(
                    "Macro “%s” has a Resolution but does not resolve: tick Resolve, or clear it.", macro.name
                ))
            if bool(macro.message_kind) != bool(macro.canned_response_id or macro.message_body):
                raise ValidationError(self.env._(
                    "Macro “%s”: Write needs a Text or a Canned Response, and the other way round.", macro.name
                ))
            for fname in ("message_body", "resolution"):
                found = placeholders.faults(macro[fname])
                if found:
                    raise ValidationError(self.env._(
                        "%(field)s of macro “%(name)s” has placeholders that do not exist: %(wrong)s. These do: %(known)s",
                        field=macro._fields[fname].get_description(self.env)["string"], name=macro.name, wrong=", ".join(found),
                        known=", ".join(f"{{{{{name}}}}}" for name in placeholders.NAMES),
                    ))

    @api.constrains("canned_response_id", "company_id", "stage_id", "desk_id")
    def _check_reach(self):
        for macro in self.sudo():
            response = macro.canned_response_id
            desks = (macro.desk_id, macro.desk_id.browse())
            if response and (response.company_id != macro.company_id or response.psa_desk_id not in desks):
                raise ValidationError(self.env._(
                    "Macro “%(macro)s” cannot use canned response “%(response)s”: it is not one of the macro's desk and company.",
                    macro=macro.name, response=response.source,
                ))

    @api.model_create_multi
    def create(self, vals_list):
        macros = super().create(vals_list)
        macros.check_access("create")
        return macros

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"desk_id", "company_id"}:
            # Odoo checks the macro as it was: nobody hands one to another desk, or to all of them.
            self.check_access("write")
        return result

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        if "name" not in (default or {}):
            for macro, vals in zip(self, vals_list, strict=True):
                vals["name"] = self.env._("%s (copy)", macro.name)
        return vals_list

    def _check_access(self, operation):
        refusal = super()._check_access(operation)
        return refusal or self.env["psa.desk"]._refusal_to_configure(self, operation)

    @api.model
    def _domain_for(self, tickets):
        """Return the domain of the macros that can run on all of these tickets."""
        companies, desks = tickets.company_id, tickets.sudo().desk_id
        if len(companies) != 1:
            return Domain.FALSE
        return Domain("company_id", "=", companies.id) & Domain("desk_id", "in", [False, *(desks.ids if len(desks) == 1 else ())])

    def _run(self, tickets):
        """Make the changes on all the tickets, or raise and make none.

        The changes of fields take one write whatever the number of tickets; only what is written into their conversations
        is written one by one.
        """
        self.ensure_one()
        self.check_access("read")
        tickets.check_access("write")
        strangers = tickets - tickets.filtered_domain(Domain("company_id", "=", self.company_id.id))
        if self.desk_id:
            strangers |= tickets.filtered(lambda ticket: ticket.sudo().desk_id != self.sudo().desk_id)
        if strangers:
            raise UserError(self.env._(
                "Macro “%(macro)s” is not for the desk of %(tickets)s, so nothing was changed. Take those tickets out and run it again.",
                macro=self.name, tickets=", ".join(strangers[:5].mapped("display_name")),
            ))
        # A flushing savepoint would write the tracking of each ticket now; so what waits is written first, and the rest by hand.
        self.env.flush_all()
        try:
            with self.env.cr.savepoint(flush=False):
                self._make_changes(tickets)
                self.env.flush_all()
        except Exception:
            self.env.transaction.clear()
            raise
        self._count_use(len(tickets))

    def _make_changes(self, tickets):
        """Take the steps of the macro."""
        tickets._log_history("rule", description=self.env._("Macro “%s”", self.name))
        vals = self._ticket_vals()
        if vals:
            tickets.write(vals)
        self._write_messages(tickets)
        if self.message_kind == "reply" or self.resolution:
            tickets._warn_of_unreached()
        if self.is_resolving:
            tickets._move_to_state("resolved")

    def _ticket_vals(self):
        """Return what the macro writes on every ticket."""
        macro = self.sudo()
        vals = {fname: macro[fname].id for fname in PLAIN_FIELDS if macro[fname]}
        if macro.assignment:
            vals["user_id"] = {"me": self.env.uid, "user": macro.user_id.id, "nobody": False}[macro.assignment]
        tags = [Command.link(tag.id) for tag in macro.tag_add_ids] + [Command.unlink(tag.id) for tag in macro.tag_remove_ids]
        if tags:
            vals["tag_ids"] = tags
        if macro.deadline_hours:
            vals["date_deadline"] = fields.Datetime.now() + timedelta(hours=macro.deadline_hours)
        return vals

    def _write_messages(self, tickets):
        """Write answer, note and resolution into the conversations."""
        macro = self.sudo()
        for ticket in tickets if macro.message_kind or macro.resolution else ():
            values = ticket._psa_placeholder_values()
            if macro.message_kind:
                response = macro.canned_response_id
                text = response._psa_render(ticket) if response else placeholders.fill(macro.message_body, values)
                self._post(ticket, text, is_internal=macro.message_kind == "note")
            if macro.resolution and ticket.state not in lifecycle.DONE_STATES:
                self._post(ticket, placeholders.fill(macro.resolution, values), kind="resolution")

    def _post(self, ticket, text, kind="comment", is_internal=False):
        """Say something on a ticket in the name of who runs the macro."""
        ticket._add_entry(plaintext2html(text), kind=kind, is_internal=is_internal)

    def _count_use(self, number):
        """Count without waiting for others who run the same macro: the figure is for orientation."""
        self.env.cr.execute(SQL(
            """
            UPDATE psa_ticket_macro SET use_count = COALESCE(use_count, 0) + %s
             WHERE id IN (SELECT id FROM psa_ticket_macro WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED)
            """,
            number, self.id,
        ))
        self.invalidate_recordset(["use_count"], flush=False)
