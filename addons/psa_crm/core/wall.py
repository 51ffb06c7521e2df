"""Which wall stands between the rows of one service company and those of another.

Odoo lets every employee read what has no company: tags, templates, stages, hours, notes. Between service companies that
share a database each such row belongs to the company of who made it, unless the system made it for all of them.

>>> wall_of(Shape(has_company=True, company_is_required=True))
<Wall.COMPANY: 'company'>
>>> wall_of(Shape(knows_maker=True))
<Wall.MAKER: 'maker'>
"""

import enum
from dataclasses import dataclass


class Wall(enum.Enum):
    """What decides whether a row is on this side of the wall."""

    NONE = 'none'  # nothing: the model has rules of its own, or cannot tell whose a row is
    COMPANY = 'company'  # the company on the row
    COMPANY_ELSE_MAKER = 'company_else_maker'  # the company on the row; who made it where there is none
    COMPANIES_ELSE_MAKER = 'companies_else_maker'  # the companies on the row; who made it where there are none
    MAKER = 'maker'  # who made it
    MAKER_OF_COMMON = 'maker_of_common'  # nothing if it has a company, for which rules speak; else who made it


@dataclass(frozen=True)
class Shape:
    """What a model tells about whose its rows are.

    :param has_company: it has a stored field ``company_id``
    :param company_is_required: that field is never empty
    :param has_companies: it has a stored field ``company_ids``
    :param knows_maker: it stores who made a row
    :param has_own_wall: its rows are shared between companies by rules, or follow another record
    :param has_rules: it was written for this suite, with record rules that know of companies and shares
    """

    has_company: bool = False
    company_is_required: bool = False
    has_companies: bool = False
    knows_maker: bool = False
    has_own_wall: bool = False
    has_rules: bool = False


def wall_of(shape):
    """Return the :class:`Wall` for a model of this shape."""
    if shape.has_own_wall:
        return Wall.NONE
    if shape.has_rules:
        common = shape.has_company and not shape.company_is_required and shape.knows_maker
        return Wall.MAKER_OF_COMMON if common else Wall.NONE
    if shape.has_company and (shape.company_is_required or not shape.knows_maker):
        return Wall.COMPANY
    if shape.has_company:
        return Wall.COMPANY_ELSE_MAKER
    if shape.has_companies and shape.knows_maker:
        return Wall.COMPANIES_ELSE_MAKER
    return Wall.MAKER if shape.knows_maker else Wall.NONE
