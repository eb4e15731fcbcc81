-- SPDX-License-Identifier: GPL-3.0-or-later
-- The first schema.
--
-- Conventions: moments are whole seconds since 1970; booleans are 0 and 1; ids are never used
-- again; an address stands twice, as it is compared (`address`) and as it was written (`written`);
-- a column named `sealed...` holds what only a key of the list or of the site opens; whatever
-- belongs to a list goes with it.

CREATE TABLE site_values (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE lists (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    address TEXT    NOT NULL UNIQUE,
    written TEXT    NOT NULL,
    created INTEGER NOT NULL
) STRICT;

-- Only what differs from the defaults.
CREATE TABLE list_settings (
    list  INTEGER NOT NULL REFERENCES lists (id) ON DELETE CASCADE,
    name  TEXT    NOT NULL,
    value TEXT    NOT NULL,
    PRIMARY KEY (list, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE list_keys (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    list              INTEGER NOT NULL REFERENCES lists (id) ON DELETE CASCADE,
    purpose           TEXT    NOT NULL CHECK (purpose IN ('posting', 'storage')),
    fingerprint       BLOB    NOT NULL,
    public            BLOB    NOT NULL,
    sealed_secret     BLOB    NOT NULL,
    sealed_revocation BLOB,
    created           INTEGER NOT NULL,
    state             TEXT    NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'retiring', 'revoked')),
    opens_until       INTEGER,
    UNIQUE (list, fingerprint)
) STRICT;

CREATE TABLE subscriptions (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    list             INTEGER NOT NULL REFERENCES lists (id) ON DELETE CASCADE,
    address          TEXT    NOT NULL,
    written          TEXT    NOT NULL,
    display_name     TEXT    NOT NULL DEFAULT '',
    role             TEXT    NOT NULL,
    enabled          INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
    moderation       TEXT,
    recipient_key_id TEXT,
    created          INTEGER NOT NULL,
    UNIQUE (list, address, role)
) STRICT;
CREATE INDEX subscriptions_by_role ON subscriptions (list, role, id);

-- Which key counts for an address on a list. The row with no `ended` is the pin; others are history.
CREATE TABLE pins (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    list          INTEGER NOT NULL REFERENCES lists (id) ON DELETE CASCADE,
    address       TEXT    NOT NULL,
    written       TEXT    NOT NULL,
    fingerprint   BLOB    NOT NULL,
    certificate   BLOB    NOT NULL,
    confirmed     INTEGER NOT NULL CHECK (confirmed IN (0, 1)),
    recipient_key BLOB,
    format        TEXT,
    key_state     TEXT    NOT NULL,
    key_expires   INTEGER,
    checked_at    INTEGER NOT NULL,
    pinned_at     INTEGER NOT NULL,
    ended         INTEGER
) STRICT;
CREATE UNIQUE INDEX pins_current ON pins (list, address) WHERE ended IS NULL;
CREATE INDEX pins_by_address ON pins (list, address);
CREATE INDEX pins_by_fingerprint ON pins (list, fingerprint) WHERE ended IS NULL;
CREATE INDEX pins_by_check ON pins (checked_at) WHERE ended IS NULL;
CREATE INDEX pins_by_expiry ON pins (key_expires) WHERE ended IS NULL AND key_expires IS NOT NULL;

-- Hints only: a key id finds certificates to try, and decides nothing.
CREATE TABLE pin_key_ids (
    list   INTEGER NOT NULL REFERENCES lists (id) ON DELETE CASCADE,
    key_id BLOB    NOT NULL,
    pin    INTEGER NOT NULL REFERENCES pins (id) ON DELETE CASCADE,
    PRIMARY KEY (list, key_id, pin)
) STRICT, WITHOUT ROWID;
CREATE INDEX pin_key_ids_by_pin ON pin_key_ids (pin);

-- Received and promised with 250, not yet dealt with. A message keeps its id and the number of its
-- last claim when it is held and comes back approved.
CREATE TABLE inbound (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    list            INTEGER NOT NULL REFERENCES lists (id) ON DELETE CASCADE,
    part            TEXT    NOT NULL,
    token           TEXT,
    sealed          BLOB    NOT NULL,
    received_at     INTEGER NOT NULL,
    state           TEXT    NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'parked')),
    why             TEXT    NOT NULL DEFAULT '',
    approved_by     TEXT,
    approved_at     INTEGER,
    attempts        INTEGER NOT NULL DEFAULT 0,
    claim           INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL,
    lease_owner     TEXT    NOT NULL DEFAULT '',
    lease_until     INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX inbound_due ON inbound (next_attempt_at, id) WHERE state = 'waiting';
