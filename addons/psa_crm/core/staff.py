"""Who may give which role to whom: plain data in, plain answers out.

An account has one set of rights wherever it signs in, so whoever belongs to several service companies has the same role in
all of them; that is what ``clashing_role`` watches over.
"""

TECHNICIAN = 'technician'
DISPATCHER = 'dispatcher'
BILLING = 'billing'
SALES = 'sales'
COMPANY_ADMIN = 'company_admin'
OWNER = 'owner'

# From the least to the most powerful; a person with the groups of several has the last of them.
ROLES = (SALES, BILLING, TECHNICIAN, DISPATCHER, COMPANY_ADMIN, OWNER)

GRANTS = {
    OWNER: frozenset(ROLES),
    COMPANY_ADMIN: frozenset(ROLES) - {COMPANY_ADMIN, OWNER},
}


def strongest(roles):
    """Return the most powerful of the roles, or None if there is none.

    >>> strongest({'technician', 'owner'})
    'owner'
    """
    return max((role for role in roles if role in ROLES), key=ROLES.index, default=None)


def may_manage(actor_role, *roles):
    """Tell whether somebody of ``actor_role`` may give all these roles, or act on people who have them.

    >>> may_manage('company_admin', 'technician'), may_manage('company_admin', 'technician', 'owner')
    (True, False)
    """
    return set(roles) <= GRANTS.get(actor_role, frozenset())


def clashing_role(offered, held):
    """Return a role held elsewhere that keeps a person from taking the offered one, or None.

    :param offered: the role offered, as ``(role, has billing)``
    :param held: the roles held in other service companies, each as ``(role, has billing)``
    >>> clashing_role(('technician', False), [('owner', True)])
    ('owner', True)
    """
    return next((role for role in held if role != offered), None)


def leaves_no_owner(owners, leaving):
    """Tell whether a company with these active owners would have none left. A company without any owner has none to lose.

    >>> leaves_no_owner({1}, {1}), leaves_no_owner({1, 2}, {1}), leaves_no_owner(set(), {1})
    (True, False, False)
    """
    return bool(owners) and set(owners) <= set(leaving)
