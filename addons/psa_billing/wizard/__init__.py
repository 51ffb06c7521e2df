from . import (
    psa_billing_write_off,
    psa_company_profile_margin,
    psa_conservation,
    psa_conservation_difference,
    psa_conservation_facts,
    psa_conservation_line,
    psa_prepare_invoices,
    psa_task_to_ticket,
    psa_ticket_to_task,
    psa_time_log,
    psa_time_refuse,
)
