import ast
from collections.abc import Collection

import psycopg2
from odoo import api, models
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Domain

from .psa_rule_queue import RuleQueue

NESTED = ("any", "not any")
PLAIN = ("=", "!=", "in", "not in")


class BrokenCondition(Exception):
    """The condition of a rule cannot be read any more, for example because a field it asks about is gone."""


class PsaRule(models.Model):
    """The condition of a rule: a domain, the class of the client, how the ticket came in."""

    _inherit = "psa.rule"

    @api.constrains("domain", "desk_id", "company_id")
    def _check_domain(self):
        for rule in self:
            try:
                domain = Domain(ast.literal_eval(rule.domain or "[]"))
            except Exception as error:
                raise ValidationError(self.env._(
                    "The Condition of rule “%(rule)s” cannot be read: %(error)s. It is a list such as [('state', '=', 'open')]; "
                    "dates are written as 'today', 'now -2H' or '2026-05-31'.",
                    rule=rule.name, error=error,
                )) from error
            try:
                domain.validate(self.env["psa.ticket"])
                self.env["psa.ticket"].sudo().search(domain, limit=1)
                self.env["psa.ticket"].sudo().browse().filtered_domain(domain)
            except (ValueError, TypeError, KeyError) as error:
                raise ValidationError(self.env._(
                    "The Condition of rule “%(rule)s” asks about something tickets do not have: %(error)s. Correct it.",
                    rule=rule.name, error=error,
                )) from error

    @api.model_create_multi
    def create(self, vals_list):
        created = super().create(vals_list)
        created._check_what_is_asked()
        return created

    def write(self, vals):
        result = super().write(vals)
        if "domain" in vals:
            self._check_what_is_asked()
        return result

    def _check_what_is_asked(self):
        """Refuse conditions about what their writer may not read: by what the rule does, he would learn it."""
        if not self.env.su:
            for rule in self:
                self._check_may_ask(self.env["psa.ticket"], Domain(ast.literal_eval(rule.domain)))

    @api.model
    def _check_may_ask(self, model, domain, is_root=True):
        """Refuse a domain about what the user may not read, in its nested parts, too.

        Whoever does not run the company asks about the ticket itself and what it leads to, but not about other tickets: rules are
        asked with full rights, and which tickets of other desks there are is not told to the administrator of one.
        """
        for leaf in domain.iter_conditions():
            asked, field, at_root = model, None, is_root
            for name in leaf.field_expr.split("."):
                if field is not None and not field.relational:
                    break  # a part of the value, as of an own field or a date
                if field is not None:
                    at_root = False
                field = asked._fields.get(name)
                if field is None:
                    raise ValidationError(self.env._("The Condition asks about something that is not there: %s. Correct it.", name))
                asked._check_field_access(field, "read")
                if field.relational:
                    asked = self.env[field.comodel_name]
                    asked.check_access("read")
                    self._check_leads_to_no_other_ticket(leaf, asked, at_root)
            if leaf.operator in NESTED or isinstance(leaf.value, Domain):
                try:
                    nested = Domain(leaf.value)
                except (TypeError, ValueError) as error:
                    raise ValidationError(self.env._("The Condition cannot be read: %s. Correct it.", error)) from error
                self._check_may_ask(asked, nested, is_root=False)

    @api.model
    def _check_leads_to_no_other_ticket(self, leaf, asked, at_root):
        """Refuse to ask about tickets other than the one itself, unless it is only asked which they are."""
        of_ticket = asked._fields.get("ticket_id")
        is_of_tickets = bool(of_ticket) and of_ticket.type == "many2one" and of_ticket.comodel_name == "psa.ticket"
        if asked._name != "psa.ticket" and (at_root or not is_of_tickets):
            return
        if self.env.user.has_group("psa_crm.group_company_admin"):
            return
        values = leaf.value if isinstance(leaf.value, Collection) else [leaf.value]
        if at_root and "." not in leaf.field_expr and leaf.operator in PLAIN and all(
            value is None or isinstance(value, int) for value in values
        ):
            return
        raise AccessError(self.env._(
            "Only company administrators make rules that ask about other tickets (%s). Ask about the ticket itself.", leaf.field_expr
        ))

    def _condition(self):
        """Return the domain of the tickets the rule acts on, without its reach.

        :raise BrokenCondition: what the rule asks about is not there any more
        """
        self.ensure_one()
        try:
            condition = Domain(ast.literal_eval(self.domain or "[]"))
            condition.validate(self.env["psa.ticket"])
        except Exception as error:
            raise BrokenCondition(str(error)) from error
        if self.source:
            condition &= Domain("source", "=", self.source)
        if self.client_class_ids:
            condition &= Domain("client_id.psa_client_class_id", "in", self.client_class_ids.ids)
        return condition

    def _meeting_condition(self, tickets, supposed=None):
        """Return those of the tickets that are in the rule's reach and meet its condition now.

        :param supposed: gets each part of it and returns what is asked instead
        :raise BrokenCondition: the condition cannot be asked
        """
        reach = Domain("company_id", "=", self.company_id.id) & Domain("active", "=", True)
        if self.desk_id:
            reach &= Domain("desk_id", "=", self.desk_id.id)
        condition = self._condition()
        if supposed:
            try:
                # Without negations: what is supposed to be met is so everywhere.
                asked = (reach & condition).optimize(self.env["psa.ticket"]).map_conditions(supposed)
            except Exception as error:
                raise BrokenCondition(str(error)) from error
            reach, condition = Domain.TRUE, asked
        if condition.is_true():
            return tickets.filtered_domain(reach)
        try:
            # A condition may ask the database, too: what fails there must not take the transaction with it.
            with RuleQueue.of(self.env.cr).guarded(self.env.cr):
                return tickets.filtered_domain(reach & condition)
        except psycopg2.OperationalError:
            raise  # the transaction is tried again
        except Exception as error:
            raise BrokenCondition(str(error)) from error
