mod corpus_syslog;
