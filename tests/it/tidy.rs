//! House rules that neither the compiler nor clippy knows.

use crate::support::source::{self, Source, code, item_end, places_of};

/// Longest file, lines.
const FILE_LINES_MAX: usize = 800;

/// Longest function, lines.
const FUNCTION_LINES_MAX: usize = 70;

/// Functions that are longer, with the length that they may not exceed. Only ever shorten this list.
const LONG_FUNCTIONS: &[(&str, &str, usize)] = &[];

/// Names of files in which all text is looked at.
const TEXTS: [&str; 5] = [".rs", ".sql", ".yaml", ".sh", ".md"];

/// Where the repository has text of its own.
const FOLDERS: [&str; 6] = ["src", "loadgen", "tests", "benches", "config", "perf"];

/// Every text file of the repository.
fn texts() -> Vec<Source> {
    let mut folders: Vec<&str> = FOLDERS.to_vec();
    folders.extend(["README.md", "CHANGELOG.md", ".ci", "deploy", ".github"]);
    folders.retain(|folder| source::root().join(folder).exists());
    source::files(&folders, &TEXTS)
}

/// Fails when there is something to complain of.
#[track_caller]
fn assert_tidy(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// `words` in the shipped code of `file`.
fn words_in_code(file: &Source, words: &[&str]) -> Vec<String> {
    let code = file.shipped_code();
    let found = |word| places_of(&code, word).map(move |at| format!("{}: {word}", file.place(at)));
    words.iter().flat_map(|word| found(*word).collect::<Vec<_>>()).collect()
}

/// `unsafe` in the wrong file, or without a comment that says why it is sound.
fn unsafe_complaints(file: &Source) -> Vec<String> {
    let code = file.shipped_code();
    let lines: Vec<&str> = file.text.lines().collect();
    let mut complaints = Vec::new();
    for at in places_of(&code, "unsafe") {
        if file.path != "src/net/sys.rs" {
            complaints.push(format!("{}: unsafe outside of src/net/sys.rs", file.place(at)));
            continue;
        }
        let mut line = code[..at].matches('\n').count();
        // The comment stands above the statement, which may begin a line earlier.
        while line > 0 && !ends_statement(lines[line - 1]) {
            line -= 1;
        }
        let mut comment = lines[..line]
            .iter()
            .rev()
            .take_while(|line| line.trim_start().starts_with("//") || line.trim_start().starts_with("#["));
        if !comment.any(|line| line.contains("SAFETY:")) {
            complaints.push(format!("{}: unsafe without a SAFETY comment above", file.place(at)));
        }
    }
    complaints
}

/// Whether what follows `line` is not part of the same statement.
fn ends_statement(line: &str) -> bool {
    let line = line.trim();
    line.is_empty()
        || line.starts_with("//")
        || line.starts_with("#[")
        || line.ends_with([';', '{', '}', ','])
}

/// Functions of `file` with place, name and length in lines.
fn functions(file: &Source) -> Vec<(String, String, usize)> {
    let code = code(&file.text);
    let mut found = Vec::new();
    for at in places_of(&code, "fn") {
        let name: String = code[at + 2..]
            .trim_start()
            .chars()
            .take_while(|character| character.is_alphanumeric() || *character == '_')
            .collect();
        // Without a name it is the type of a function.
        if !name.is_empty() {
            let end = item_end(code.as_bytes(), at);
            found.push((file.place(at), name, code[at..end].matches('\n').count() + 1));
        }
    }
    found
}

/// Functions that are too long and not known to be.
fn function_complaints(file: &Source) -> Vec<String> {
    let known = |name: &str| {
        LONG_FUNCTIONS
            .iter()
            .find(|(path, long, _)| *path == file.path && *long == name)
            .map_or(FUNCTION_LINES_MAX, |(_, _, lines)| *lines)
    };
    functions(file)
        .into_iter()
        .filter(|(_, name, lines)| *lines > known(name))
        .map(|(place, name, lines)| format!("{place}: fn {name} has {lines} lines"))
        .collect()
}

/// Characters beyond ASCII, white space at the ends of lines, words that mark unfinished work, and length.
fn text_complaints(file: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    // White space within a string may be meant.
    let shown = if file.path.ends_with(".rs") { code(&file.text) } else { file.text.clone() };
    for (number, (line, shown)) in (1..).zip(file.text.lines().zip(shown.lines())) {
        let place = format!("{}:{number}", file.path);
        if let Some(character) = line.chars().find(|character| !character.is_ascii()) {
            complaints.push(format!("{place}: {character:?} is not ASCII"));
        }
        if line.ends_with([' ', '\t']) && shown.ends_with([' ', '\t']) {
            complaints.push(format!("{place}: white space at the end"));
        }
        for word in [concat!("FIX", "ME"), concat!("XX", "X"), concat!("TO", "DO")] {
            complaints.extend(places_of(line, word).map(|_| format!("{place}: {word}")));
        }
    }
    let lines = file.text.lines().count();
    if lines > FILE_LINES_MAX {
        complaints.push(format!("{}: {lines} lines", file.path));
    }
    if !file.text.is_empty() && !file.text.ends_with('\n') {
        complaints.push(format!("{}: the last line has no end", file.path));
    }
    complaints
}

/// Keys of a YAML file with dots, each with its line.
fn yaml_keys(text: &str) -> Vec<(usize, String)> {
    let mut above: Vec<(usize, &str)> = Vec::new();
    let mut keys = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let trimmed = line.trim_start();
        if trimmed.starts_with(['#', '-']) {
            continue;
        }
        let Some((key, _)) = trimmed.split_once(':') else { continue };
        let indent = line.len() - trimmed.len();
        above.retain(|(outer, _)| *outer < indent);
        above.push((indent, key));
        let path: Vec<&str> = above.iter().map(|(_, key)| *key).collect();
        keys.push((number, path.join(".")));
    }
    keys
}

