"""The index of words in the database: its functions and triggers, as SQL text. Pure: nothing here talks to a database.

A ticket has one row in ``psa_ticket_search`` with the words of its number and subject and of all its entries; the weight of a word
says where it stands (``search_query.PLACES``). A very long conversation continues in further rows (*parts*), each of which
repeats number and subject, so that a reply costs the same however long the conversation is.

``vector`` has everything. ``public_vector`` has what the client may read; it is empty where that is the same.

Each word is in a vector as it is, without accents, and as the stem that the ticket's language makes of it, at the same position:
so both find it, also in a phrase. Triggers keep the rows, whoever writes: one statement for any number of tickets or entries.

Two who write on one ticket at the same time would have to wait for each other at its row, and the second one would have to begin anew.
So whoever finds the row taken, or changed since his transaction began, puts his words *beside* it, into a row with a negative part:
that of his entry, which nobody else has. Such a row is folded into the others by the next one who writes, or by the scheduled action;
until then each of the rows is found by its own words.
"""

from . import search_query

# A part is full with so many different words (and stems).
PART_WORDS = 3000
# What is longer is a log file rather than what somebody said.
ENTRY_LENGTH = 100_000
# So many entries of one ticket at a time are not appended: its rows are made anew.
APPENDED_AT_MOST = 40

FUNCTIONS = (
    "psa_search_entry_changed()", "psa_search_entry_added()", "psa_search_ticket_renamed()", "psa_search_ticket_added()",
    "psa_search_index(int[])", "psa_search_title(text, text, regconfig)", "psa_search_entry(text, text, regconfig)",
    "psa_search_vector(text, regconfig)", "psa_search_config(text)", "psa_search_fold(text)", "psa_search_language(int, int, int)",
)

# The language that a ticket's words are taken to be in.
LANGUAGE = "psa_search_language(ticket.desk_id, ticket.partner_id, ticket.company_id)"

_PUNCTUATION = r"""[][!"#$%&''()*+,./:;<=>?@\\^_`{|}~-]+"""
_LETTERS = (("ß", "ss"), ("æ", "ae"), ("Æ", "ae"), ("œ", "oe"), ("Œ", "oe"), ("ø", "o"), ("Ø", "o"), ("ł", "l"), ("Ł", "l"),
            ("đ", "d"), ("Đ", "d"), ("ı", "i"))


def _fold():
    plain = "regexp_replace(normalize(value, NFKD), '[\\u0300-\\u036f]+', '', 'g')"
    for letter, replacement in _LETTERS:
        plain = f"replace({plain}, '{letter}', '{replacement}')"
    return plain


