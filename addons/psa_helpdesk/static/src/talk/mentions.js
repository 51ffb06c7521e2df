/**
 * Tell a composer who is mentioned in the text it was given back.
 *
 * A composer remembers whom one has chosen while typing. What comes back from the server or by undo is text with links, and
 * whoever is named in it would not be told.
 */
export function rememberMentions(composer) {
    const content = new DOMParser().parseFromString(composer.composerHtml?.toString() ?? "", "text/html");
    for (const link of content.querySelectorAll("a.o_mail_redirect[data-oe-model='res.partner']")) {
        const id = Number(link.dataset.oeId);
        if (id) {
            composer.mentionedPartners.add({ id, name: link.textContent.replace(/^@/, "") });
        }
    }
}
