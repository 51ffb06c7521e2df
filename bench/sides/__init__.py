"""The sides of the bench: a bare model, OCA's help desk, ours; ours again with many access rules, with years of conversations, with
timers on every ticket and with a year of time to bill; and invoices, ours beside OCA's contract."""
from .access import AccessSide
from .bare import BareSide
from .billing import BillingSide, ContractSide
from .clock import ClockSide
from .desk import DeskSide
from .ledger import LedgerSide
from .oca import OcaSide
from .psa import PsaSide

SIDES = {
    side.name: side
    for side in (
        BareSide, OcaSide, PsaSide, AccessSide, DeskSide, ClockSide, LedgerSide, BillingSide, ContractSide,
    )
}
