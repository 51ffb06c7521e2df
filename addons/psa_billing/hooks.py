"""Hooks of the addon's life cycle."""

from odoo import Command

from .core import item_index_sql


def uninstall_hook(env):
    """Leave no rights behind, and take away nothing that invoices need."""
    _keep_invoiced_products(env)
    _keep_invoiced_units(env)
    _take_rights_back(env)
    # The log's guard and what finds open rows are no models of the addon, so Odoo does not know of them.
    env.cr.execute("DROP FUNCTION IF EXISTS psa_billing_item_history_guard CASCADE")
    env.cr.execute(item_index_sql.removal())


def _keep_invoiced_products(env):
    # Products that stand on invoices become the user's own; the others go with the addon.
    products = env["product.product"].search(
        [
            ("id", "in", _ids_of_data(env, "product.product")),
            ("id", "in", env["account.move.line"]._search([("product_id", "!=", False)]).subselect("product_id")),
        ]
    )
    for records in (products, products.product_tmpl_id):
        env["ir.model.data"].search(
            [
                ("module", "=", "psa_billing"),
                ("model", "=", records._name),
                ("res_id", "in", records.ids),
            ]
        ).unlink()


def _keep_invoiced_units(env):
    unit = env.ref("psa_billing.uom_second", raise_if_not_found=False)
    if unit and env["account.move.line"].search_count([("product_uom_id", "=", unit.id)], limit=1):
        env["ir.model.data"].search([("module", "=", "psa_billing"), ("model", "=", "uom.uom"), ("res_id", "=", unit.id)]).unlink()


def _ids_of_data(env, model):
    return (
        env["ir.model.data"]
        .search([("module", "=", "psa_billing"), ("model", "=", model)])
        .mapped("res_id")
    )


def _take_rights_back(env):
    # The groups themselves stay: they are psa_crm's.
    for group_xmlid, implied_xmlids in {
        "psa_crm.group_technician": ["hr_timesheet.group_hr_timesheet_user"],
        "psa_crm.group_dispatcher": ["project.group_project_user"],
        "psa_crm.group_billing": [
            "hr_timesheet.group_hr_timesheet_approver",
            "account.group_account_invoice",
            "base.group_allow_export",
        ],
    }.items():
        group = env.ref(group_xmlid, raise_if_not_found=False)
        for xmlid in implied_xmlids:
            implied = env.ref(xmlid, raise_if_not_found=False)
            if group and implied:
                group.implied_ids = [Command.unlink(implied.id)]
