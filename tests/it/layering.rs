//! Imports point down: which part of the program may name which.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::source::{self, Source};

/// Everything below floor 5.
const BELOW_TELEMETRY: &[&str] = &[
    "base", "wire", "net", "queue", "model", "mib", "security", "matching", "identity", "storage", "shard",
    "sink",
];

/// The same, and the settings types of the log.
const BELOW_CONFIG: &[&str] = &[
    "base",
    "wire",
    "net",
    "queue",
    "model",
    "mib",
    "security",
    "matching",
    "identity",
    "storage",
    "shard",
    "sink",
    "telemetry",
];

/// Each module of the crate and what it may import beside itself.
const TABLE: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("wire", &["base"]),
    ("net", &["base"]),
    ("queue", &["base"]),
    ("model", &["base", "wire"]),
    ("security", &["base", "wire"]),
    ("mib", &["base", "wire"]),
    ("matching", &["base", "model"]),
    ("identity", &["base"]),
    ("storage", &["base", "model"]),
    ("shard", &["net", "wire", "security", "mib", "model", "matching", "queue", "base"]),
    ("sink", &["queue", "model", "storage", "base"]),
    ("telemetry", BELOW_TELEMETRY),
    ("http", &["storage", "telemetry", "queue", "model", "base"]),
    ("config", BELOW_CONFIG),
];

/// Parts of a floor that know each other: an error shows the line of its source, and reading a source fails with it.
const KNOWN_CIRCLES: &[(&str, &str)] = &[];

/// Modules that may import all others.
const TOP: [&str; 2] = ["app", "cli"];

/// A path that a file names, in full from the top of the crate.
#[derive(Debug, PartialEq, Eq)]
struct Named {
    segments: Vec<String>,
    at: usize,
}

/// The module that a file is, as segments; empty for the crate itself.
fn module_of(path: &str) -> Vec<String> {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs");
    let mut segments: Vec<String> = inner.split('/').map(str::to_owned).collect();
    if matches!(segments.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        segments.pop();
    }
    segments
}

/// Every path of `file` that starts with `crate` or `super`, groups spread out, tests left out.
fn named_paths(file: &Source) -> Vec<Named> {
    let code = file.shipped_code();
    let module = module_of(&file.path);
    let mut all = Vec::new();
    for (word, up) in [("crate::", module.len()), ("super::", 1)] {
        for at in source::places_of(&code, word) {
            // `pub(in crate::x)` and the later parts of `super::super::` are met by their first part.
            if code[..at].ends_with("::") {
                continue;
            }
            let mut up = up;
            let mut rest = &code[at + word.len()..];
            while word == "super::" && rest.starts_with(word) {
                up += 1;
                rest = &rest[word.len()..];
            }
            let base = module[..module.len().saturating_sub(up)].to_vec();
            spread(rest, base, at, &mut all);
        }
    }
    all
}

/// Reads `a::b::{c, d::e}` from the start of `text`.
fn spread(text: &str, base: Vec<String>, at: usize, all: &mut Vec<Named>) {
    let mut stack = vec![base.clone()];
    let mut path = base;
    let mut word = String::new();
    for character in text.chars() {
        match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => word.push(character),
            ':' => {
                if !word.is_empty() {
                    path.push(std::mem::take(&mut word));
                }
            }
            '{' if word.is_empty() => stack.push(path.clone()),
            ',' | '}' if stack.len() > 1 => {
                if !word.is_empty() {
                    path.push(std::mem::take(&mut word));
                    all.push(Named { segments: path.clone(), at });
                }
                if character == '}' {
                    stack.pop();
                    if stack.len() == 1 {
                        return;
                    }
                }
                path = stack[stack.len() - 1].clone();
            }
            ' ' | '\n' | '*' if stack.len() > 1 => {
                // `a as b`: only the first word is a path.
                if character != '*' && !word.is_empty() {
                    path.push(std::mem::take(&mut word));
                    all.push(Named { segments: path.clone(), at });
                }
            }
            _ => break,
        }
    }
    if stack.len() == 1 {
        if !word.is_empty() {
            path.push(word);
        }
        all.push(Named { segments: path, at });
    }
}

/// What is wrong with `file`'s imports.
fn wrong_edges(file: &Source, modules: &BTreeSet<String>) -> Vec<String> {
    let module = module_of(&file.path);
    let Some(from) = module.first() else { return Vec::new() };
    if TOP.contains(&from.as_str()) {
        return Vec::new();
    }
    let allowed = TABLE.iter().find(|(name, _)| name == from).map(|(_, allowed)| *allowed);
    let Some(allowed) = allowed else {
        return vec![format!("{}: module {from} has no row in the table of floors", file.path)];
    };
    let mut wrong: Vec<String> = named_paths(file)
        .iter()
        .filter_map(|named| Some((named, named.segments.first()?)))
        .filter(|(_, to)| *to != from && modules.contains(to.as_str()) && !allowed.contains(&to.as_str()))
        .map(|(named, to)| format!("{}: {from} imports {to}", file.place(named.at)))
        .collect();
    wrong.dedup();
    wrong
}

/// The part of a floor that a path belongs to: `shard::runtime` for `shard::runtime::glommio`.
fn part(segments: &[String], modules: &BTreeSet<String>) -> Option<String> {
    let candidate = segments.get(..2)?.join("::");
    modules.contains(&candidate).then_some(candidate)
}

