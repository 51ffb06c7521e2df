{
    "name": "PSA",
    "version": "19.0.1.0.0",
    "category": "Services/PSA",
    "summary": "Professional services automation for IT service providers: clients, tickets, time, invoices, portal",
    "author": "PSA Suite contributors",
    "license": "LGPL-3",
    "depends": ["psa_crm", "psa_assets", "psa_helpdesk", "psa_billing", "psa_portal"],
    "data": [
        "views/psa_menus.xml",
    ],
    "demo": [
        "demo/res_company_demo.xml",
        "demo/res_users_demo.xml",
        "demo/res_partner_demo.xml",
        "demo/psa_asset_demo.xml",
        "demo/psa_helpdesk_demo.xml",
        "demo/psa_billing_demo.xml",
        "demo/psa_access_demo.xml",
        "demo/psa_story_demo.xml",
    ],
    "uninstall_hook": "uninstall_hook",
    "application": True,
}
