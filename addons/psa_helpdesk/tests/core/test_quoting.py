import email
import email.policy
import pathlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psa_cores.psa_helpdesk.entry_text import plain_text
from psa_cores.psa_helpdesk.quoting import split_html, split_text

MAILS = pathlib.Path(__file__).parents[4] / "tests" / "mails"

# mail: (what is new, what is quoted), each in words that must be on that side and on no other
ANSWERS = {
    "gmail_reply": (["only the first page.", "Ana"], ["wrote:", "print spooler."]),
    "apple_mail_reply": (["paper jam in tray 2."], ["On 12 Jan 2026", "print spooler."]),
    "thunderbird_reply": (["Das war es, danke!"], ["Am 12.01.26", "print spooler."]),
    "thunderbird_interleaved": (["Which printer is it?", "The one in reception.", "Since Friday."], []),
    "outlook_reply": (["It prints again after the restart, thank you!"], ["From:", "Please restart"]),
    "outlook_web_reply": (["All three printers now."], ["From:", "Please restart"]),
    "outlook_german_reply": (["Nein, leider nicht.", "Grace Okafor"], ["Von:", "Please restart"]),
    "iphone_reply": (["Yes please, after 4 pm", "Sent from my iPhone"], ["On 12 Jan 2026", "Shall we come by?"]),
    "phone_reply": (["the queue is stuck again", "Sent from my iPhone"], ["On 12 Jan 2026", "Glad to hear it."]),
    "samsung_reply": (["Tomorrow is fine.", "Sent from my Galaxy"], ["Original message", "Shall we come by?"]),
    "gmail_forward": (["Please have a look.", "Forwarded message", "The scanner is dead."], []),
    "outlook_new": (["reception"], []),
    "gmail_html_only": (["Wi-Fi in treatment room 3", "since Friday"], []),
    "apple_mail_inline": (["X-ray viewer", "Regards, Sam"], []),
}


def _bodies(name):
    """Return {kind: (split, text of a body)} of a mail."""
    message = email.message_from_bytes((MAILS / f"{name}.eml").read_bytes(), policy=email.policy.default)
    bodies = {}
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    if plain:
        bodies["text"] = (split_text, str, plain.get_content())
    if html:
        bodies["html"] = (split_html, plain_text, html.get_content())
    if plain and not html:
        # as Odoo keeps a mail in plain text
        escaped = plain.get_content().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        bodies["pre"] = (split_html, plain_text, f"<pre>{escaped}</pre>")
    return bodies


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_of_real_mail_clients(name):
    new, quoted = ANSWERS[name]
    for kind, (split, text_of, body) in _bodies(name).items():
        parts = split(body)
        for words in new:
            assert words in text_of(parts.new).replace("\n", " ").replace("  ", " "), (kind, words)
            assert words not in text_of(parts.quote), (kind, words)
        for words in quoted:
            assert words in text_of(parts.quote).replace("\n", " "), (kind, words)
            assert words not in text_of(parts.new), (kind, words)


@pytest.mark.parametrize("body", [
    "", "<p></p>", "<p>Hello</p>", "plain &amp; simple", "<p>Is 3 &gt; 2?</p>", "<p>He wrote: on 3 March it was fine</p>",
    "<blockquote type='cite'>only a quote</blockquote>", "<p>From: the boss</p><p>To: everybody</p>",
    "<div>" * 400 + "deep" + "</div>" * 400,
    "<p>-- </p><p>Ana</p>", "<p>" + "-" * 20 + "</p>", "<ul><li>one<li>two</ul>", "\x00", "<", "<p", "&#0;",
])
def test_what_quotes_nothing_comes_back_as_it_was(body):
    assert split_html(body).new == body
    assert split_html(body).quote == ""


def test_a_screenshot_is_an_answer():
    parts = split_html('<p><img src="/web/image/7"></p><blockquote type="cite">Send me a screenshot</blockquote>')

    assert "/web/image/7" in parts.new
    assert "screenshot" in parts.quote


def test_the_pixel_of_a_newsletter_after_a_quote_is_none():
    parts = split_html('<p>Yes</p><blockquote type="cite">Do you?</blockquote><img src="https://t.example/1.gif" width="1" height="1">')

    assert plain_text(parts.new) == "Yes"


def test_an_answer_below_a_quote_keeps_it():
    parts = split_html('<blockquote type="cite">Shall we?</blockquote><p>Yes, please</p>')

    assert "Shall we?" in parts.new
    assert parts.quote == ""


WORDS = st.text(st.sampled_from("abc äß&<>\"' :.?!-\u00a0\u200b"), min_size=1, max_size=30)
LINE = st.one_of(
    WORDS,
    WORDS.map(lambda words: f"> {words}"),
    st.sampled_from([
        "", "On Mon, 12 Jan 2026 at 09:10, Ann <ann@client.test> wrote:", "On Mon, 12 Jan 2026 at 09:10, Ann", "<ann@client.test> wrote:",
        "Am 12.01.26 um 09:10 schrieb Ann:", "-----Original Message-----", "________________________________", "From: Ann",
        "Sent: Monday", "To: Bob", "Subject: x", "-- ", "---------- Forwarded message ---------",
    ]),
)


@given(st.lists(LINE, max_size=14))
@settings(max_examples=400, deadline=None)
def test_no_word_of_a_text_is_lost_and_nothing_is_cut_twice(lines):
    text = "\n".join(lines)

    parts = split_text(text)

    assert parts.new + parts.quote == text
    assert split_text(parts.new) == type(parts)(parts.new)


@given(st.lists(WORDS.filter(lambda words: not words.lstrip().startswith(">") and words.strip("\u200b \u00a0")), min_size=1, max_size=5),
       st.lists(WORDS, min_size=1, max_size=5), st.booleans())
@settings(max_examples=200, deadline=None)
def test_what_is_written_above_a_quote_is_new(new, quoted, with_attribution):
    head = ["Ann <ann@client.test> wrote on 3 March:"] if with_attribution else []

    parts = split_text("\n".join(["Hello.", *new, "Bye.", "", *head, *(f"> {line}" for line in quoted)]))

    assert parts.new.split("\n")[:len(new) + 2] == ["Hello.", *new, "Bye."]
    assert not [line for line in parts.new.splitlines() if line.startswith("> ")]


def _escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


TEXT_NODE = LINE.map(_escaped)
NODE = st.recursive(
    TEXT_NODE,
    lambda inner: st.builds(
        lambda tag, children: f"<{tag}>{''.join(children)}</{tag.split()[0]}>",
        st.sampled_from([
            "p", "div", "span", "b", 'blockquote type="cite"', 'div class="gmail_quote"', 'div id="divRplyFwdMsg"', "pre", "blockquote",
            "li",
        ]),
        st.lists(inner, max_size=4),
    ) | st.sampled_from(["<br>", "<hr>", '<img src="x">']),
    max_leaves=14,
)


def _words(body):
    """Return all a reader sees of HTML, without spaces."""
    return "".join(plain_text(body.replace("<img", "\ufffc<img")).split())


@given(st.lists(NODE, max_size=6).map("".join))
@settings(max_examples=600, deadline=None)
def test_no_word_of_html_is_lost_and_nothing_is_cut_twice(body):
    parts = split_html(body)

    assert _words(parts.new) + _words(parts.quote) == _words(body)
    again = split_html(parts.new)
    assert (again.new, again.quote) == (parts.new, "")
    if parts.quote:
        assert _words(parts.new)
