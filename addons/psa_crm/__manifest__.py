{
    'name': "PSA Clients",
    'version': '19.0.1.0.0',
    'category': 'Services/PSA',
    'summary': "Clients of an IT service provider, their people, mail domains and portal roles",
    'author': "PSA Suite contributors",
    'license': 'LGPL-3',
    'depends': ['mail', 'calendar', 'contacts', 'portal', 'auth_signup', 'account', 'crm', 'sale_crm'],
    'data': [
        'security/psa_crm_security.xml',
        'security/psa_wall_security.xml',
        'security/ir.model.access.csv',
        'data/ir_cron_access_data.xml',
        'security/psa_access_security.xml',
        'views/psa_mail_domain_views.xml',
        'views/res_partner_views.xml',
        'views/psa_crm_menus.xml',
        'wizard/psa_access_explain_views.xml',
        'wizard/psa_access_default_views.xml',
        'views/psa_access_rule_views.xml',
        'views/psa_client_share_views.xml',
        'views/psa_client_absence_views.xml',
        'views/res_partner_access_views.xml',
    ],
    'demo': [
        'demo/psa_crm_demo.xml',
    ],
    'uninstall_hook': 'uninstall_hook',
    'assets': {
        'web.assets_backend': [
            # Some distributions ship Odoo without this library of the video call; the bundle does not build with it missing.
            ('remove', 'mail/static/lib/selfie_segmentation/selfie_segmentation.js'),
        ],
    },
}
