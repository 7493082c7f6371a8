#!/bin/sh
# Roles and databases of CKAN and its DataStore; run once, by the PostgreSQL image, on an empty cluster.
set -eu
psql --set ON_ERROR_STOP=1 --username postgres <<SQL
CREATE ROLE ckan_default LOGIN PASSWORD '$CKAN_DB_PASSWORD';
CREATE ROLE datastore_default LOGIN PASSWORD '$DATASTORE_PASSWORD';
CREATE DATABASE ckan_default OWNER ckan_default ENCODING 'UTF8';
CREATE DATABASE datastore_default OWNER ckan_default ENCODING 'UTF8';
SQL
