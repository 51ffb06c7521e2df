from . import (
    test_access,
    test_client_move,
    test_client_overview,
    test_contract,
    test_invoicing,
    test_ledger,
    test_lent_time,
    test_portal_invoices,
    test_story,
    test_time_entry,
    test_uninstall,
    test_work_timer,
)
