from . import psa_billing_write_off, psa_prepare_invoices, psa_time_log, psa_time_refuse
