from odoo import api, fields, models, tools
from odoo.exceptions import AccessError, ValidationError

ADMINISTRATOR = "psa_crm.group_company_admin"


class PsaDesk(models.Model):
    """The middle one of three levels: a desk administrator configures his desk, and nothing of other desks or the company.

    Being in ``admin_ids`` is all it takes; there is no group. Record rules let him write his desks and their options and
    stages; which fields of the desk are his to change is said here.
    """

    _inherit = "psa.desk"

    admin_ids = fields.Many2many(
        "res.users", "psa_desk_admin_rel", "desk_id", "user_id", string="Desk Administrators",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Technicians who configure this desk: its members, contacts, own options, own stages and own ticket fields. "
        "Company administrators configure every desk.",
    )
    can_configure = fields.Boolean(
        compute="_compute_can_configure", help="The user configures this desk, as its or as the company's administrator."
    )
    can_configure_all = fields.Boolean(
        compute="_compute_can_configure", help="The user may change every setting of the desk."
    )
    own_option_count = fields.Integer("Own Options", compute="_compute_own_counts")
    own_stage_count = fields.Integer("Own Stages of the Desk", compute="_compute_own_counts")

    @api.depends("admin_ids")
    @api.depends_context("uid")
    def _compute_can_configure(self):
        runs_company = self.env.user.has_group(ADMINISTRATOR)
        for desk in self:
            desk.can_configure_all = runs_company
            desk.can_configure = runs_company or self.env.user in desk.sudo().admin_ids

    @api.depends("stage_ids")
    def _compute_own_counts(self):
        options = dict(self.env["psa.ticket.option"]._read_group(
            [("desk_id", "in", self.ids)], ["desk_id"], ["__count"]
        ))
        for desk in self:
            desk.own_option_count = options.get(desk._origin, 0)
            desk.own_stage_count = len(desk.stage_ids)

    @api.constrains("admin_ids", "company_id")
    def _check_admin_ids(self):
        technician = self.env.ref("psa_crm.group_technician")
        for desk in self.sudo():
            for user in desk.admin_ids:
                if technician not in user.all_group_ids:
                    raise ValidationError(self.env._(
                        "%(user)s cannot administer “%(desk)s”: only technicians can. Make him a technician first.",
                        user=user.name, desk=desk.name,
                    ))
                if desk.company_id not in user.company_ids:
                    raise ValidationError(self.env._(
                        "%(user)s cannot administer “%(desk)s”: he does not belong to %(company)s.",
                        user=user.name, desk=desk.name, company=desk.company_id.name,
                    ))

    def write(self, vals):
        refused = vals.keys() - self._desk_admin_fields()
        if refused and not self.env.su and not self.env.user.has_group(ADMINISTRATOR):
            # Who may not write the desk at all is told so first.
            self.check_access("write")
            labels = ", ".join(sorted(self._fields[name].get_description(self.env)["string"] for name in refused if name in self._fields))
            raise AccessError(self.env._(
                "Desk administrators cannot change %s of a desk. Ask a company administrator.", labels or ", ".join(sorted(refused))
            ))
        before = {desk: desk.sudo().admin_ids for desk in self} if "admin_ids" in vals else {}
        result = super().write(vals)
        for desk, admins in before.items():
            after = desk.sudo().admin_ids
            desk._renew_access_of((admins | after) - (admins & after))
        return result

    @api.model_create_multi
    def create(self, vals_list):
        desks = super().create(vals_list)
        for desk in desks.sudo().filtered("admin_ids"):
            desk._renew_access_of(desk.admin_ids)
        return desks

    def _renew_access_of(self, users):
        """Compile again what the users see of this desk: its administrators see it whatever the default is."""
        if users:
            self.env["psa.access"].sudo()._psa_rebuild(self.sudo().company_id, users, "desk", {self.id})

    @api.model
    def _desk_admin_fields(self):
        """Return the names of the fields a desk administrator may write.

        Left out on purpose: company, name and code (what reports and imports go by), the mail address, queues and the
        default queue (they belong to the company), stages (added as rows of his own, so that he takes no shared stage away
        from others), archiving, and the administrators themselves. Addons that bring settings of a desk add theirs.
        """
        return {"description", "color", "member_ids", "contact_ids", "properties_definition"}

    @api.model
    @tools.ormcache("self.env.uid")
    def _administers_any(self):
        """Tell whether the user administers a desk, cached until a desk changes: it is asked at each check of access."""
        return bool(self.sudo().search_count([("admin_ids", "in", self.env.uid)], limit=1))

    @api.model
    def _may_configure_some(self):
        """Tell whether the user has a desk to configure, as the administrator of one or of the company."""
        return self.env.su or self.env.user.has_group(ADMINISTRATOR) or self._administers_any()

    def _check_access(self, operation):
        return super()._check_access(operation) or self._refusal_to_configure(self, operation)

    @api.model
    def _refusal_to_configure(self, records, operation):
        """Return the refusal to change records of a desk's configuration for who has no desk to configure, else None.

        The rights of technicians allow the change for the sake of desk administrators, and record rules ask which desk it is.
        Without this, everybody else would be offered the buttons for what is refused him in the end.
        """
        if operation == "read" or self._may_configure_some():
            return None
        return records, lambda: AccessError(self.env._(
            "Only company administrators and the administrators of the desk can change its configuration (%s).",
            records._description,
        ))

    def action_view_access_rules(self):
        """Open the access rules about this desk."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_crm.action_psa_access_rule")
        return {
            **action,
            "name": self.env._("Access to %s", self.name),
            "domain": [("resource", "=", "desk"), ("desk_id", "=", self.id)],
            "context": {
                "default_resource": "desk", "default_desk_id": self.id, "default_company_id": self.company_id.id,
            },
        }

    def action_view_own_options(self):
        """Open the options only this desk offers."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_ticket_option")
        return {
            **action,
            "name": self.env._("Options of %s", self.name),
            "domain": [("desk_id", "=", self.id)],
            "context": {
                "default_desk_id": self.id, "default_company_id": self.company_id.id, "search_default_group_attribute": 1,
            },
        }

    def action_view_own_stages(self):
        """Open the stages only this desk uses."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_ticket_stage")
        return {
            **action,
            "name": self.env._("Stages of %s", self.name),
            "domain": [("desk_ids", "in", self.ids)],
            "context": {"default_desk_ids": [(6, 0, self.ids)], "default_company_id": self.company_id.id},
        }
