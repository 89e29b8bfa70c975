mod corpus_syslog;
mod corpus_snmp;
mod config;