CREATE INDEX inbound_by_list ON inbound (list, state, id);

CREATE TABLE held (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    list         INTEGER NOT NULL REFERENCES lists (id) ON DELETE CASCADE,
    inbound      INTEGER NOT NULL UNIQUE,
    part         TEXT    NOT NULL,
    token        TEXT,
    claim        INTEGER NOT NULL,
    from_address TEXT,
    findings     TEXT    NOT NULL,
    sealed       BLOB    NOT NULL,
    received_at  INTEGER NOT NULL,
    held_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX held_by_list ON held (list, id);

-- Signatures that a list has acted on. `inbound` owns the row: the same message, tried again after
-- a crash or an approval, is not its own replay.
CREATE TABLE seen_signatures (
    list        INTEGER NOT NULL REFERENCES lists (id) ON DELETE CASCADE,
    fingerprint BLOB    NOT NULL,
    digest      BLOB    NOT NULL,
    inbound     INTEGER NOT NULL,
    signed_at   INTEGER,
    seen_at     INTEGER NOT NULL,
    PRIMARY KEY (list, fingerprint, digest)
) STRICT, WITHOUT ROWID;

-- What leaves: sealed once, delivered to many.
CREATE TABLE departures (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    list          INTEGER NOT NULL REFERENCES lists (id) ON DELETE CASCADE,
    kind          TEXT    NOT NULL CHECK (kind IN ('post', 'notice', 'owner_mail')),
    sealed_header BLOB    NOT NULL,
    created       INTEGER NOT NULL,
    turn          INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX departures_by_turn ON departures (turn, id);
CREATE INDEX departures_by_list ON departures (list, id);

CREATE TABLE departure_bodies (
    departure INTEGER NOT NULL REFERENCES departures (id) ON DELETE CASCADE,
    format    TEXT    NOT NULL,
    sealed    BLOB    NOT NULL,
    PRIMARY KEY (departure, format)
) STRICT;

CREATE TABLE deliveries (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    departure       INTEGER NOT NULL REFERENCES departures (id) ON DELETE CASCADE,
    subscription    INTEGER REFERENCES subscriptions (id) ON DELETE CASCADE,
    address         TEXT    NOT NULL,
    written         TEXT    NOT NULL,
    state           TEXT    NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'failed', 'dropped')),
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL,
    lease_owner     TEXT    NOT NULL DEFAULT '',
    lease_until     INTEGER NOT NULL DEFAULT 0,
    claim           INTEGER NOT NULL DEFAULT 0,
    last_reply      TEXT    NOT NULL DEFAULT '',
    UNIQUE (departure, subscription)
) STRICT;
CREATE INDEX deliveries_due ON deliveries (departure, next_attempt_at, id) WHERE state = 'waiting';
CREATE INDEX deliveries_by_subscription ON deliveries (subscription);

CREATE TABLE owner_log (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    list        INTEGER NOT NULL REFERENCES lists (id) ON DELETE CASCADE,
    at          INTEGER NOT NULL,
    event       TEXT    NOT NULL,
    finding     TEXT,
    disposition TEXT,
    detail      TEXT    NOT NULL DEFAULT '',
    inbound     INTEGER
) STRICT;
CREATE INDEX owner_log_by_list ON owner_log (list, id);

-- Automatic replies given, by a keyed hash of the address, so that nobody gets too many.
CREATE TABLE replies (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    address_hash BLOB    NOT NULL,
    at           INTEGER NOT NULL
) STRICT;
CREATE INDEX replies_by_address ON replies (address_hash, at);
CREATE INDEX replies_by_time ON replies (at);
