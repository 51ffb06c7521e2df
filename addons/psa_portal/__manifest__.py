{
    "name": "PSA Client Portal",
    "version": "19.0.1.0.0",
    "category": "Services/PSA",
    "summary": "Clients open tickets, follow them and answer on the portal",
    "author": "PSA Suite contributors",
    "license": "LGPL-3",
    "depends": ["psa_helpdesk"],
    "data": [
        "data/ir_config_parameter_data.xml",
        "views/portal_templates.xml",
        "views/portal_ticket_templates.xml",
        "views/portal_own_field_templates.xml",
        "views/portal_merged_templates.xml",
        "views/portal_people_templates.xml",
        "views/portal_document_templates.xml",
        "views/portal_copies_templates.xml",
        "views/portal_sla_templates.xml",
    ],
    "assets": {
        "web.assets_frontend": [
            "psa_portal/static/src/interactions/**/*",
            "psa_portal/static/src/scss/**/*",
        ],
    },
}
