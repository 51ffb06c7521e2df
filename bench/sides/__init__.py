"""The three sides of the bench: a bare model, OCA's help desk, ours; and ours once more with many access rules."""
from .access import AccessSide
from .bare import BareSide
from .oca import OcaSide
from .psa import PsaSide

SIDES = {side.name: side for side in (BareSide, OcaSide, PsaSide, AccessSide)}
