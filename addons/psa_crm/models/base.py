from odoo import models

BOOKKEEPING = ('create_uid', 'write_uid')


class Base(models.AbstractModel):
    _inherit = 'base'

    # Rows for every company tell who made and last changed them; names are read past the rules, so the names of another
    # company's staff would show there.

    def _read_format(self, fnames, load='_classic_read'):
        rows = super()._read_format(fnames, load)
        names = [name for name in BOOKKEEPING if name in fnames and name in self._fields]
        if not names or self.env.su or not self.env['ir.rule']._psa_is_walled_in():
            return rows
        user_ids = {_id_of(row[name]) for row in rows for name in names} - {False, self.env.uid}
        strangers = user_ids - self.env['res.users']._psa_colleague_ids(user_ids)
        if strangers:
            for row in rows:
                for name in names:
                    if _id_of(row[name]) in strangers:
                        row[name] = False
        return rows

    def _web_read_group_groupby_formatter(self, groupby_spec, values):
        formatter = super()._web_read_group_groupby_formatter(groupby_spec, values)
        if groupby_spec not in BOOKKEEPING or self.env.su or not self.env['ir.rule']._psa_is_walled_in():
            return formatter
        user_ids = {value.id for value in values if value} - {self.env.uid}
        strangers = user_ids - self.env['res.users']._psa_colleague_ids(user_ids)

        def masked(value):
            label, domain = formatter(value)
            if value and value.id in strangers:
                return (value.id, self.env._("Another company")), domain
            return label, domain

        return masked


def _id_of(value):
    return value[0] if isinstance(value, tuple | list) else value