#[test]
fn unsafe_is_in_one_file_and_explained() {
    let files = source::files(&["src", "loadgen/src", "benches"], &[".rs"]);
    assert_tidy(&files.iter().flat_map(unsafe_complaints).collect::<Vec<_>>());
    let sys = files.iter().find(|file| file.path == "src/net/sys.rs").unwrap();
    assert!(places_of(&sys.shipped_code(), "unsafe").count() > 0, "the reading is broken");
}

#[test]
fn time_comes_from_the_clock() {
    let mut files = source::files(&["src"], &[".rs"]);
    files.retain(|file| file.path != "src/base/clock.rs");
    let words = ["SystemTime::now", "Instant::now", "UNIX_EPOCH.elapsed"];
    assert_tidy(&files.iter().flat_map(|file| words_in_code(file, &words)).collect::<Vec<_>>());
}

#[test]
fn nothing_panics_prints_or_grows_without_bound() {
    let words = [
        ".unwrap()",
        ".expect(",
        "panic!",
        "println!",
        "eprintln!",
        "print!",
        "eprint!",
        "todo!",
        "unimplemented!",
        "dbg!",
        "unbounded",
        "unbounded_channel",
        "mpsc::channel::<Batch>",
    ];
    let files = source::files(&["src"], &[".rs"]);
    assert_tidy(&files.iter().flat_map(|file| words_in_code(file, &words)).collect::<Vec<_>>());
}

#[test]
fn nothing_is_unfinished() {
    let words = [concat!("to", "do!"), concat!("unimple", "mented!"), concat!("db", "g!")];
    let mut complaints = Vec::new();
    for file in source::files(&["src", "loadgen", "tests", "benches"], &[".rs"]) {
        let code = code(&file.text);
        for word in words {
            complaints.extend(places_of(&code, word).map(|at| format!("{}: {word}", file.place(at))));
        }
    }
    assert_tidy(&complaints);
}

#[test]
fn texts_are_plain() {
    assert_tidy(&texts().iter().flat_map(text_complaints).collect::<Vec<_>>());
}

#[test]
fn functions_are_short() {
    let files = source::files(&["src", "loadgen/src"], &[".rs"]);
    assert_tidy(&files.iter().flat_map(function_complaints).collect::<Vec<_>>());
    for (path, name, lines) in LONG_FUNCTIONS {
        let file = files.iter().find(|file| file.path == *path);
        let longest =
            file.into_iter().flat_map(functions).filter(|(_, found, _)| found == name).map(|f| f.2).max();
        assert_eq!(longest, Some(*lines), "{path}: fn {name} is shorter now: say so in the list");
    }
}

