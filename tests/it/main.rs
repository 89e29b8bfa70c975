mod corpus_snmp;
