"""The three sides of the bench: a bare model, OCA's help desk, ours."""
from .bare import BareSide
from .oca import OcaSide
from .psa import PsaSide

SIDES = {side.name: side for side in (BareSide, OcaSide, PsaSide)}