#[test]
fn tests_do_not_sleep() {
    let word = concat!("thread::", "sleep");
    let mut complaints = Vec::new();
    for file in source::files(&["tests"], &[".rs"]) {
        let code = code(&file.text);
        complaints.extend(places_of(&code, word).map(|at| format!("{}: {word}", file.place(at))));
    }
    assert_tidy(&complaints);
}

#[test]
fn every_key_of_the_configuration_is_tested() {
    let read = |path: &str| std::fs::read_to_string(source::root().join(path)).unwrap();
    let tests = read("tests/it/config.rs") + &read("src/config/tests.rs");
    let keys = yaml_keys(&read("config/mutt_config.yaml"));
    assert!(keys.len() > 30, "{keys:?}");
    let unnamed = keys.iter().filter(|(_, key)| {
        let last = key.rsplit('.').next().unwrap();
        !tests.contains(&format!("\"{key}\"")) && places_of(&tests, last).next().is_none()
    });
    let complaints: Vec<String> = unnamed
        .map(|(line, key)| {
            format!("config/mutt_config.yaml:{line}: no test of the configuration names {key}")
        })
        .collect();
    assert_tidy(&complaints);
}

/// Keys that are taken and checked, and change nothing yet.
const NOT_BUILT: [&str; 8] = [
    "storage.file_buffer.path",
    "storage.file_buffer.max_size_mb",
    "storage.archiver.path",
    "storage.archiver.format",
    "storage.archiver.size_threshold_mb",
    "storage.archiver.time_threshold_days",
    "storage.archiver.compress",
    // Only udp exists.
    "listeners.snmp.protocol",
];

#[test]
fn every_option_is_tried_with_the_daemon() {
    let shipped = std::fs::read_to_string(source::root().join("config/mutt_config.yaml")).unwrap();
    let keys = yaml_keys(&shipped);
    let is_section = |key: &str| keys.iter().any(|(_, other)| other.starts_with(&format!("{key}.")));
    let mut tests = String::new();
    for file in source::files(&["tests/it/daemon"], &[".rs"]) {
        tests += &file.text;
    }
    let complaints: Vec<String> = keys
        .iter()
        .filter(|(_, key)| !is_section(key) && !NOT_BUILT.contains(&key.as_str()))
        .filter(|(_, key)| !tests.contains(&format!("\"{key}\"")))
        .map(|(line, key)| format!("config/mutt_config.yaml:{line}: no test in tests/it/daemon tries {key}"))
        .collect();
    assert_tidy(&complaints);
    for key in NOT_BUILT {
        assert!(keys.iter().any(|(_, known)| known == key), "{key} is no longer a key");
    }
}

#[test]
fn untidiness_is_found() {
    let file = Source::new(
        "src/a.rs",
        "fn f() {\n    x.unwrap(); // .unwrap()\n    let y = \"println!\";\n}\n#[cfg(test)]\nmod tests { fn g() { dbg!(1); } }\n",
    );
    assert_eq!(words_in_code(&file, &[".unwrap()", "println!", "dbg!"]), ["src/a.rs:2: .unwrap()"]);

    assert_eq!(unsafe_complaints(&Source::new("src/b.rs", "unsafe {}\n")).len(), 1);
    let sys = Source::new(
        "src/net/sys.rs",
        "// SAFETY: sound\nunsafe {}\n\nunsafe impl A for B {}\n// SAFETY: a\n// b\n#[x]\nunsafe {}\n",
    );
    assert_eq!(unsafe_complaints(&sys), ["src/net/sys.rs:4: unsafe without a SAFETY comment above"]);

    let long = format!("fn short() {{}}\nfn long(a: [u8; 2]) {{\n{}}}\n", "    f();\n".repeat(69));
    assert_eq!(function_complaints(&Source::new("src/c.rs", &long)), ["src/c.rs:2: fn long has 71 lines"]);

    let text =
        format!("a \nb\u{e9}\n// {}: c\nlet s = \"\n  \";\n{}", concat!("FIX", "ME"), "x\n".repeat(800));
    let complaints = text_complaints(&Source::new("src/d.rs", &text));
    assert_eq!(complaints.len(), 4, "{complaints:?}");
    assert_eq!(
        yaml_keys("# c: d\na:\n  b: [1]\ne: 2\n"),
        [(2, "a".to_owned()), (3, "a.b".to_owned()), (4, "e".to_owned())]
    );
}
