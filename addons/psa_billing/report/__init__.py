from . import psa_profitability, psa_profitability_charges, psa_client_profit
