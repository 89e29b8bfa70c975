//! Where the configuration is read from, and that it is declared in one place.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use mutt::config;
use serde_json::Value as Json;

use crate::support::source::{self, Source};

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn files_of_conf_d_are_read_in_the_order_of_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let main = folder.path().join("mutt.yaml");
    write(folder.path(), "mutt.yaml", "daemon: {shards: 1}\nhttp: {enabled: false}\n");
    assert_eq!(config::files(&main).unwrap(), std::slice::from_ref(&main));
    assert_eq!(config::load(&main).unwrap().daemon.shards, 1);

    write(folder.path(), "conf.d/20-b.yaml", "daemon: {shards: 3}\n");
    write(folder.path(), "conf.d/10-a.yml", "daemon: {shards: 2, pid_file: null}\n");
    for name in ["readme.txt", ".30.yaml", "x.yaml~", "old.yaml.bak", "yaml", "deep/40.yaml", "folder.yaml/x"]
    {
        write(folder.path(), &format!("conf.d/{name}"), "no: [configuration\n");
    }
    std::os::unix::fs::symlink(folder.path().join("nowhere"), folder.path().join("conf.d/.#10-a.yaml"))
        .unwrap();
    let conf_d = config::overrides_folder(&main);
    let expected = [main.clone(), conf_d.join("10-a.yml"), conf_d.join("20-b.yaml")];
    assert_eq!(config::files(&main).unwrap(), expected);
    let loaded = config::load(&main).unwrap();
    assert_eq!((loaded.daemon.shards, loaded.daemon.pid_file, loaded.http.enabled), (3, None, false));

    write(folder.path(), "conf.d/20-b.yaml", "daemon: {shard: 3}\n");
    write(folder.path(), "conf.d/30-c.yaml", "http: [\n");
    let told = config::load(&main).unwrap_err().to_string();
    let place = format!("{}:1:10: daemon.shard: unknown key", conf_d.join("20-b.yaml").display());
    assert!(told.contains(&place) && told.contains("30-c.yaml:"), "{told}");
    let report = config::check(&main).to_string();
    assert!(report.contains("10-a.yml: refused") && report.contains("2 problems"), "{report}");
}

#[test]
fn a_folder_or_file_of_conf_d_that_cannot_be_read_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let main = folder.path().join("mutt.yaml");
    write(folder.path(), "mutt.yaml", "");
    write(folder.path(), "conf.d", "not a folder");
    let told = config::load(&main).unwrap_err().to_string();
    assert!(told.contains("conf.d: cannot be read: Not a directory"), "{told}");
    fs::remove_file(folder.path().join("conf.d")).unwrap();
    fs::create_dir(folder.path().join("conf.d")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("nowhere"), folder.path().join("conf.d/a.yaml")).unwrap();
    let told = config::load(&main).unwrap_err().to_string();
    assert!(told.contains("conf.d/a.yaml: cannot be read: No such file"), "{told}");
}

#[test]
fn too_many_or_too_large_files_of_conf_d_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let main = folder.path().join("mutt.yaml");
    write(folder.path(), "mutt.yaml", "");
    let half = vec![b'#'; usize::try_from(config::FILE_OCTETS_MAX / 2 + 1).unwrap()];
    for name in ["a", "b"] {
        write(folder.path(), &format!("conf.d/{name}.yaml"), std::str::from_utf8(&half).unwrap());
    }
    let told = config::load(&main).unwrap_err().to_string();
    assert!(told.contains("b.yaml: with the files before it larger than 33554432 octets"), "{told}");
    for number in 0..300 {
        write(folder.path(), &format!("conf.d/{number}.yaml"), "");
    }
    let told = config::load(&main).unwrap_err().to_string();
    assert!(told.ends_with("conf.d: holds more than 256 files of configuration"), "{told}");
}

fn muttd(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_muttd"));
    command.args(arguments).current_dir(folder).env_remove("CREDENTIALS_DIRECTORY");
    command.envs(variables.iter().copied()).output().unwrap()
}

fn text(octets: Vec<u8>) -> String {
    String::from_utf8(octets).unwrap()
}