def functions(configurations):
    """Return the SQL that makes the functions.

    :param configurations: names of the text search configurations this database has
    """
    languages = "\n".join(
        f"            WHEN '{code}' THEN 'pg_catalog.{name}'::regconfig"
        for code, name in search_query.CONFIGURATIONS.items() if name in configurations
    )
    weights = " ".join(f"WHEN '{place}' THEN '{weight}'::\"char\"" for place, weight in search_query.PLACES.items())
    return f"""
    -- Without accents and punctuation: what follows sees words and numbers only, and never takes "a/b" for a path.
    CREATE OR REPLACE FUNCTION psa_search_fold(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $fold$
        SELECT regexp_replace(
            CASE WHEN octet_length(value) = char_length(value) THEN value ELSE {_fold()} END,
            '{_PUNCTUATION}', ' ', 'g')
    $fold$;

    CREATE OR REPLACE FUNCTION psa_search_config(lang text) RETURNS regconfig LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $config$
        SELECT CASE split_part(replace(lang, '@', '_'), '_', 1)
{languages}
            ELSE 'pg_catalog.simple'::regconfig
        END
    $config$;

    -- That of the desk if it has one, else of the contact, else of the company. One look-up after the other: to plan a join of
    -- all these tables takes ten times as long as to run it, and every request plans anew.
    CREATE OR REPLACE FUNCTION psa_search_language(desk int, contact int, company int) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS $language$
    DECLARE
        language text;
    BEGIN
        SELECT search_language INTO language FROM psa_desk WHERE id = desk;
        IF language IS NULL AND contact IS NOT NULL THEN
            SELECT lang INTO language FROM res_partner WHERE id = contact;
        END IF;
        IF language IS NULL THEN
            SELECT house.lang INTO language FROM res_partner house
            WHERE house.id = (SELECT res_company.partner_id FROM res_company WHERE res_company.id = company);
        END IF;
        RETURN language;
    END
    $language$;

    CREATE OR REPLACE FUNCTION psa_search_vector(value text, config regconfig) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $vector$
    DECLARE
        folded text := psa_search_fold(value);
    BEGIN
        IF config = 'pg_catalog.simple'::regconfig THEN
            RETURN COALESCE(to_tsvector(config, folded), '');
        END IF;
        -- Put together as text, word and stem keep the same position; "||" would move the stems behind the last word.
        RETURN COALESCE((to_tsvector('pg_catalog.simple', folded)::text || ' ' || to_tsvector(config, folded)::text)::tsvector, '');
    END
    $vector$;

    CREATE OR REPLACE FUNCTION psa_search_entry(value text, kind text, config regconfig) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $entry$
        SELECT setweight(psa_search_vector(left(value, {ENTRY_LENGTH}), config), CASE kind {weights} ELSE 'C'::"char" END)
    $entry$;

    CREATE OR REPLACE FUNCTION psa_search_title(number text, name text, config regconfig) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $title$
        SELECT setweight(psa_search_vector(concat_ws(' ', number, name), config), 'A')
    $title$;

    CREATE OR REPLACE AGGREGATE psa_search_concat(tsvector) (SFUNC = tsvector_concat, STYPE = tsvector, INITCOND = '');

    CREATE OR REPLACE FUNCTION psa_search_index(tickets int[]) RETURNS void LANGUAGE plpgsql AS $index$
    BEGIN
        DELETE FROM psa_ticket_search WHERE ticket_id = ANY(tickets);
        -- Each made once, however few rows there are said to be.
        WITH title AS MATERIALIZED (
            SELECT ticket.id, psa_search_title(ticket.number, ticket.name, psa_search_config({LANGUAGE})) AS vector
            FROM psa_ticket ticket
            WHERE ticket.id = ANY(tickets)
        ), part AS MATERIALIZED (
            SELECT sized.ticket_id, sized.part, psa_search_concat(sized.vector ORDER BY sized.id) AS vector,
                psa_search_concat(sized.vector ORDER BY sized.id) FILTER (WHERE sized.is_internal IS NOT TRUE) AS public_vector,
                bool_or(sized.is_internal IS TRUE) AS has_internal
            FROM (
                SELECT entry.id, entry.ticket_id, entry.is_internal, said.vector,
                    (COALESCE(sum(length(said.vector)) OVER earlier, 0) / {PART_WORDS})::int AS part
                FROM psa_ticket_entry entry
                JOIN psa_ticket ticket ON ticket.id = entry.ticket_id,
                LATERAL (SELECT psa_search_entry(entry.search_text, entry.kind, psa_search_config({LANGUAGE})) AS vector) said
                WHERE ticket.id = ANY(tickets) AND entry.ticket_id = ANY(tickets) AND entry.search_text <> ''
                WINDOW earlier AS (PARTITION BY entry.ticket_id ORDER BY entry.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
            ) sized
            GROUP BY sized.ticket_id, sized.part
        )
        INSERT INTO psa_ticket_search (ticket_id, part, vector, public_vector)
        SELECT title.id, COALESCE(part.part, 0), title.vector || COALESCE(part.vector, ''),
            CASE WHEN part.has_internal THEN title.vector || COALESCE(part.public_vector, '') END
        FROM title LEFT JOIN part ON part.ticket_id = title.id;
    END
    $index$;
    """  # noqa: S608 - nothing but constants of this package


