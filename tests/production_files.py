"""The files of production as Docker Compose and Odoo would read them."""

import configparser
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent


def interpolate(text, values):
    """Put values into ``${NAME}``, ``${NAME:-default}`` and ``${NAME:?message}`` as Compose does."""

    def value(match):
        name, operator, argument = match.group("name", "operator", "argument")
        if values.get(name):
            return values[name]
        if operator == ":-":
            return argument
        raise KeyError(f"{name}: {argument or 'not set'}")

    return re.sub(r"\$\{(?P<name>\w+)(?:(?P<operator>:[-?])(?P<argument>[^}]*))?\}", value, text)


def read_settings(path):
    """Return the settings of an env file; a commented-out setting does not count."""
    lines = (line.strip() for line in path.read_text().splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def load_compose(values):
    """Return docker-compose.yml as Compose reads it with these settings."""
    return yaml.safe_load(interpolate((ROOT / "docker-compose.yml").read_text(), values))


def read_odoo_conf():
    """Return the options of odoo.conf as written."""
    parser = configparser.RawConfigParser()
    parser.read(ROOT / "odoo.conf")
    return dict(parser["options"])