#[test]
fn what_is_in_force_is_shown_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "etc/mutt.yaml",
        "listeners:\n  snmp: {port: \"${PORT}\", communities: [hunter2]}\n",
    );
    write(folder.path(), "etc/conf.d/a.yaml", "daemon:\n  log_level: debug\n");
    let arguments = ["--directory", "etc", "--config", "mutt.yaml", "config", "show"];
    let output = muttd(folder.path(), &[("PORT", "1162")], &arguments);
    let shown = text(output.stdout);
    assert!(output.status.success(), "{shown}");
    let origin = |key: &str| {
        let line = shown.lines().find(|line| line.starts_with(&format!("{key}: "))).unwrap();
        let (assignment, origin) = line.split_once('#').unwrap();
        (assignment.trim_end().to_owned(), origin.trim().to_owned())
    };
    let etc = folder.path().canonicalize().unwrap().join("etc");
    assert_eq!(
        origin("listeners.snmp.port"),
        ("listeners.snmp.port: 1162".to_owned(), format!("{}:2", etc.join("mutt.yaml").display()))
    );
    let (level, file) = origin("daemon.log_level");
    assert_eq!(level, "daemon.log_level: DEBUG");
    assert_eq!(file, format!("{}:2", etc.join("conf.d/a.yaml").display()));
    assert_eq!(origin("http.listen"), ("http.listen: \"127.0.0.1:8514\"".to_owned(), "default".to_owned()));
    assert!(origin("listeners.snmp.communities").0.ends_with(": \"***\"") && !shown.contains("hunter2"));

    let output = muttd(folder.path(), &[("PORT", "1162")], &[&arguments[..], &["-o", "json"]].concat());
    let shown = text(output.stdout);
    let keys: Vec<Json> = shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let port = keys.iter().find(|key| key["key"] == "listeners.snmp.port").unwrap();
    assert_eq!((&port["value"], &port["source"], &port["line"]), (&1_162.into(), &"file".into(), &2.into()));
    let listen = keys.iter().find(|key| key["key"] == "http.listen").unwrap();
    assert_eq!((&listen["source"], &listen["file"]), (&"default".into(), &Json::Null));

    let output = muttd(folder.path(), &[], &arguments);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(output.stderr).contains("the environment variable PORT is not set"));
    let output = muttd(folder.path(), &[], &["--directory", "absent", "check"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(output.stderr).contains("cannot go to the directory absent: "));
}

#[test]
fn relative_paths_start_at_the_directory() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "here/mutt.yaml",
        "pattern_matching: {rules_file: rules.yaml}\nsnmpv3: {credentials_file: null}\n",
    );
    write(folder.path(), "here/rules.yaml", "rules: [{id: 1}]\n");
    let output = muttd(folder.path(), &[], &["check", "--config", "mutt.yaml", "--directory", "here"]);
    let told = text(output.stdout);
    let rules = folder.path().canonicalize().unwrap().join("here/rules.yaml");
    assert!(told.contains(&format!("{}:1:9: rule \"1\": name: missing", rules.display())), "{told}");
}

#[test]
fn schema_and_template_are_printed() {
    for (command, name) in [("schema", "mutt_config.schema.json"), ("template", "mutt_config.yaml")] {
        let output = muttd(Path::new("/"), &[], &["config", command]);
        let shipped = fs::read_to_string(source::root().join("config").join(name)).unwrap();
        assert_eq!(text(output.stdout), shipped);
    }
    let text = fs::read_to_string(source::root().join("config/mutt_config.yaml")).unwrap();
    assert!(text.starts_with("# yaml-language-server: $schema=./mutt_config.schema.json\n"));
}

#[test]
fn secrets_stand_in_files_variables_and_credentials() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "secrets/auth", "hunter2 from a file\n");
    write(folder.path(), "credentials/priv", "hunter2 of systemd\n");
    write(folder.path(), "credentials/key", "00112233445566778899aabbccddeeff\n");
    write(
        folder.path(),
        "users.yaml",
        "snmpv3_credentials:\n- username: u\n  credentials:\n  - {priority: 1, auth_type: SHA, auth_password: {file: \
         secrets/auth}, priv_type: AES, priv_password: {credential: priv}}\n  - {priority: 2, auth_type: SHA, \
         auth_password: {env: PASSWORD}}\n  - {priority: 3, engine_id: 0x8000000001, auth_type: MD5, auth_key: \
         {credential: key}}\n",
    );
    write(
        folder.path(),
        "mutt.yaml",
        "pattern_matching: {rules_file: null}\nsnmpv3: {credentials_file: users.yaml}\nlisteners:\n  snmp:\n    \
         communities:\n    - {env: PASSWORD}\n    - {credential: priv}\n    - {community: {file: secrets/auth}, from: \
         [10.0.0.0/8]}\n",
    );
    let all = [("PASSWORD", "hunter2hunter2"), ("CREDENTIALS_DIRECTORY", "credentials")];
    let check = |variables: &[(&str, &str)]| {
        let output = muttd(folder.path(), variables, &["check", "--config", "mutt.yaml"]);
        let told = text(output.stdout) + &text(output.stderr);
        assert!(!told.contains("hunter2"), "{told}");
        told
    };
    let told = check(&all);
    assert!(told.contains("users.yaml: 1 users, 3 active") && told.ends_with("ok\n"), "{told}");
    let told = check(&all[..1]);
    assert!(
        told.contains("communities[2].credential: there are no credentials: CREDENTIALS_DIRECTORY"),
        "{told}"
    );
    write(
        folder.path(),
        "users-only.yaml",
        "pattern_matching: {rules_file: null}\nsnmpv3: {credentials_file: users.yaml}\n",
    );
    let output = muttd(folder.path(), &all[..1], &["check", "--config", "users-only.yaml"]);
    let told = text(output.stdout);
    assert!(told.contains("priv_password.credential: there are no credentials"), "{told}");
    let told = check(&all[1..]);
    assert!(told.contains("communities[1].env: the environment variable PASSWORD is not set"), "{told}");

    let named = config::secret_files(&folder.path().join("mutt.yaml")).unwrap();
    assert_eq!(named, [Path::new("secrets/auth")]);
    let named = config::password_files(&folder.path().join("users.yaml")).unwrap();
    assert_eq!(named, [Path::new("secrets/auth")]);

    fs::write(folder.path().join("secrets/auth"), "h".repeat(100_000)).unwrap();
    assert!(check(&all).contains("communities[3].community: too long; allowed: 1 to 255 octets"));
}

