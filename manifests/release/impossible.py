"""Which share or ratio of the rules can't be had, and what would do."""

from decimal import ROUND_CEILING, Context, Decimal
from fractions import Fraction

from manifests.release.errors import RulesError
from manifests.release.rules import Rules
from manifests.release.shares import ImpossibleShare


def told(error: ImpossibleShare, rules: Rules) -> RulesError:
    """The error for people, by the place in the rules."""
    if error.domain is None:
        return rules.error("mix", _of_mix(error, rules))
    names = [*rules.shares, "another domain"]
    return rules.error(
        f"shares.{names[error.domain]}", _of_domain(error.domain, error.least, rules)
    )


def _of_domain(domain: int, least: Fraction | None, rules: Rules) -> str:
    if least is None:
        return "no row of it is left by the rules before it: leave it out, or drop less"
    enough = _rounded_up(least)
    if domain == len(rules.shares):
        return (
            f"what the shares leave is too little for one row: lower them to {1 - enough} together, "
            "raise them to 1, or drop less"
        )
    share = list(rules.shares.values())[domain]
    return (
        f"{share:g} is less than one row: make it at least {enough}, 0 to leave all of it out, or "
        "drop less"
    )


def _of_mix(error: ImpossibleShare, rules: Rules) -> str:
    mix = rules.mix
    if error.least is None or mix is None:
        return f"no {error.lacking} are left by the rules before it: leave [mix] out, or drop less"
    few, many = ("real", "synthetic")[:: 1 if error.lacking == "real rows" else -1]
    most = max(1, int(1 / error.least) - 1)
    return (
        f"real = {mix.real:g} to synthetic = {mix.synthetic:g} leaves no {error.lacking}: ask for "
        f"at most {many} = {most} to {few} = 1, leave [mix] out, or drop less"
    )


def _rounded_up(share: Fraction) -> Decimal:
    """A share with three digits, not less than it is."""
    digits = Context(prec=3, rounding=ROUND_CEILING)
    return digits.divide(Decimal(share.numerator), Decimal(share.denominator)).normalize()
