-- The embedded catalogue: what CKAN keeps in PostgreSQL, Solr and its storage folder.
-- Times are naive UTC, ISO 8601 with six decimals, so that text order is time order.

CREATE TABLE user_account (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    fullname TEXT,
    email TEXT,
    about TEXT,
    image_url TEXT,
    password_hash TEXT,
    sysadmin INTEGER NOT NULL DEFAULT 0,
    notify INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'active',
    created TEXT NOT NULL,
    last_active TEXT
);

CREATE TABLE api_token (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    token_hash TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL,
    last_access TEXT,
    expires_at TEXT
);

-- organisations and groups: one table, as in CKAN
CREATE TABLE community (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    image_url TEXT NOT NULL DEFAULT '',
    type TEXT NOT NULL,
    is_organization INTEGER NOT NULL,
    approval_status TEXT NOT NULL DEFAULT 'approved',
    state TEXT NOT NULL DEFAULT 'active',
    created TEXT NOT NULL,
    extras TEXT NOT NULL DEFAULT '[]'
);

-- users, datasets and groups that belong to a community
CREATE TABLE member (
    id TEXT PRIMARY KEY,
    community_id TEXT NOT NULL REFERENCES community (id) ON DELETE CASCADE,
    table_name TEXT NOT NULL,
    table_id TEXT NOT NULL,
    capacity TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'active',
    UNIQUE (community_id, table_name, table_id)
);
CREATE INDEX member_of ON member (table_name, table_id);

-- document: the whole package as package_show answers it, JSON, with download addresses relative to the site
CREATE TABLE package (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    type TEXT NOT NULL,
    owner_org TEXT REFERENCES community (id),
    private INTEGER NOT NULL,
    state TEXT NOT NULL,
    creator_user_id TEXT,
    metadata_created TEXT NOT NULL,
    metadata_modified TEXT NOT NULL,
    document TEXT NOT NULL
);
-- the name of a deleted dataset may be used again
CREATE UNIQUE INDEX package_name ON package (name) WHERE state <> 'deleted';
CREATE INDEX package_any_name ON package (name);
CREATE INDEX package_owner ON package (owner_org);
CREATE INDEX package_modified ON package (metadata_modified);

-- file_*: the uploaded file behind the resource, if there is one
CREATE TABLE resource (
    id TEXT PRIMARY KEY,
    package_id TEXT NOT NULL REFERENCES package (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    document TEXT NOT NULL,
    file_sha256 TEXT,
    file_name TEXT,
    file_size INTEGER,
    file_mimetype TEXT,
    file_encoding TEXT
);
CREATE INDEX resource_package ON resource (package_id, position);
CREATE INDEX resource_file ON resource (file_sha256) WHERE file_sha256 IS NOT NULL;

CREATE TABLE tag (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

-- the search index: one row for each value of each field of each package; folded = NFKC, lower case
CREATE TABLE term (
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    package INTEGER NOT NULL REFERENCES package (seq) ON DELETE CASCADE,
    folded TEXT NOT NULL,
    PRIMARY KEY (field, value, package)
) WITHOUT ROWID;
CREATE INDEX term_package ON term (package);

-- full text, written as tokens by catalog.embedded.search.tokens
CREATE VIRTUAL TABLE package_text USING fts5 (
    title, name, tags, communities, notes, rest,
    tokenize = "unicode61 remove_diacritics 0",
    prefix = '1 2'
);

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    user_id TEXT,
    user_name TEXT NOT NULL,
    action TEXT NOT NULL,
    object_id TEXT,
    outcome TEXT NOT NULL
);
