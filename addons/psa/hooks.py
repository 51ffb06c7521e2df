def uninstall_hook(env):
    """Give the menu of the suite back the icon it has without the application."""
    menu = env.ref("psa_crm.menu_psa_root", raise_if_not_found=False)
    if menu:
        menu.web_icon = "psa_crm,static/description/icon.png"
