from . import psa_client_profit, psa_profitability
