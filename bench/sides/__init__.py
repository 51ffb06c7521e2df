"""The three sides of the bench: a bare model, OCA's help desk, ours; and ours twice more, with many
access rules and with years of conversations."""
from .access import AccessSide
from .bare import BareSide
from .desk import DeskSide
from .oca import OcaSide
from .psa import PsaSide

SIDES = {side.name: side for side in (BareSide, OcaSide, PsaSide, AccessSide, DeskSide)}
