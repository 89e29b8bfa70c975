//! The program from end to end, with peers made of sockets.

mod commands;
mod ending;
mod identity;
mod informs;
mod limits;
mod listeners;
mod mibs;
mod odd_input;
mod operations;
mod options;
mod receive;
mod redecode;
mod reload;
mod relp;
mod rules;
mod snmp_policy;
pub mod snmpv3;
mod snmpv3_credentials;
mod snmpv3_forget;
mod snmpv3_rotation;
mod sources;
mod start_up;
mod tls;
mod transports;
