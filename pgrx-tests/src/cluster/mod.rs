//! A private PostgreSQL cluster with the extension installed.
