"""What a ledger row remembers of how it came about: enough to compute it again, and to tell it in words.

Everything is plain JSON: days as ISO text, amounts and rates as text of a ``Decimal``, durations as seconds. A key that says
nothing for a row is left out. Nothing here changes when some other row is released or settled. The keys:

``policy``      the version of these rules: :data:`POLICY`.
``inputs``      ``date``, ``client_id``, ``worked_seconds``, ``billable_seconds`` (as agreed by people; left out: by the rule),
                ``work_type_id``, ``role_id``; for a correction ``corrects_id``, the entry it corrects.
                Of a priced fact: ``date``, ``client_id``, ``quantity``, ``price_unit``; of its correction also ``corrects_id``
                and, where that is of another model, ``corrects_model``.
``contract``    ``id``, ``version_id``, ``candidate_ids`` (those in force that day), ``why``: ``named_on_entry``,
                ``named_but_unusable``, ``no_contract_in_force``, ``only_contract_in_force``, ``first_priority_of_several``,
                ``newest_start_of_several``, ``latest_made_of_several``; with ``named_but_unusable`` also ``problem``:
                ``not_the_clients``, ``not_confirmed``, ``before_start``, ``after_end``.
``time``        ``rule`` (``work_type``, ``contract``, ``none``, ``correction``), ``minimum_minutes``, ``increment_minutes``,
                ``by_rule`` (seconds the rule charges), ``used`` (seconds charged), ``set_by_hand``.
``part``        ``from``, ``to``: which of the ``used`` seconds this row pays for; ``index``: its place in the order of funding.
``coverage``    ``rule_id``, ``effect`` (``included``, ``excluded``, ``at_rate``): the coverage rule that matched.
``flat``        ``terms_id``, ``kind`` (``fixed_price``, ``per_ticket``): the price that pays for it; ``project_id`` if it does so
                for one project only.
``multiplier``  ``policy`` (``compound``, ``highest``), ``work_type``, ``role``, ``result``: how heavy the work weighs; left out
                where it weighs 1.
``draw``        ``pool`` (as in the row's part), ``seconds`` or ``money`` taken, ``uses_up`` (the work needed more than was
                left), ``may_go_negative`` (the last block, which the contract lets go below zero).
``block_terms`` ``terms_id``, ``is_hard_stop``: what the contract says once its prepaid hours are used up.
``rate``        ``clause``: ``contract_role_work_type``, ``contract_role``, ``contract_work_type``, ``contract_any``,
                ``role_default``, ``overage``, ``coverage_rule``; without a rate: ``role_default_in_other_currency``,
                ``role_default_not_valid``, ``none``. ``clause_id``; ``hourly_rate`` as agreed; ``multiplier`` it was
                multiplied with, if any; ``result``, the price of an hour (a result of 0 is agreed, never a missing rate).
``amount``      ``seconds`` at the price of ``rate.result``, ``rounding`` (the currency's step), ``whole`` (what they cost
                together), ``paid`` (what retainers took before this row), ``result`` (this row's share). Of a priced fact
                ``whole`` is quantity × price.
``value``       of covered work: ``by`` (``rate``, ``hour_value``), ``hourly_rate``, ``rounding``, ``result``; by the rate also
                ``rest``: how many seconds of the entry, with and after these, are worth that rate.
``corrects``    ``source_id``, ``part`` of the row that is taken back, its ``seconds``, ``amount``, ``value``, ``draw``, and
                ``taken``, how many of its seconds were taken back before. Of a priced fact ``source_model``, ``source_id``,
                ``part`` and ``value`` of the row, and ``taken``, how much of that was taken back before; ``amount`` then tells
                what is to be taken back in all, what earlier rows took (``paid``), and what this one does, below zero each.
``retainers_in_other_currency`` pools that could not pay, because they are in another currency.
"""

POLICY = "rating-2"


def text(number):
    """Return a number as it is stored: ``Decimal`` as plain text without needless zeros, None as None.

    >>> from decimal import Decimal
    >>> text(Decimal("1.50")), text(Decimal("1E+2")), text(None)
    ('1.5', '100', None)
    """
    if number is None:
        return None
    plain = format(number, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def money(amount):
    """Return a rounded amount as it is stored: with the decimals of its currency, None as None.

    >>> from decimal import Decimal
    >>> money(Decimal("160.00"))
    '160.00'
    """
    return None if amount is None else format(amount, "f")


def told_amount(whole, paid, result, rounding, seconds=None):
    """Return the key ``amount``."""
    amount = {"rounding": money(rounding), "whole": money(whole), "result": money(result)}
    if paid:
        amount["paid"] = money(paid)
    if seconds is not None:
        amount["seconds"] = seconds
    return amount


def priced_inputs(fact):
    """Return what a priced fact says of itself: what its source told, day, client, quantity and price, and what it corrects."""
    inputs = {
        **fact.derivation.get("inputs", {}), "date": fact.date.isoformat(), "client_id": fact.client_id,
        "quantity": text(fact.quantity), "price_unit": text(fact.price_unit),
    }
    if fact.corrects_id is not None:
        inputs["corrects_id"] = fact.corrects_id
        if fact.corrects_model:
            inputs["corrects_model"] = fact.corrects_model
    return inputs


def said(derivation):
    """Return a derivation without the keys that say nothing, at any depth: not every protocol can carry them.

    >>> said({"inputs": {"client_id": 7, "billable_seconds": None}, "candidate_ids": [1, 2]})
    {'inputs': {'client_id': 7}, 'candidate_ids': [1, 2]}
    """
    if isinstance(derivation, dict):
        return {key: said(value) for key, value in derivation.items() if value is not None}
    return derivation
