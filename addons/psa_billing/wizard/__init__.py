from . import (
    psa_billing_adjust,
    psa_billing_hold,
    psa_billing_move,
    psa_billing_move_line,
    psa_billing_write_off,
    psa_company_profile_ledger,
    psa_prepare_invoices,
    psa_task_to_ticket,
    psa_ticket_to_task,
    psa_time_log,
    psa_time_refuse,
)