#[test]
fn references_to_secrets_that_make_no_sense_are_refused() {
    for (reference, told) in [
        (
            "{vault: \"kv/mutt#auth\"}",
            "auth_password.vault: not supported yet; allowed: one of file, env, credential",
        ),
        ("{}", "auth_password: does not say where the secret is; allowed: one of file, env, credential"),
        ("{file: a, env: B}", "auth_password.env: says a second time where the secret is"),
        ("{fiel: hunter2}", "auth_password.fiel: unknown key (did you mean \"file\"?)"),
        ("{hunter2: a}", "auth_password: unknown key; allowed: file, env, credential, vault"),
        ("{env: hunter 2}", "auth_password.env: not the name of an environment variable"),
        ("{credential: ../hunter2}", "auth_password.credential: not the name of a credential"),
        ("[hunter2]", "auth_password: must be text; allowed: 8 to 1024 octets"),
        ("{env: [hunter2]}", "auth_password.env: must be text"),
    ] {
        let text = format!(
            "snmpv3_credentials:\n- username: u\n  credentials:\n  - priority: 1\n    auth_type: SHA\n    \
             auth_password: {reference}\n"
        );
        let found = crate::config::credentials_told(&text);
        assert!(found.contains(told) && !found.contains("hunter"), "{found}");
    }
}

/// The shipped sources of the configuration and of what hands it on.
fn sources_of_configuration() -> Vec<Source> {
    let mut files = source::files(&["src/config", "src/app"], &[".rs"]);
    files.retain(|file| !file.path.ends_with("tests.rs"));
    files
}

/// Text literals of `file` outside of its tests, comments left out.
fn literals(file: &Source) -> Vec<String> {
    let code = file.text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut found = Vec::new();
    for line in lines {
        let mut parts = line.split('"').skip(1);
        while let Some(literal) = parts.next() {
            found.push(literal.to_owned());
            parts.next();
        }
    }
    found
}

/// Every key and section of `schema`, in full.
fn paths(schema: &Json, prefix: &str, found: &mut BTreeSet<String>) {
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{prefix}{name}");
        if member.get("default").is_none() {
            paths(member, &format!("{path}."), found);
        }
        found.insert(path);
    }
}

#[test]
fn the_name_of_a_key_is_written_where_it_is_declared_and_nowhere_else() {
    let mut declared = BTreeSet::new();
    paths(&config::schema(), "", &mut declared);
    assert!(declared.len() > 80, "only {} keys and sections", declared.len());
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for path in &declared {
        *names.entry(path.rsplit('.').next().unwrap()).or_default() += 1;
    }
    // A word for a transport, besides the name of a section.
    const ALSO_WORDS: [&str; 1] = ["tcp"];
    let files = sources_of_configuration();
    let mut written: BTreeMap<String, usize> = BTreeMap::new();
    for literal in files.iter().flat_map(literals) {
        if names.contains_key(literal.as_str()) && !ALSO_WORDS.contains(&literal.as_str()) {
            *written.entry(literal).or_default() += 1;
        }
    }
    for (name, count) in names.iter().filter(|(name, _)| !ALSO_WORDS.contains(name)) {
        let found = written.get(*name).copied().unwrap_or_default();
        assert_eq!(found, *count, "times that \"{name}\" is written; it is declared {count} times");
    }
    // What checks name in full must be there.
    let sections: Vec<&String> = declared.iter().filter(|path| !path.contains('.')).collect();
    let mut named = 0;
    for literal in files.iter().flat_map(literals) {
        let is_path = literal.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"._".contains(&octet))
            && literal.split_once('.').is_some_and(|(first, _)| sections.iter().any(|name| *name == first));
        if is_path {
            named += 1;
            assert!(declared.contains(&literal), "{literal} is not declared");
        }
    }
    assert!(named >= 6, "only {named} keys are named in full");
}
