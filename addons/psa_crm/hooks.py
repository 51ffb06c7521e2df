def uninstall_hook(env):
    """Remove the templates of checklists: as plain activity plans they would stay behind without their roles."""
    env['mail.activity.plan'].with_context(active_test=False).search([('psa_is_checklist', '=', True)]).unlink()
