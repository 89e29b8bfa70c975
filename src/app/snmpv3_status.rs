//! What `muttd snmpv3 status` prints: each credential of each user with the devices that used it last, and who fails.
//!
//! A credential that no device used last can be withdrawn, and its line says so by a count of 0.

use std::fmt::Write as _;

use crate::config::{Credential, Credentials, User};
use crate::storage::snmp_users::report::{CredentialUse, ROWS_MAX, Report};

/// The status as text. No secret is in it.
pub fn render(credentials: &Credentials, report: &Report) -> String {
    let mut text = String::new();
    let owner = |used| credentials.users.iter().find_map(|user| credential_of(user, used));
    let owners: Vec<Option<&Credential>> = report.uses.iter().map(owner).collect();
    let used_of = |credential: Option<&Credential>| -> Vec<&CredentialUse> {
        let is_it = |owner: Option<&Credential>| match (owner, credential) {
            (Some(owner), Some(credential)) => std::ptr::eq(owner, credential),
            (owner, credential) => owner.is_none() && credential.is_none(),
        };
        report.uses.iter().zip(&owners).filter(|(_, owner)| is_it(**owner)).map(|(used, _)| used).collect()
    };
    for user in &credentials.users {
        let _ = writeln!(text, "user {}", user.username);
        for credential in &user.credentials {
            let devices: Vec<&CredentialUse> = used_of(Some(credential));
            let _ = writeln!(
                text,
                "  priority {}{}: {}, {}, used last by {} device(s)",
                credential.priority,
                credential.engine_id.map_or_else(String::new, |engine| format!(" of engine {engine}")),
                protocols(credential),
                if credential.active { "active" } else { "not active" },
                devices.len()
            );
            for device in devices {
                device_line(&mut text, device);
            }
        }
    }
    let gone: Vec<&CredentialUse> = used_of(None);
    if !gone.is_empty() {
        let _ = writeln!(text, "used last by devices, but not configured any more");
        for device in gone {
            let _ = writeln!(text, "  user {} priority {}", device.username, device.credential_priority);
            device_line(&mut text, device);
        }
    }
    if !report.failing.is_empty() {
        let _ = writeln!(text, "failing since their last success");
    }
    for user in &report.failing {
        let _ = writeln!(
            text,
            "  user {}: {} time(s), last {} from {}",
            shown(&user.username),
            user.num_failures,
            user.last_failure,
            shown(user.hostname.as_deref().unwrap_or("?"))
        );
    }
    if report.uses.len() == ROWS_MAX {
        let _ = writeln!(text, "only the first {ROWS_MAX} devices were looked at");
    }
    if text.is_empty() { "no SNMPv3 user is configured, and none was seen\n".to_owned() } else { text }
}

/// The credential of `user` that a device used: of those with the priority the one that is bound to the device's engine,
/// else the one that is bound to none. An inform tells nothing of the device's engine.
fn credential_of<'c>(user: &'c User, used: &CredentialUse) -> Option<&'c Credential> {
    if user.username != used.username {
        return None;
    }
    let has_priority = |credential: &&Credential| i64::from(credential.priority) == used.credential_priority;
    let fitting = || user.credentials.iter().filter(has_priority);
    let is_bound_to_device = |credential: &&Credential| {
        let engine = credential.engine_id.map(|engine| engine.to_string());
        engine.is_some() && engine == used.engine_id
    };
    fitting()
        .find(is_bound_to_device)
        .or_else(|| fitting().find(|credential| credential.engine_id.is_none()))
        .or_else(|| fitting().next())
}

/// Protocols of a credential, as `SHA256/AES`.
fn protocols(credential: &Credential) -> String {
    let auth = credential.authentication.as_ref().map_or("NONE", |auth| auth.protocol.as_str());
    let privacy = credential.privacy.as_ref().map_or("NONE", |privacy| privacy.protocol.as_str());
    format!("{auth}/{privacy}")
}

fn device_line(text: &mut String, device: &CredentialUse) {
    let shown = self::device(&device.source_ip, &device.hostname);
    let _ = write!(text, "    {shown} {}, last {}", device.security_level, device.last_success);
    if let (Some(at), Some(reason)) = (&device.last_failure, &device.last_failure_reason) {
        let _ = write!(text, ", {} failure(s), last {at} {reason}", device.num_failures);
    }
    text.push('\n');
}

/// The address of a device, and its name where it has one.
pub(super) fn device(source_ip: &str, hostname: &str) -> String {
    if hostname == source_ip { source_ip.to_owned() } else { format!("{source_ip} ({})", shown(hostname)) }
}

/// A name that a peer gave, without what a terminal would obey.
fn shown(name: &str) -> String {
    name.chars().map(|character| if character.is_control() { '?' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_said_to_be_nothing_and_names_cannot_command_a_terminal() {
        let nothing = render(&Credentials::default(), &Report::default());
        assert_eq!(nothing, "no SNMPv3 user is configured, and none was seen\n");
        assert_eq!(shown("ops\u{1b}[31m"), "ops?[31m");
    }
}
