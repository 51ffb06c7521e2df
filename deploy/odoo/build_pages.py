# Run in Odoo's shell, which provides `env`, after every installation and upgrade (`entrypoint.sh setup`, `./psa`).
# Builds the scripts and styles of all pages. Left to the first visitors, Odoo builds a bundle once for each request that asks
# for it, and of two at the same time one fails with "The attachment collides with an existing file": a blank page.
env = globals()['env']
env['ir.qweb']._pregenerate_assets_bundles()
env.cr.commit()
