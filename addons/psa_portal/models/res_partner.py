from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..core.person_form import leaves_no_administrator


class PersonRefused(UserError):
    """What an administrator of the client may not do; the message is for him."""


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _portal_people_domain(self):
        """The people of this client that its administrator maintains: not addresses, not our staff."""
        self.ensure_one()
        return (
            Domain("commercial_partner_id", "=", self.id)
            & Domain("is_company", "=", False)
            & Domain("type", "=", "contact")
            & ~Domain("user_ids", "any!", [("share", "=", False)])
        )

    def _portal_sites(self):
        """The sites of this client, to choose from."""
        self.ensure_one()
        return self.search([("parent_id", "=", self.id), ("psa_is_site", "=", True)], order="name, id")

    def _portal_add_person(self, form):
        """Add a person to this client, as its administrator asked for on the portal.

        :param form: a valid ``core.person_form.CheckedPerson``
        """
        self.ensure_one()
        person = self.create({
            "parent_id": self.id,
            "company_id": self.company_id.id,
            "type": "contact",
            "email": form.email,
            **self._prepare_portal_person_vals(form),
        })
        person._portal_set_role(form.role)
        return person

    def _portal_edit_person(self, user, form):
        """Change this person as the administrator ``user`` asked for."""
        self.ensure_one()
        role = self.psa_portal_role
        self._portal_check_administrators(user, form.role)
        vals = self._prepare_portal_person_vals(form)
        if (self.email or "") != form.email:
            if role != "none":
                # With another address the new owner of it could take over the account.
                raise PersonRefused(self.env._(
                    "The e-mail address cannot be changed while this person can sign in. "
                    "Set the role to No access first, then enter the address and give the role again."
                ))
            vals["email"] = form.email
        self.write(vals)
        self._portal_set_role(form.role)

    def _portal_archive_person(self, user):
        """Take this person out of the list; the access ends at once."""
        self.ensure_one()
        self._portal_check_administrators(user, "none")
        self.action_archive()

    def _portal_invite_again(self):
        """Send the invitation again to somebody who has a role and never signed in."""
        self.ensure_one()
        if self.psa_portal_role == "none" or self.user_ids.login_date:
            raise PersonRefused(self.env._("There is no invitation to send: look at the role of this person."))
        self.signup_prepare()
        wizard = self.env["portal.wizard"].create({"partner_ids": self.ids})
        wizard.user_ids.action_invite_again()

    def _prepare_portal_person_vals(self, form):
        """Return what a client's administrator may set on a person; the address and the role are handled apart."""
        return {
            "name": form.name,
            "phone": form.phone,
            "function": form.function,
            "psa_site_id": form.site or False,
        }

    def _portal_set_role(self, role):
        if self.psa_portal_role == role:
            return
        try:
            with self.env.cr.savepoint():
                self.psa_portal_role = role
                self.env.flush_all()
        except PersonRefused:
            raise
        except UserError as error:
            # Whose address it is, is not for this client to know.
            raise PersonRefused(self.env._(
                "This e-mail address cannot be invited. Check it for a typing mistake, or ask us for help."
            )) from error

    def _portal_check_administrators(self, user, role):
        """Refuse what locks the acting administrator out, or leaves the client without one."""
        client = self.commercial_partner_id
        if self == user.partner_id and role == "none":
            raise PersonRefused(self.env._(
                "You cannot take away your own access. Ask another administrator of your company, or us."
            ))
        # Two who dismiss each other at the same moment must meet on one row: then one of them is tried again.
        self.env.cr.execute(SQL("UPDATE res_partner SET write_date = write_date WHERE id = %s", client.id))
        others = self.search_count(
            client._portal_people_domain() & Domain("psa_portal_role", "=", "administrator") & Domain("id", "!=", self.id)
        )
        if leaves_no_administrator(self.psa_portal_role, role, others):
            raise PersonRefused(self.env._(
                "Your company needs an administrator. Make somebody else an administrator first."
            ))
