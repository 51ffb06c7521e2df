"""Hooks of the addon's life cycle."""


def uninstall_hook(env):
    """Take back the rights that came with this addon: the groups themselves stay with psa_crm."""
    for group_xmlid, implied_xmlids in {
        "psa_crm.group_technician": ["hr_timesheet.group_hr_timesheet_user"],
        "psa_crm.group_billing": [
            "hr_timesheet.group_hr_timesheet_approver",
            "account.group_account_invoice",
        ],
    }.items():
        group = env.ref(group_xmlid, raise_if_not_found=False)
        for xmlid in implied_xmlids:
            implied = env.ref(xmlid, raise_if_not_found=False)
            if group and implied:
                group._remove_group(implied)