TRIGGERS = f"""
    CREATE OR REPLACE FUNCTION psa_search_ticket_added() RETURNS trigger LANGUAGE plpgsql AS $added$
    BEGIN
        INSERT INTO psa_ticket_search (ticket_id, part, vector)
        SELECT ticket.id, 0, psa_search_title(ticket.number, ticket.name, psa_search_config({LANGUAGE}))
        FROM added ticket;
        RETURN NULL;
    END
    $added$;

    CREATE OR REPLACE FUNCTION psa_search_ticket_renamed() RETURNS trigger LANGUAGE plpgsql AS $renamed$
    BEGIN
        UPDATE psa_ticket_search search SET
            vector = title.vector || ts_filter(search.vector, '{{b,c,d}}'),
            public_vector = title.vector || ts_filter(search.public_vector, '{{b,c,d}}')
        FROM (
            SELECT psa_search_title(ticket.number, ticket.name, psa_search_config({LANGUAGE})) AS vector
            FROM (SELECT NEW.*) ticket
        ) title
        WHERE search.ticket_id = NEW.id;
        RETURN NULL;
    END
    $renamed$;

    -- A plan that was kept from when there was little would be taken for a thousand entries, too. Nor is how many rows the statistics
    -- tell of to be relied on: after an import that was taken back they tell of none, where the next one has made thousands. So rows of
    -- the index are found by arrays, sub-queries for one and ON CONFLICT, never by a join: it would compare each with each.
    CREATE OR REPLACE FUNCTION psa_search_entry_added() RETURNS trigger LANGUAGE plpgsql
    SET plan_cache_mode = force_custom_plan AS $entry_added$
    DECLARE
        many int[];
        taken boolean := FALSE;
        single record;
        room record;
    BEGIN
        -- Nearly always it is one entry: plain statements are planned in a fraction of the time of the one for any number below.
        IF (SELECT count(*) FROM added) = 1 THEN
            SELECT entry.ticket_id, entry.is_internal IS TRUE AS is_internal,
                psa_search_entry(entry.search_text, entry.kind, psa_search_config({LANGUAGE})) AS vector
            INTO single
            FROM added entry JOIN psa_ticket ticket ON ticket.id = entry.ticket_id
            WHERE entry.search_text <> '';
            IF NOT FOUND THEN
                RETURN NULL;
            END IF;
            BEGIN
                SELECT search.id, length(search.vector) AS words INTO room FROM psa_ticket_search search
                WHERE search.id = (
                    SELECT latest.id FROM psa_ticket_search latest
                    WHERE latest.ticket_id = single.ticket_id AND latest.part >= 0 ORDER BY latest.part DESC LIMIT 1
                ) AND NOT EXISTS (
                    SELECT FROM psa_ticket_search aside WHERE aside.ticket_id = single.ticket_id AND aside.part < 0
                ) FOR UPDATE SKIP LOCKED;
                IF room.words < {PART_WORDS} THEN
                    UPDATE psa_ticket_search search SET
                        vector = search.vector || single.vector,
                        public_vector = CASE WHEN search.public_vector IS NOT NULL OR single.is_internal
                            THEN COALESCE(search.public_vector, search.vector)
                                || CASE WHEN single.is_internal THEN '' ELSE single.vector END END
                    WHERE search.id = room.id;
                    RETURN NULL;
                END IF;
            EXCEPTION WHEN serialization_failure THEN
                taken := TRUE;
            END;
        END IF;
        SELECT array_agg(ticket_id) INTO many FROM (
            SELECT ticket_id FROM added GROUP BY ticket_id HAVING count(*) > {APPENDED_AT_MOST}
        ) crowded;
        IF many IS NOT NULL THEN
            PERFORM psa_search_index(many);
        END IF;
        LOOP
            BEGIN
                WITH said AS (
                    SELECT ticket.id AS ticket_id, ticket.number, ticket.name, ticket.desk_id, ticket.partner_id, ticket.company_id,
                        min(entry.id) AS first_id, psa_search_concat(word.vector ORDER BY entry.id) AS vector,
                        psa_search_concat(word.vector ORDER BY entry.id) FILTER (WHERE entry.is_internal IS NOT TRUE) AS public_vector,
                        bool_or(entry.is_internal IS TRUE) AS has_internal
                    FROM added entry
                    JOIN psa_ticket ticket ON ticket.id = entry.ticket_id,
                    LATERAL (SELECT psa_search_entry(entry.search_text, entry.kind, psa_search_config({LANGUAGE})) AS vector) word
                    WHERE entry.search_text <> '' AND (many IS NULL OR entry.ticket_id <> ALL(many))
                    GROUP BY ticket.id
                ), mine AS (
                    SELECT search.id, search.ticket_id, search.part, search.vector, search.public_vector, length(search.vector) AS words
                    FROM psa_ticket_search search WHERE search.id = ANY (ARRAY(
                        SELECT (
                            SELECT latest.id FROM psa_ticket_search latest
                            WHERE latest.ticket_id = said.ticket_id AND latest.part >= 0 ORDER BY latest.part DESC LIMIT 1
                        ) FROM said WHERE NOT taken
                    ))
                    FOR UPDATE SKIP LOCKED
                ), folded AS (
                    DELETE FROM psa_ticket_search aside WHERE aside.ticket_id = ANY (ARRAY(SELECT ticket_id FROM mine)) AND aside.part < 0
                    RETURNING aside.ticket_id, aside.part, aside.vector, aside.public_vector
                ), earlier AS (
                    SELECT ticket_id, psa_search_concat(ts_filter(vector, '{{b,c,d}}') ORDER BY part DESC) AS vector,
                        psa_search_concat(ts_filter(COALESCE(public_vector, vector), '{{b,c,d}}') ORDER BY part DESC) AS public_vector,
                        bool_or(public_vector IS NOT NULL) AS has_internal
                    FROM folded GROUP BY ticket_id
                ), news AS (
                    SELECT said.ticket_id, said.number, said.name, said.desk_id, said.partner_id, said.company_id, said.first_id,
                        mine.id, mine.part, mine.words, mine.vector AS known, mine.public_vector AS known_public,
                        COALESCE(earlier.vector, '') || said.vector AS vector,
                        COALESCE(earlier.public_vector, '') || COALESCE(said.public_vector, '') AS public_vector,
                        said.has_internal OR COALESCE(earlier.has_internal, FALSE) AS has_internal
                    FROM said
                    LEFT JOIN mine ON mine.ticket_id = said.ticket_id
                    LEFT JOIN earlier ON earlier.ticket_id = said.ticket_id
                ), continued AS (
                    INSERT INTO psa_ticket_search (ticket_id, part, vector, public_vector)
                    SELECT news.ticket_id, news.part + 1, title.vector || news.vector,
                        CASE WHEN news.has_internal THEN title.vector || news.public_vector END
                    FROM news, LATERAL (SELECT ts_filter(news.known, '{{a}}') AS vector) title
                    WHERE news.words >= {PART_WORDS}
                ), beside AS (
                    INSERT INTO psa_ticket_search (ticket_id, part, vector, public_vector)
                    SELECT ticket.ticket_id, -ticket.first_id, title.vector || ticket.vector,
                        CASE WHEN ticket.has_internal THEN title.vector || ticket.public_vector END
                    FROM news ticket,
                    LATERAL (SELECT psa_search_title(ticket.number, ticket.name, psa_search_config({LANGUAGE})) AS vector) title
                    WHERE ticket.id IS NULL
                )
                INSERT INTO psa_ticket_search (id, ticket_id, part, vector, public_vector)
                SELECT id, ticket_id, part, known || vector,
                    CASE WHEN known_public IS NOT NULL OR has_internal THEN COALESCE(known_public, known) || public_vector END
                FROM news WHERE words < {PART_WORDS}
                ON CONFLICT (id) DO UPDATE SET vector = EXCLUDED.vector, public_vector = EXCLUDED.public_vector;
                EXIT;
            EXCEPTION WHEN serialization_failure OR unique_violation THEN
                -- Somebody else was faster, since this transaction began.
                IF taken THEN
                    RAISE;
                END IF;
                taken := TRUE;
            END;
        END LOOP;
        RETURN NULL;
    END
    $entry_added$;

    CREATE OR REPLACE FUNCTION psa_search_entry_changed() RETURNS trigger LANGUAGE plpgsql AS $entry_changed$
    DECLARE
        concerned int[];
    BEGIN
        IF TG_OP = 'DELETE' THEN
            SELECT array_agg(DISTINCT ticket_id) INTO concerned FROM gone;
        ELSE
            SELECT array_agg(DISTINCT either.ticket_id) INTO concerned
            FROM gone JOIN changed ON changed.id = gone.id, LATERAL (VALUES (gone.ticket_id), (changed.ticket_id)) either (ticket_id)
            WHERE (gone.ticket_id, gone.kind, gone.is_internal, gone.search_text)
                IS DISTINCT FROM (changed.ticket_id, changed.kind, changed.is_internal, changed.search_text);
        END IF;
        IF concerned IS NOT NULL THEN
            PERFORM psa_search_index(concerned);
        END IF;
        RETURN NULL;
    END
    $entry_changed$;

    CREATE OR REPLACE TRIGGER psa_search_ticket_added AFTER INSERT ON psa_ticket
        REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION psa_search_ticket_added();
    CREATE OR REPLACE TRIGGER psa_search_ticket_renamed AFTER UPDATE OF name, number ON psa_ticket
        FOR EACH ROW WHEN ((OLD.name, OLD.number) IS DISTINCT FROM (NEW.name, NEW.number))
        EXECUTE FUNCTION psa_search_ticket_renamed();
    CREATE OR REPLACE TRIGGER psa_search_entry_added AFTER INSERT ON psa_ticket_entry
        REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION psa_search_entry_added();
    CREATE OR REPLACE TRIGGER psa_search_entry_changed AFTER UPDATE ON psa_ticket_entry
        REFERENCING OLD TABLE AS gone NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION psa_search_entry_changed();
    CREATE OR REPLACE TRIGGER psa_search_entry_removed AFTER DELETE ON psa_ticket_entry
        REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION psa_search_entry_changed();
"""  # noqa: S608 - nothing but constants of this package

# The pending list is what a search reads besides the index; short, it costs neither the reader nor who empties it.
INDEXES = """
    ALTER TABLE psa_ticket_search ADD COLUMN IF NOT EXISTS vector tsvector, ADD COLUMN IF NOT EXISTS public_vector tsvector;
    ALTER TABLE psa_ticket_search ALTER COLUMN vector SET STORAGE EXTERNAL, ALTER COLUMN public_vector SET STORAGE EXTERNAL;
    CREATE INDEX IF NOT EXISTS psa_ticket_search_vector_idx ON psa_ticket_search USING gin (vector)
        WITH (gin_pending_list_limit = 512);
    CREATE INDEX IF NOT EXISTS psa_ticket_search_public_vector_idx ON psa_ticket_search USING gin (public_vector)
        WITH (gin_pending_list_limit = 512) WHERE public_vector IS NOT NULL;
"""


def removal():
    """Return the SQL that takes functions and triggers away; the table goes with its model."""
    return "\n".join([
        "DROP AGGREGATE IF EXISTS psa_search_concat(tsvector) CASCADE;",
        *(f"DROP FUNCTION IF EXISTS {signature} CASCADE;" for signature in FUNCTIONS),
    ])