/// A way from a part back to itself, if there is one.
fn cycle(edges: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    for start in edges.keys() {
        let mut ways = vec![vec![start.clone()]];
        let mut seen = BTreeSet::new();
        while let Some(way) = ways.pop() {
            for next in edges.get(&way[way.len() - 1]).into_iter().flatten() {
                let longer: Vec<String> = way.iter().chain([next]).cloned().collect();
                if next == start {
                    return Some(longer);
                }
                if seen.insert(next.clone()) {
                    ways.push(longer);
                }
            }
        }
    }
    None
}

/// All modules of the crate: `wire`, `wire::syslog` and so on.
fn modules(files: &[Source]) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for file in files {
        let module = module_of(&file.path);
        for length in 1..=module.len() {
            all.insert(module[..length].join("::"));
        }
    }
    all
}

/// Which part of a floor imports which.
fn part_edges(files: &[Source], modules: &BTreeSet<String>) -> BTreeMap<String, BTreeSet<String>> {
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files {
        let Some(from) = part(&module_of(&file.path), modules) else { continue };
        for named in named_paths(file) {
            if let Some(to) = part(&named.segments, modules).filter(|to| *to != from) {
                edges.entry(from.clone()).or_default().insert(to);
            }
        }
    }
    edges
}

#[test]
fn imports_point_down() {
    let files = source::files(&["src"], &[".rs"]);
    let modules = modules(&files);
    let named: usize = files.iter().map(|file| named_paths(file).len()).sum();
    assert!(named > 200, "only {named} paths found: the reading is broken");
    let wrong: Vec<String> = files.iter().flat_map(|file| wrong_edges(file, &modules)).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_table_names_only_modules_that_exist() {
    let files = source::files(&["src"], &[".rs"]);
    let modules = modules(&files);
    let named = TABLE.iter().flat_map(|(module, imports)| imports.iter().chain([module]));
    for module in named.chain(&TOP) {
        assert!(modules.contains(*module), "there is no module {module}");
    }
}

#[test]
fn parts_of_a_floor_do_not_import_in_a_circle() {
    let files = source::files(&["src"], &[".rs"]);
    let modules = modules(&files);
    let mut edges = part_edges(&files, &modules);
    for (from, to) in KNOWN_CIRCLES {
        let known = edges.get_mut(*from).is_some_and(|targets| targets.remove(*to));
        assert!(known, "{from} no longer imports {to}: take it off the list");
    }
    if let Some(way) = cycle(&edges) {
        panic!("a circle of imports: {}", way.join(" -> "));
    }
}

#[test]
fn the_load_generator_does_not_know_the_engine() {
    for file in source::files(&["loadgen"], &["Cargo.toml", ".rs"]) {
        if file.path.ends_with(".rs") {
            let code = source::code(&file.text);
            let found = source::places_of(&code, "mutt").next();
            assert!(found.is_none(), "{}: names the engine", file.place(found.unwrap_or(0)));
        } else {
            let names = file.text.lines().filter_map(|line| line.split(['=', '.', ' ']).next());
            assert!(names.clone().all(|name| name != "mutt"), "{}: depends on the engine", file.path);
            // The path of its own source is written there, too.
            let neighbour =
                file.text.lines().find(|line| line.contains("path =") && !line.starts_with("path ="));
            assert!(neighbour.is_none(), "{}: depends on a neighbour: {neighbour:?}", file.path);
        }
    }
}

#[test]
fn wrong_imports_are_found() {
    let files = [
        Source::new(
            "src/wire/mod.rs",
            "use crate::base::span::Span;\nuse crate::{base, model::{event as e, batch}};\n",
        ),
        Source::new(
            "src/net/a.rs",
            "fn f() { crate::wire::decode() }\n#[cfg(test)]\nmod tests { use crate::model::x; }\n",
        ),
        Source::new("src/queue.rs", "// crate::storage\nuse super::storage;\n"),
        Source::new("src/model/event.rs", "use crate::wire::pri;\n"),
        Source::new("src/app/mod.rs", "use crate::{wire, net, queue};\n"),
        Source::new("src/storage/mod.rs", "use super::super::storage;"),
        Source::new("src/novel/mod.rs", ""),
        Source::new("src/base/mod.rs", "pub(in crate::base) fn f() {}"),
    ];
    let modules = modules(&files);
    let wrong: Vec<String> = files.iter().flat_map(|file| wrong_edges(file, &modules)).collect();
    assert_eq!(
        wrong,
        [
            "src/wire/mod.rs:2: wire imports model",
            "src/net/a.rs:1: net imports wire",
            "src/queue.rs:2: queue imports storage",
            "src/novel/mod.rs: module novel has no row in the table of floors",
        ]
    );
}

#[test]
fn circles_are_found() {
    let files = [
        Source::new("src/shard/mod.rs", ""),
        Source::new("src/shard/a/mod.rs", "use crate::shard::b::{self, X};"),
        Source::new("src/shard/a/deep.rs", "use crate::shard::a::Y;"),
        Source::new("src/shard/b.rs", "use super::c::Z;"),
        Source::new("src/shard/c.rs", "fn f() { crate::shard::a::deep::g() }"),
    ];
    let circle = cycle(&part_edges(&files, &modules(&files))).unwrap();
    assert_eq!(circle, ["shard::a", "shard::b", "shard::c", "shard::a"]);
    assert_eq!(cycle(&part_edges(&files[..4], &modules(&files))), None);
}
