//! The program from end to end, with peers made of sockets.

mod commands;
mod ending;
mod informs;
mod limits;
mod options;
mod receive;
mod redecode;
mod relp;
mod rules;
mod snmpv3;
mod sources;
mod start_up;
mod tls;
mod transports;
