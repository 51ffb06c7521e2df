"""Progress on the terminal and the one kind of error a user sees."""
import contextlib
import subprocess
import sys
import threading
import time


class Refusal(Exception):
    """A failure that a person can act on: what failed, why, and the remedy, in one sentence."""


def say(text=""):
    print(text, flush=True)


def warn(text):
    print(f"warning: {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(title):
    """Show one long step with its elapsed time; on a terminal the time counts live."""
    started = time.monotonic()
    live = sys.stdout.isatty()
    finished = threading.Event()

    def tick():
        while not finished.wait(1):
            print(f"\r  … {title} {time.monotonic() - started:4.0f} s", end="", flush=True)

    if live:
        threading.Thread(target=tick, daemon=True).start()
    else:
        say(f"  … {title}")
    try:
        yield
    except BaseException:
        finished.set()
        print(("\r" if live else "") + f"  ✗ {title} ({time.monotonic() - started:.1f} s)", flush=True)
        raise
    finished.set()
    print(("\r" if live else "") + f"  ✓ {title} ({time.monotonic() - started:.1f} s)   ", flush=True)


def call(command, *, failure, log=None, **options):
    """Run a command to its end and return its output.

    :param str failure: sentence for the user if the command fails (what it means and what to do)
    :param log: path of a file that gets the output instead
    :raises Refusal: with `failure` and the last lines of the output
    """
    try:
        if log:
            with open(log, "ab") as out:
                done = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, check=False, **options)
            text = tail(log)
        else:
            done = subprocess.run(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True, **options
            )
            text = done.stdout
    except FileNotFoundError as error:
        raise Refusal(f"{failure} ({command[0]} is not installed)") from error
    if done.returncode:
        last = "\n    ".join(text.strip().splitlines()[-12:])
        raise Refusal(f"{failure}\n    {last}" + (f"\n  Full log: {log}" if log else ""))
    return text


def tail(path, lines=15):
    """The last lines of a text file."""
    with open(path, "rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - 16384))
        return "\n".join(file.read().decode("utf-8", "replace").splitlines()[-lines:])
