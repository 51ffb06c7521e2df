{
    'name': "PSA Assets",
    'version': '19.0.1.0.0',
    'category': 'Services/PSA',
    'summary': "The devices and systems of your clients, their users and warranties",
    'author': "PSA Suite contributors",
    'license': 'LGPL-3',
    'depends': ['psa_crm'],
    'data': [
        'security/psa_assets_security.xml',
        'security/ir.model.access.csv',
        'data/psa_asset_type_data.xml',
        'views/psa_asset_type_views.xml',
        'views/psa_asset_views.xml',
        'views/res_partner_views.xml',
        'views/psa_assets_menus.xml',
    ],
    'demo': [
        'demo/psa_assets_demo.xml',
    ],
}
