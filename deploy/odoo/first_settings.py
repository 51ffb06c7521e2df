# Run by `entrypoint.sh setup` in Odoo's shell, which provides `env`.
# Every time: links in mails carry the public address, whatever host name a request came by.
# After the first installation only: the administrator gets the password of the secret instead of the well-known "admin".
import os
from pathlib import Path

env = globals()['env']
domain = os.environ.get('PSA_DOMAIN')
if domain:
    parameters = env['ir.config_parameter'].sudo()
    parameters.set_param('web.base.url', f'https://{domain}')
    parameters.set_param('web.base.url.freeze', 'True')

password_file = os.environ.get('ODOO_ADMIN_PASSWORD_FILE')
if os.environ.get('ODOO_FIRST_START') and password_file:
    env.ref('base.user_admin').password = Path(password_file).read_text().splitlines()[0]

env.cr.commit()
