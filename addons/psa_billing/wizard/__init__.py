from . import (
    psa_billing_write_off,
    psa_prepare_invoices,
    psa_task_to_ticket,
    psa_ticket_to_task,
    psa_time_log,
    psa_time_refuse,
    psa_charge_refuse,
    psa_charge_correct,
    psa_accounting_export_again,
)
