from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Command
from odoo.tools import SQL

# Of whom nothing came, or nothing yet: days ago, name, company, mail address, country, state, reason.
OTHER_SIGNUPS = (
    (23, "Pia Sandoval", "Sandoval Support", "pia@sandoval-support.example", "base.us", "expired", False),
    (17, "Theo Lindqvist", "Brightwater IT", "theo.lindqvist@brightwater.example", "base.us", "refused", "known"),
    (9, "asdf", "asdf", "asdf@mailbox.example", "base.us", "refused", "trap"),
    (4, "Jonas Keller", "Keller Systemhaus", "jonas@keller-systemhaus.example", "base.de", "expired", False),
    (1, "Ruth Amadi", "Amadi Tech Care", "ruth@amadi-tech.example", "base.uk", "refused", "repeated"),
    (1, "Ruth Amadi", "Amadi Tech Care", "ruth@amadi-tech.example", "base.uk", "mailed", False),
)


class PsaDemoReferral(models.AbstractModel):
    """Tells how an independent professional came, and brought another one. Used by the demo data only."""

    _name = "psa.demo.referral"
    _description = "Demo Story of Referrals"

    @api.model
    def _load(self):
        """Load sign-ups, two one-man companies, referrals, and the rewards of what was paid since."""
        if self.env.ref("psa.user_pro", raise_if_not_found=False):
            return
        platform = self.env.ref("base.main_company")
        if not platform.chart_template:
            self.env["account.chart.template"].try_loading("generic_coa", platform, install_demo=False)
        now = fields.Datetime.now()
        nora = self._sign_up("Nora Ellison", "Juniper Point IT", "nora@juniper-point.example", now - timedelta(days=160))
        self._keep("user_pro", nora.user_id)
        self._keep("company_juniper", nora.company_id)
        # As for everybody else in the story, the login is the password.
        nora.user_id.with_context(no_reset_password=True).write({
            "login": "pro", "password": "pro", "action_id": self.env.ref("psa_helpdesk.action_psa_desk_dashboard").id,
        })
        link = self._refer(nora.user_id, {"name": "Kai Brandvold", "email": "kai@fernhill-networks.example"})
        kai = self._sign_up(
            "Kai Brandvold", "Fernhill Networks", "kai@fernhill-networks.example", now - timedelta(days=95), link.code
        )
        self._keep("company_fernhill", kai.company_id)
        self._keep("referral_fernhill", kai.referral_id)
        link.write({"date_sent": now - timedelta(days=97), "date_visited": now - timedelta(days=96), "visit_count": 3})
        self._load_open_referrals(nora.user_id, now)
        self._load_rewards(kai, platform, now)
        self._load_other_signups(now)

    def _keep(self, name, record):
        """Give a record an external id, so that it is known and goes with the addon."""
        self.env["ir.model.data"]._update_xmlids([{"xml_id": f"psa.{name}", "record": record, "noupdate": True}])

    def _sign_up(self, name, company_name, email, moment, code=False):
        """Let somebody sign up and confirm at a moment of the past; return the request."""
        signup = self.env["psa.signup"].create({
            "name": name,
            "company_name": company_name,
            "email": email,
            "address": email,
            "country_id": self.env.ref("base.us").id,
            "lang": "en_US",
            "state": "mailed",
            "date_mailed": moment,
            "date_expires": fields.Datetime.now() + timedelta(hours=1),
            "referral_code": code,
        })
        signup._confirm()
        signup.write({"date_confirmed": moment, "date_expires": moment + timedelta(days=1)})
        signup.referral_id.write({"date_signup": moment})
        self._backdate(signup, moment)
        self._keep(f"signup_{email.split('@')[0]}", signup)
        return signup

    def _refer(self, user, vals):
        return self.env["psa.referral"].with_user(user).create(vals).sudo()

    def _load_open_referrals(self, user, now):
        """Load the invitations that wait for somebody, and the two of which nothing comes."""
        sent = self._refer(user, {
            "name": "Ingrid Solberg",
            "email": "ingrid@fjordline-it.example",
            "message": "You asked me what I do my tickets with. This.",
        })
        sent.write({"state": "sent", "date_sent": now - timedelta(days=3)})
        shared = self._refer(user, {"name": "Portland IT meet-up"})
        shared.write({"state": "visited", "visit_count": 11, "date_visited": now - timedelta(days=6)})
        refused = self._refer(user, {"name": "Second company of mine"})
        refused.write({
            "state": "refused",
            "refusal": "same_domain",
            "origin_id": shared.id,
            "referred_name": "Juniper Point Consulting",
            "date_signup": now - timedelta(days=5),
        })
        revoked = self._refer(user, {"name": "Old newsletter"})
        revoked.state = "revoked"
        for name, record, days in (
            ("sent", sent, 3),
            ("shared", shared, 12),
            ("refused", refused, 5),
            ("revoked", revoked, 40),
        ):
            self._keep(f"referral_{name}", record)
            self._backdate(record, now - timedelta(days=days))

    def _load_rewards(self, signup, platform, now):
        """Invoice the platform to the referred company for three months: two are paid, one reward is paid out."""
        Move = self.env["account.move"].with_company(platform)
        invoices = Move.create([
            {
                "move_type": "out_invoice",
                "partner_id": signup.company_id.partner_id.id,
                "invoice_date": (now - timedelta(days=days)).date(),
                "invoice_line_ids": [
                    Command.create({"name": "Platform, one month", "quantity": 1, "price_unit": 180, "tax_ids": []})
                ],
            }
            for days in (65, 35, 5)
        ])
        invoices.action_post()
        for number, invoice in enumerate(invoices[:2]):
            self._keep(f"invoice_fernhill_{number + 1}", invoice)
            self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=invoice.ids
            ).create({"payment_date": invoice.invoice_date + timedelta(days=12)})._create_payments()
        signup.referral_id._credit()
        rewards = signup.referral_id.reward_ids.sorted("move_id")
        for reward, invoice in zip(rewards, invoices, strict=False):
            reward.date = invoice.invoice_date + timedelta(days=12)
        rewards[:1].with_user(self.env.ref("psa.user_billing")).action_mark_paid_out()

    def _load_other_signups(self, now):
        signups = self.env["psa.signup"].create([
            {
                "name": name,
                "company_name": company_name,
                "email": email,
                "address": email,
                "country_id": self.env.ref(country).id,
                "state": state,
                "refusal": refusal,
                "date_mailed": now - timedelta(days=days) if refusal in (False, "known") else False,
                "date_expires": now + timedelta(days=1 - days, hours=20) if not refusal else False,
            }
            for days, name, company_name, email, country, state, refusal in OTHER_SIGNUPS
        ])
        for number, (signup, (days, *_rest)) in enumerate(zip(signups, OTHER_SIGNUPS, strict=True)):
            self._keep(f"signup_other_{number + 1}", signup)
            self._backdate(signup, now - timedelta(days=days))

    def _backdate(self, record, moment):
        """Let a record have come in when the story says; the ORM keeps this column to itself."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL("UPDATE %s SET create_date = %s WHERE id = %s", SQL.identifier(record._table), moment, record.id)
        )
        record.invalidate_recordset(["create_date"])
