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
        'security/psa_staff_security.xml',
        'security/ir.model.access.csv',
        'data/ir_cron_data.xml',
        'data/psa_staff_data.xml',
        'views/invitation_templates.xml',
        'wizard/psa_company_profile_views.xml',
        'wizard/psa_service_company_views.xml',
        'wizard/psa_staff_deactivate_views.xml',
        'wizard/psa_team_invite_views.xml',
        'views/psa_mail_domain_views.xml',
        'views/res_partner_views.xml',
        'views/psa_crm_menus.xml',
        'views/psa_staff_views.xml',
        'views/psa_team_views.xml',
        'views/psa_company_menus.xml',
    ],
    'demo': [
        'demo/psa_crm_demo.xml',
    ],
    'assets': {
        'web.assets_backend': [
            # Some distributions ship Odoo without this library of the video call; the bundle does not build with it missing.
            ('remove', 'mail/static/lib/selfie_segmentation/selfie_segmentation.js'),
        ],
    },
}
