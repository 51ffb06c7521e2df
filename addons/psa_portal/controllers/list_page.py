from odoo.addons.portal.controllers.portal import pager as portal_pager


class ListPage:
    """A list on the portal: what its reader asked for by URL, and what its template needs of that.

    What comes by URL and is not offered falls back to the default, the first of what is: an old link still works.
    """

    def __init__(self, url, asked, *, step, filters, inputs, sortings=None, groupings=None):
        self.url = url
        self.step = step
        self.pager = None
        self.search = (asked.get("search") or "").strip()
        self.offered = {
            name: offered
            for name, offered in {"sortby": sortings, "filterby": filters, "groupby": groupings, "search_in": inputs}.items()
            if offered
        }
        self.chosen = {
            name: asked[name] if asked.get(name) in offered else next(iter(offered)) for name, offered in self.offered.items()
        }

    def __getitem__(self, name):
        """Return what was chosen of "sortby", "filterby", "groupby" or "search_in"."""
        return self.chosen[name]

    def chosen_of(self, name):
        """Return what is offered under the name that was chosen: its label, and its order or domain."""
        return self.offered[name][self.chosen[name]]

    def withdraw(self, name, key):
        """Stop offering one thing; who asked for it gets the default."""
        self.offered[name].pop(key, None)
        if self.chosen[name] == key:
            self.chosen[name] = next(iter(self.offered[name]))

    def turn_to(self, page, total):
        """Return offset and limit of a page for the search."""
        self.pager = portal_pager(
            url=self.url,
            url_args={
                **{name: chosen for name, chosen in self.chosen.items() if len(self.offered[name]) > 1},
                "search": self.search,
            },
            total=total,
            page=page,
            step=self.step,
        )
        return {"limit": self.step, "offset": max(self.pager["offset"], 0)}

    def values(self):
        """Return what the search bar and the pager of the template need."""
        names = {
            "sortby": "searchbar_sortings", "filterby": "searchbar_filters", "groupby": "searchbar_groupby",
            "search_in": "searchbar_inputs",
        }
        return {
            "default_url": self.url,
            "pager": self.pager,
            "search": self.search,
            **self.chosen,
            **{names[name]: offered for name, offered in self.offered.items()},
        }
